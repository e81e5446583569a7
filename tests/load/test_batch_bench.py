"""The batch bench's reading of logs and earlier files. What it measures is run by hand: it takes minutes."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from shoplab.cli import cli
from shoplab.core.errors import LabError
from shoplab.load.batch.bench import BatchFigures, Step, compared, earlier_figures
from shoplab.load.batch.reference import COMPARED, main
from shoplab.load.batch.spark_log import SparkWork, read_work

TASK = {"Event": "SparkListenerTaskEnd", "Task Metrics": {
    "Input Metrics": {"Bytes Read": 1 << 20}, "Output Metrics": {"Bytes Written": 3 << 20},
    "Shuffle Write Metrics": {"Shuffle Bytes Written": 1 << 19}}}  # fmt: skip


def figures(seconds: float) -> BatchFigures:
    steps = {name: Step(seconds, 2.0, 900.0, 700.0, 200.0, 2.0, SparkWork())
             for name in ("ingest", "analyse", "segment", "train")}  # fmt: skip
    return BatchFigures(1_000, steps, 300.0, ())


def test_what_jobs_did_is_read_from_sparks_event_log(tmp_path: Path) -> None:
    folder = tmp_path / "eventlog_v2_local-1"
    folder.mkdir()
    events = [{"Event": "SparkListenerJobStart"}, {"Event": "SparkListenerStageCompleted"}, TASK, TASK,
              {"Event": "SparkListenerTaskEnd"}, {"Event": "SparkListenerEnvironmentUpdate"}]  # fmt: skip
    (folder / "events_1_local-1").write_text("\n".join(map(json.dumps, events)))
    assert read_work(tmp_path) == SparkWork(1, 1, 3, 2.0, 6.0, 1.0)


def test_ratios_are_of_all_that_was_asked_for() -> None:
    made = figures(5.0).as_json()
    assert (made["ratio_ingest"], made["ratio_without_training"], made["seconds"]) == (2.5, 2.5, 20.0)
    assert made["steps"]["train"]["ratio"] == made["ratio_training"] == 2.5


def test_a_step_that_became_slower_is_named(tmp_path: Path) -> None:
    file = tmp_path / "before.json"
    file.write_text(json.dumps(figures(5.0).as_json()))
    before = earlier_figures(file, 1_000)
    assert list(compared(figures(5.2), before)) == []
    assert list(compared(figures(6.0), before))[1] == "analyse takes 6.0 s; it took 5.0 s"


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"steps": {"ingest": 1}}', "\x00"])
def test_a_file_that_is_none_of_the_benchs_is_refused_before_anything_starts(tmp_path: Path, text: str) -> None:
    file = tmp_path / "other.json"
    file.write_text(text)
    found = CliRunner().invoke(cli, ["bench", "batch", "--events", "1000", "--compare", str(file)])
    assert isinstance(found.exception, LabError)
    assert "is no file of ./lab bench batch --json" in str(found.exception)


def test_of_other_events_nothing_is_compared(tmp_path: Path) -> None:
    file = tmp_path / "before.json"
    file.write_text(json.dumps(figures(5.0).as_json()))
    with pytest.raises(LabError, match="ask for as many: --events 1000"):
        earlier_figures(file, 2_000)


def test_the_reference_goes_through_every_step(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from shoplab.events.generator import generate

    generate(tmp_path / "october.csv", "2019-10", 8_000)
    (tmp_path / "made").mkdir()
    main(tmp_path / "october.csv", tmp_path / "made")
    told = json.loads(capsys.readouterr().out)
    assert set(told["seconds"]) == {"ingest", "analyse", "segment", "train"}
    assert set(told["digests"]) == set(COMPARED)
    assert (tmp_path / "made" / "rfm.parquet").exists()

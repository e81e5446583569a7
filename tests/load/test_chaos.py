"""A short chaos in a lab of its own, the stream below its supervisor as a user runs it."""

import datetime as dt
from dataclasses import replace
from pathlib import Path

from click.testing import CliRunner
from influxdb_client.client.write.point import Point as ClientPoint
from influxdb_client.domain.write_precision import WritePrecision

from shoplab.core.settings import load_settings
from shoplab.load.chaos.commands import chaos
from shoplab.load.chaos.faults import FAULTS
from shoplab.load.chaos.influx import points
from shoplab.load.chaos.run import plan, run
from shoplab.metrics.point import Point

FAULTS_OF_TESTS = ["kill -9 at: files written", "kill -9 of the kafka", "topic made anew", "retention passed"]


def test_nothing_is_lost_or_doubled_but_what_kafka_deleted_and_that_is_named(tmp_path: Path) -> None:
    """Before Kafka deletes anything `verify` has to close. In one lab, as most of the time goes to starts."""
    outcome = run(replace(load_settings(), home=tmp_path / "lab"), FAULTS_OF_TESTS, seed=1, say=print)
    assert outcome.closes, "\n".join(outcome.said)
    assert [name for name, _ in outcome.recoveries] == FAULTS_OF_TESTS
    assert any("were never taken" in line for line in outcome.said)


def test_the_influxdb_of_chaos_understands_its_client() -> None:
    at = dt.datetime(2019, 11, 1, microsecond=7, tzinfo=dt.UTC)
    made = Point("segment_size", {"segment": "big, s=p", "a": 'x"'}, {"share": 1e-05, "text": 'x "y=1, z" \\'}, at)
    client = ClientPoint.from_dict(vars(made), write_precision=WritePrecision.US)  # type: ignore[arg-type]
    assert list(points(f"{client.to_line_protocol()}\n{client.to_line_protocol()}")) == [made, made]


def test_a_plan_follows_from_its_seed_and_has_every_fault() -> None:
    assert plan(1, quick=False) == plan(1, quick=False) != plan(2, quick=False)
    assert set(plan(1, quick=False)) == set(FAULTS)


def test_a_fault_that_is_none_is_refused_with_those_there_are() -> None:
    said = CliRunner().invoke(chaos, ["--only", "flood"])
    assert said.exit_code == 2
    assert "'flood' is none of: kill -9 at: rows read" in said.output

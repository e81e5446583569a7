"""Settings: where they come from, what is refused, and that what echoes the trigger follows it."""

import json
from pathlib import Path

import pytest
import yaml

from shoplab.core.errors import LabError
from shoplab.core.settings import REPO, Settings, as_environment, load_settings


def read(home: Path, **variables: str) -> Settings:
    return load_settings({"SHOPLAB_HOME": str(home)} | variables)


def test_the_environment_goes_before_the_running_labs_file_and_that_before_the_users_own(tmp_path: Path) -> None:
    (tmp_path / "settings.env").write_text("SHOPLAB_KAFKA_PORT=1111\nSHOPLAB_DATA_ROOT=/mine\nSHOPLAB_TRIGGER=1s\n")
    (tmp_path / "run").mkdir()
    read(tmp_path).record.write_text("SHOPLAB_KAFKA_PORT=2222\nSHOPLAB_DATA_ROOT=/labs\n")
    found = read(tmp_path, SHOPLAB_KAFKA_PORT="3333")
    assert (found.kafka_port, found.data_root, found.trigger_ms) == (3333, "/labs", 1_000)


@pytest.mark.parametrize(("trigger", "ms"), [("10s", 10_000), ("500ms", 500), ("30s", 30_000)])
def test_a_trigger_is_a_time(tmp_path: Path, trigger: str, ms: int) -> None:
    assert read(tmp_path, SHOPLAB_TRIGGER=trigger).trigger_ms == ms


@pytest.mark.parametrize(
    "variables", [{"SHOPLAB_TRIGGER": text} for text in ("0s", "31s", "1m", "fast", "10", "-1s", "")]
    + [{"SHOPLAB_KAFKA_PORT": text} for text in ("0", "65536", "http")],
)  # fmt: skip
def test_a_bad_value_is_named_with_its_variable(tmp_path: Path, variables: dict[str, str]) -> None:
    [(variable, value)] = variables.items()
    with pytest.raises(LabError, match=variable.removeprefix("SHOPLAB_")) as refused:
        read(tmp_path, **variables)
    assert value in str(refused.value)
    assert "settings.env" in str(refused.value)


def test_a_child_process_reads_the_same_ports(tmp_path: Path) -> None:
    settings = read(tmp_path, SHOPLAB_API_PORT="4321")
    assert load_settings(as_environment(settings)).api_port == 4321


def test_containers_and_boards_follow_the_trigger() -> None:
    """One default, in Settings; Compose repeats it where the containers' own settings are made, and nowhere else."""
    passed = f"${{SHOPLAB_TRIGGER:-{Settings().trigger}}}"
    compose = yaml.safe_load((REPO / "docker-compose.yml").read_text(encoding="utf-8"))
    assert compose["services"]["stream"]["environment"]["SHOPLAB_TRIGGER"] == passed
    assert compose["services"]["grafana"]["environment"]["SHOPLAB_TRIGGER"] == passed
    [source] = yaml.safe_load((REPO / "grafana/provisioning/datasources/influxdb.yaml").read_text())["datasources"]
    assert source["jsonData"]["timeInterval"] == "$SHOPLAB_TRIGGER"
    for board in (REPO / "grafana/dashboards").glob("*.json"):
        panels = json.loads(board.read_text(encoding="utf-8"))["panels"]
        assert [panel["title"] for panel in panels if "interval" in panel] == [], board

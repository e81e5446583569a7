"""The boards: what Grafana expects of their files, and that every panel's query finds data in a real InfluxDB."""

import datetime as dt
import importlib.util
import json
import re
from typing import Any

import pytest
import yaml

from shoplab.core.settings import REPO, Settings
from tests.grafana import flux
from tests.grafana.flux import Range

GRAFANA = REPO / "grafana"
BOARDS = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(GRAFANA.glob("dashboards/*.json"))}
PANELS = [(name, panel) for name, board in BOARDS.items() for panel in board["panels"]]
IDS = [f"{name}: {panel['title']}" for name, panel in PANELS]
# Panel types that Grafana 11 and 12 bring along
TYPES = {"stat", "timeseries", "barchart", "bargauge", "piechart", "state-timeline", "table"}
LABEL = re.compile(r"\$\{__field\.labels\.(\w+)\}")


def provisioned(path: str) -> Any:
    return yaml.safe_load((GRAFANA / "provisioning" / path).read_text(encoding="utf-8"))


def test_the_dashboards_are_what_build_makes_of_the_boards() -> None:
    spec = importlib.util.spec_from_file_location("build", GRAFANA / "build.py")
    assert spec
    assert spec.loader
    build = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(build)
    made = build.build()
    assert {path for path, text in made.items() if path.read_text(encoding="utf-8") != text} == set()
    assert set(made) == set(GRAFANA.glob("dashboards/*.json"))


def test_each_board_has_a_dashboard_and_names_of_its_own() -> None:
    assert set(BOARDS) >= {"behaviour", "segments", "recommendations", "activity", "lab"}
    assert set(BOARDS) == {path.stem for path in GRAFANA.glob("boards/*.yaml")}
    for name in ("uid", "title"):
        assert len({board[name] for board in BOARDS.values()}) == len(BOARDS)


@pytest.mark.parametrize("name", BOARDS)
def test_a_board_refreshes_and_its_panels_do_not_lie_on_each_other(name: str) -> None:
    board = BOARDS[name]
    assert (board["refresh"], board["timezone"], board["editable"]) == ("5s", "utc", True)
    assert board["description"]
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
    assert len({panel["title"] for panel in board["panels"]}) == len(board["panels"])
    taken = [
        (panel["gridPos"]["x"] + x, panel["gridPos"]["y"] + y)
        for panel in board["panels"] for x in range(panel["gridPos"]["w"]) for y in range(panel["gridPos"]["h"])
    ]  # fmt: skip
    assert len(set(taken)) == len(taken)
    assert max(x for x, _ in taken) < 24


@pytest.mark.parametrize(("_", "panel"), PANELS, ids=IDS)
def test_a_panel_says_what_it_shows_and_where_from(_: str, panel: dict[str, Any]) -> None:
    assert panel["type"] in TYPES
    assert panel["title"]
    assert len(panel["description"]) > 20
    uid = provisioned("datasources/influxdb.yaml")["datasources"][0]["uid"]
    assert panel["datasource"] == {"type": "influxdb", "uid": uid}
    assert [target["datasource"]["uid"] for target in panel["targets"]] == [uid]
    assert all(target["query"] for target in panel["targets"])


@pytest.mark.parametrize(("name", "panel"), PANELS, ids=IDS)
def test_a_panels_query_finds_data(name: str, panel: dict[str, Any], ran: Settings) -> None:
    now = dt.datetime.now(dt.UTC)
    over = Range(*(flux.moment(BOARDS[name]["time"][end], now) for end in ("from", "to")))
    for target in panel["targets"]:
        tables = flux.run(ran, target["query"], over)
        found = flux.rows(tables)
        assert found, target["query"]
        numbers = [value for row in found for key, value in row.items() if isinstance(value, float) and key != "table"]
        assert numbers, "nothing to draw"
        named_by = LABEL.search(panel["fieldConfig"]["defaults"].get("displayName", ""))
        if named_by:
            assert all(flux.is_time_series(table) and named_by[1] in flux.labels(table) for table in tables)
        else:
            assert panel["type"] in ("table", "barchart") or len(tables) == 1, "series nobody can tell apart"


def test_what_the_boards_say_is_what_the_run_did(ran: Settings) -> None:
    """A few figures that are known, through the panels' own queries."""
    assert figure(ran, "behaviour", "Events") == 1_000
    assert figure(ran, "activity", "Events") == 200
    assert figure(ran, "activity", "Waiting in Kafka") == 0
    assert figure(ran, "recommendations", "Products it can recommend") == 12
    assert figure(ran, "lab", "Data nodes alive") == 1
    assert figure(ran, "lab", "Blocks missing") == 0


def figure(ran: Settings, name: str, title: str) -> float:
    panel = next(panel for panel in BOARDS[name]["panels"] if panel["title"] == title)
    now = dt.datetime.now(dt.UTC)
    over = Range(*(flux.moment(BOARDS[name]["time"][end], now) for end in ("from", "to")))
    [row] = flux.rows(flux.run(ran, panel["targets"][0]["query"], over))
    return float(row["_value"])


def test_the_data_source_has_no_secret_in_it() -> None:
    [source] = provisioned("datasources/influxdb.yaml")["datasources"]
    assert source["secureJsonData"] == {"token": "$__file{/run/lab-secrets/influx-read-token}"}
    assert (source["url"], source["type"], source["editable"]) == ("http://influxdb:8086", "influxdb", False)
    assert source["jsonData"]["version"] == "Flux"


def test_boards_may_be_changed_in_grafana() -> None:
    [provider] = provisioned("dashboards/boards.yaml")["providers"]
    assert (provider["type"], provider["allowUiUpdates"]) == ("file", True)

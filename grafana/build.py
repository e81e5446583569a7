"""Boards as people write them (boards/*.yaml) -> dashboards as Grafana reads them (dashboards/*.json).

    .venv/bin/python grafana/build.py

Panels fill rows of 24 columns from left to right. A panel's query is `query` as it stands, or else made from its `from`
(a measurement), `fields`, and `then` (the Flux that follows). `since` replaces the board's time range.
"""

import json
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent
SOURCE = {"type": "influxdb", "uid": "shoplab-influxdb"}
COLUMNS = 24
Json = dict[str, Any]

_LIST = {"displayMode": "list", "placement": "bottom", "showLegend": True}
_LAST = {"calcs": ["lastNotNull"], "fields": "", "values": False}
OPTIONS: dict[str, Json] = {
    "stat": {"reduceOptions": _LAST, "colorMode": "value", "graphMode": "none", "textMode": "auto"},
    "timeseries": {"legend": _LIST, "tooltip": {"mode": "multi", "sort": "desc"}},
    "barchart": {"legend": _LIST | {"showLegend": False}, "tooltip": {"mode": "multi", "sort": "none"}},
    "bargauge": {"reduceOptions": _LAST, "displayMode": "basic", "orientation": "horizontal", "showUnfilled": True},
    "piechart": {"reduceOptions": _LAST, "legend": _LIST | {"placement": "right"}, "displayLabels": ["percent"]},
    "state-timeline": {"legend": _LIST, "mergeValues": True, "showValue": "auto"},
    "table": {"showHeader": True, "cellHeight": "sm"},
}
LINKS = {"type": "dashboards", "title": "Boards", "tags": ["shoplab"], "asDropdown": True, "keepTime": False}
STYLES: dict[str, Json] = {
    "line": {"drawStyle": "line", "lineWidth": 2, "fillOpacity": 8, "showPoints": "auto", "spanNulls": False},
    "bars": {"drawStyle": "bars", "lineWidth": 1, "fillOpacity": 80},
    "stacked": {"drawStyle": "bars", "lineWidth": 1, "fillOpacity": 80, "stacking": {"mode": "normal"}},
}


def board(text: str) -> Json:
    """A dashboard from a board's YAML."""
    written = yaml.safe_load(text)
    return {
        "uid": written["uid"],
        "title": written["title"],
        "description": written["what"],
        "tags": ["shoplab"],
        "editable": True,
        "graphTooltip": 1,
        "links": [LINKS],
        "panels": [
            panel(each, number, place)
            for number, (each, place) in enumerate(zip(written["panels"], _places(written["panels"]), strict=True), 1)
        ],
        "refresh": "5s",
        "schemaVersion": 39,
        "time": written["time"],
        "timepicker": {"refresh_intervals": ["5s", "10s", "30s", "1m", "5m"]},
        "timezone": "utc",
        "version": 1,
    }


def panel(written: Json, number: int, place: Json) -> Json:
    kind = written["show"]
    defaults: Json = {"unit": written.get("unit", "short"), "color": {"mode": "palette-classic"}}
    defaults |= {key: written[key] for key in ("decimals", "displayName", "min", "max", "mappings") if key in written}
    if kind in ("timeseries", "barchart"):
        defaults["custom"] = STYLES[written.get("style", "line")] if kind == "timeseries" else {"fillOpacity": 80}
        defaults.setdefault("min", 0)
    if "red_from" in written:
        steps = [{"color": "green", "value": None}, {"color": "red", "value": written["red_from"]}]
        defaults |= {"thresholds": {"mode": "absolute", "steps": steps}, "color": {"mode": "thresholds"}}
    return {
        "id": number,
        "type": kind,
        "title": written["title"],
        "description": written["what"],
        "datasource": SOURCE,
        "gridPos": place,
        "targets": [{"refId": "A", "datasource": SOURCE, "query": query(written)}],
        "fieldConfig": {"defaults": defaults, "overrides": [_unit(*each) for each in written.get("units", {}).items()]},
        "options": OPTIONS[kind],
    }


def query(written: Json) -> str:
    """The panel's Flux."""
    if "query" in written:
        return str(written["query"]).strip()
    since = written.get("since", "v.timeRangeStart, stop: v.timeRangeStop")
    fields = " or ".join(f'r._field == "{field}"' for field in written["fields"])
    lines = [
        *(f'import "{name}"\n' for name in written.get("import", [])),
        "from(bucket: v.defaultBucket)",
        f"  |> range(start: {since})",
        f'  |> filter(fn: (r) => r._measurement == "{written["from"]}")',
        f"  |> filter(fn: (r) => {fields})",
        *(f"  {line}" for line in str(written.get("then", "")).strip().splitlines()),
    ]
    return "\n".join(lines)


def _unit(column: str, unit: str) -> Json:
    return {"matcher": {"id": "byName", "options": column}, "properties": [{"id": "unit", "value": unit}]}


def _places(panels: list[Json]) -> list[Json]:
    places, x, y, tallest = [], 0, 0, 0
    for each in panels:
        width, height = each["size"]
        if x + width > COLUMNS:
            x, y, tallest = 0, y + tallest, 0
        places.append({"x": x, "y": y, "w": width, "h": height})
        x, tallest = x + width, max(tallest, height)
    return places


def build() -> dict[Path, str]:
    """Every dashboard's file and what it is to hold."""
    return {
        HERE / "dashboards" / f"{source.stem}.json": json.dumps(board(source.read_text(encoding="utf-8")), indent=1)
        + "\n"
        for source in sorted((HERE / "boards").glob("*.yaml"))
    }


if __name__ == "__main__":
    for path, text in build().items():
        path.write_text(text, encoding="utf-8", newline="\n")
        print(path)

"""A query as Grafana's InfluxDB data source sends it, and what it would make of the answer."""

import datetime as dt
import re
from dataclasses import dataclass
from typing import Any

from influxdb_client.client.flux_table import FluxTable
from influxdb_client.client.influxdb_client import InfluxDBClient

from shoplab.core.settings import Settings

_MACRO = re.compile(r"[a-zA-Z]+\.(timeRangeStart|timeRangeStop|windowPeriod|defaultBucket|bucket|organization)")
_AGO = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


@dataclass(frozen=True)
class Range:
    """Of a board or a rule."""

    start: dt.datetime
    stop: dt.datetime

    @property
    def window(self) -> str:
        """As Grafana writes it: a thousandth of the range or so, and never under the panels' 10 s."""
        return "1h0m0s" if self.stop - self.start > dt.timedelta(days=7) else "10s"


def moment(text: str, now: dt.datetime) -> dt.datetime:
    """ "now-15m" or an ISO time."""
    if not text.startswith("now"):
        return dt.datetime.fromisoformat(text)
    ago = re.fullmatch(r"now(?:-(\d+)([smhd]))?", text)
    assert ago, text
    return now - (dt.timedelta(**{_AGO[ago[2]]: int(ago[1])}) if ago[1] else dt.timedelta())


def substituted(query: str, over: Range, bucket: str) -> str:
    """Grafana replaces text, wherever it stands."""
    values = {
        "timeRangeStart": over.start.isoformat().replace("+00:00", "Z"),
        "timeRangeStop": over.stop.isoformat().replace("+00:00", "Z"),
        "windowPeriod": over.window,
        "defaultBucket": f'"{bucket}"',
    }
    return _MACRO.sub(lambda found: values[found[1]], query)


def run(settings: Settings, query: str, over: Range, bucket: str = "") -> list[FluxTable]:
    with InfluxDBClient(url=settings.influx_url, token=settings.influx_token, org=settings.influx_org) as client:
        text = substituted(query, over, bucket or settings.influx_bucket)
        return list(client.query_api().query(text))


def is_time_series(table: FluxTable) -> bool:
    """Whether Grafana makes a series with labels of it, and not a table."""
    labels = {column.label for column in table.columns}
    return {"_time", "_value"} <= labels


def labels(table: FluxTable) -> set[str]:
    """What a panel's display name can stand on."""
    return {column.label for column in table.columns if column.group and not column.label.startswith("_")}


def rows(tables: list[FluxTable]) -> list[dict[str, Any]]:
    return [record.values for table in tables for record in table.records]

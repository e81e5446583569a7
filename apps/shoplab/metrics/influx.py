"""The InfluxDB 2 metric store."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from influxdb_client.client.flux_table import FluxTable
from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.client.write_api import SYNCHRONOUS
from influxdb_client.domain.write_precision import WritePrecision
from influxdb_client.rest import ApiException
from urllib3.exceptions import HTTPError, NewConnectionError, TimeoutError

from shoplab.core.errors import LabError, ServiceError
from shoplab.core.settings import Settings
from shoplab.metrics.point import EPOCH, Point, check_name, micros, newest, numbers_as_floats

BATCH = 5_000  # points a request, as InfluxDB advises
_END = datetime(2200, 1, 1, tzinfo=UTC)  # Flux would stop at now; event times may lie ahead of a machine's clock
_MICROSECONDS: Any = WritePrecision.US
_PAUSE_S = 10.0  # after a call that was not answered in that time: what is to be measured goes on meanwhile
_REFUSED = {400, 413, 422}  # the points are at fault: sending them again cannot help


class InfluxStore:
    """A `MetricStore` on an InfluxDB 2 server."""

    def __init__(self, settings: Settings) -> None:
        if not settings.influx_token:
            raise LabError("SHOPLAB_INFLUX_URL is set but SHOPLAB_INFLUX_TOKEN is not; set it to a token of the bucket")
        self.url, self.org, self.bucket = settings.influx_url, settings.influx_org, settings.influx_bucket
        write_token, read_token = settings.influx_token, settings.influx_read_token or settings.influx_token
        self._clients = [
            InfluxDBClient(url=self.url, token=token, org=self.org, timeout=10_000)
            for token in (write_token, read_token)
        ]
        self._writer = self._clients[0].write_api(write_options=SYNCHRONOUS)
        self._reader = self._clients[1].query_api()
        self._silent_until = 0.0

    def write(self, points: Sequence[Point]) -> None:
        for start in range(0, len(points), BATCH):
            records = [_record(point) for point in points[start : start + BATCH]]
            with self._calls():
                self._writer.write(self.bucket, self.org, record=records, write_precision=_MICROSECONDS)

    def query(
        self,
        measurement: str,
        since: datetime | None = None,
        until: datetime | None = None,
        tags: Mapping[str, str] | None = None,
        limit: int | None = None,
    ) -> list[Point]:
        tags = tags or {}
        values: dict[str, Any] = {f"tag_{number}": value for number, value in enumerate(tags.values())}
        values |= {"bucket_name": self.bucket, "measurement": measurement}
        values |= {"since": since or EPOCH, "until": until or _END, "limit": limit}
        with self._calls():
            tables = self._reader.query(_flux(list(tags), limit), org=self.org, params=values)
        return newest((point for table in tables for point in _points(measurement, table)), limit)

    def ping(self) -> None:
        """Also finds a wrong token, organisation or bucket."""
        self.query("ping", limit=1)

    def close(self) -> None:
        for client in self._clients:
            client.close()

    @contextmanager
    def _calls(self) -> Iterator[None]:
        if time.monotonic() < self._silent_until:
            raise ServiceError(f"InfluxDB at {self.url} left the last call without an answer; it is asked again soon")
        try:
            yield
        except ApiException as error:
            raise self._problem(error) from error
        except HTTPError as error:
            if isinstance(error, TimeoutError) and not isinstance(error, NewConnectionError):
                self._silent_until = time.monotonic() + _PAUSE_S
            hint = "start it, or unset SHOPLAB_INFLUX_URL for the embedded store"
            raise ServiceError(f"InfluxDB does not answer at {self.url} ({type(error).__name__}); {hint}") from error

    def _problem(self, error: ApiException) -> LabError:
        if error.status in (401, 403):
            return ServiceError(f"InfluxDB at {self.url} refused the token; correct SHOPLAB_INFLUX_TOKEN")
        if error.status == 404:
            where = f"organisation {self.org!r} or bucket {self.bucket!r}"
            return ServiceError(f"InfluxDB at {self.url} has no {where}; correct SHOPLAB_INFLUX_ORG or _BUCKET")
        said = " ".join(str(getattr(error, "message", None) or error.reason).split())[:300]
        if error.status in _REFUSED:
            return LabError(f"InfluxDB refused the points or the query: {said}")
        return ServiceError(f"InfluxDB at {self.url} failed with status {error.status}: {said}; see its log")


def _record(point: Point) -> dict[str, Any]:
    # The client would make microseconds of a time by way of a float, and one in a hundred would be another's
    return vars(point) | {"fields": numbers_as_floats(point.fields), "time": micros(point.time)}


def _flux(tags: list[str], limit: int | None) -> str:
    """Values go in as parameters. Flux takes a column's name as a literal only: `check_name` makes that safe.

    `tail` cuts each field of each series before they are joined into points: the newest points stay whole.
    """
    filters = [f'|> filter(fn: (r) => r["{check_name(tag)}"] == tag_{number})' for number, tag in enumerate(tags)]
    lines = [
        "from(bucket: bucket_name)",
        "|> range(start: since, stop: until)",
        "|> filter(fn: (r) => r._measurement == measurement)",
        *filters,
        *(["|> tail(n: limit)"] if limit is not None else []),
        '|> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")',
    ]
    return "\n  ".join(lines)


def _points(measurement: str, table: FluxTable) -> Iterator[Point]:
    """One table is one series: the columns it is grouped by are its tags, the others its fields."""
    columns = {column.label: column.group for column in table.columns if column.label not in ("result", "table")}
    tags = [label for label, grouped in columns.items() if grouped and not label.startswith("_")]
    fields = [label for label, grouped in columns.items() if not grouped and not label.startswith("_")]
    for row in table.records:
        values = {field: row[field] for field in fields if row[field] is not None}
        yield Point(measurement, {tag: row[tag] for tag in tags}, values, row["_time"])

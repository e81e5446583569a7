"""The lab watches itself: every 10 seconds the state of its servers, and what the API was asked, go to the metric
store.
"""

import datetime as dt
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from threading import Event, Thread

from shoplab.core.catalog import Catalog
from shoplab.core.errors import LabError
from shoplab.core.settings import Settings
from shoplab.metrics.point import Point
from shoplab.metrics.store import MetricStore
from shoplab.monitor import gauges
from shoplab.monitor.gauges import Fields

EVERY_S = 10.0
_PATIENCE_S = 2.0  # a look that hangs at a server that does not answer must not hold up the end

log = logging.getLogger(__name__)


def look(settings: Settings, catalog: Catalog, at: dt.datetime) -> list[Point]:
    """hdfs, kafka, spark (with a standalone master only), and service_up by service; docs/metrics.md."""
    found: dict[str, Fields | None] = {"hdfs": gauges.hdfs(settings), "kafka": gauges.kafka(catalog)}
    if gauges.master_page(settings):
        found["spark"] = gauges.spark(settings)
    points = [Point(name, {}, fields, at) for name, fields in found.items() if fields is not None]
    return points + [Point("service_up", {"service": name}, {"up": int(up)}, at) for name, up in _up(found).items()]


def _up(found: Mapping[str, Fields | None]) -> dict[str, bool]:
    hdfs = found["hdfs"]
    up = {
        "namenode": hdfs is not None,
        "datanode": hdfs is not None and bool(hdfs["live_datanodes"]),
        "kafka": found["kafka"] is not None,
    }
    return up | ({"spark-master": found["spark"] is not None} if "spark" in found else {})


class Watch:
    """A background thread that looks and writes. These are gauges: a round that the store does not take is dropped.
    more: further points of a round; looks: whether at the lab's servers, which one process is enough for.
    """

    def __init__(
        self, settings: Settings, store: MetricStore, more: Callable[[dt.datetime], Sequence[Point]] = lambda _: (),
        looks: bool = True,
    ) -> None:  # fmt: skip
        self._looks = looks
        self._settings = settings
        self._catalog = Catalog(settings)
        self._store = store
        self._more = more
        self._failing = False
        self._stopping = Event()
        self._thread = Thread(target=self._run, name="watch", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join(_PATIENCE_S)

    def round(self) -> None:
        """One look, written. Never raises; a fault is told once, until a round succeeds again."""
        try:
            at = dt.datetime.now(dt.UTC)
            seen = look(self._settings, self._catalog, at) if self._looks else []
            points = [*self._more(at), *seen]
            if not self._stopping.is_set():
                self._store.write(points)
            self._failing = False
        except Exception as error:  # the next round may do better: the thread goes on
            if not self._failing:
                reason = str(error) if isinstance(error, LabError) else f"{type(error).__name__}: {error}"
                log.warning("the lab's own metrics are dropped until this is mended: %s", reason)
            self._failing = True

    def _run(self) -> None:
        while not self._stopping.is_set():
            started = time.monotonic()
            self.round()
            self._stopping.wait(max(0.1, EVERY_S - (time.monotonic() - started)))

"""GET /metrics in Prometheus's text, of all processes of the API together."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry, Counter, Histogram

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
_BUCKETS = (0.001, 0.002, 0.005, 0.007, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5)


def share(folder: Path) -> None:
    """From now on the numbers of this process and its children are kept there. To be called before prometheus_client
    is imported: it looks only then.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.db"):
        old.unlink()
    os.environ[FOLDER] = str(folder)


class Gauges:
    """What is counted and measured. A family of metrics each, for one process's registry."""

    def __init__(self) -> None:
        from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

        registry = self.registry = CollectorRegistry()
        self.requests = Counter("shoplab_requests", "Requests answered.", ["route", "status"], registry=registry)
        self.seconds = Histogram("shoplab_request_seconds", "Time to the end of the answer.", ["route"],
                                 buckets=_BUCKETS, registry=registry)  # fmt: skip
        self.asked = Gauge("shoplab_cache_asked", "Answers looked for in the cache.", registry=registry,
                           multiprocess_mode="livesum")  # fmt: skip
        self.hits = Gauge("shoplab_cache_hits", "Answers found in the cache.", registry=registry,
                          multiprocess_mode="livesum")  # fmt: skip
        self.memory = Gauge("shoplab_resident_bytes", "Resident memory.", registry=registry,
                            multiprocess_mode="liveall")  # fmt: skip
        self.lag = Gauge("shoplab_consumer_lag", "Records of the topic that are not followed yet; -1: not known.",
                         registry=registry, multiprocess_mode="livemax")  # fmt: skip
        self.users = Gauge("shoplab_remembered_users", "Users with recent events in memory.", registry=registry,
                           multiprocess_mode="livemax")  # fmt: skip
        self.model = Gauge("shoplab_model_info", "The model that answers.", ["version", "increment"],
                           registry=registry, multiprocess_mode="livemax")  # fmt: skip
        self._of: dict[tuple[str, int], tuple[Counter, Histogram]] = {}
        self._process, self._model = psutil.Process(), ("", "")

    def of(self, route: str, status: int) -> tuple["Counter", "Histogram"]:
        """Number and times of a route's requests; to look labels up costs as much as to count."""
        found = self._of.get((route, status))
        if found is None:
            found = self._of[route, status] = self.requests.labels(route, status), self.seconds.labels(route)
        return found

    def model_is(self, version: str, increment: int) -> None:
        if self._model != (version, str(increment)):
            if self._model[0]:
                self.model.labels(*self._model).set(0)
            self._model = version, str(increment)
            self.model.labels(*self._model).set(1)

    def text(self) -> bytes:
        from prometheus_client import generate_latest

        self.memory.set(self._process.memory_info().rss)
        return generate_latest(self._whole())

    def _whole(self) -> "CollectorRegistry":
        if FOLDER not in os.environ:
            return self.registry
        from prometheus_client import CollectorRegistry, multiprocess

        registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return registry

"""HTTP requests, counted as they pass, and handed over as points."""

import datetime as dt
import time
from collections import deque
from dataclasses import dataclass, field
from threading import Lock

import numpy as np
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shoplab.metrics.point import Field, Point
from shoplab.serving.prometheus import Gauges

MOST_TIMES = 10_000  # of a route and source: what the percentiles look at, the newest
NO_SOURCE = "none"
_Key = tuple[str, str]


@dataclass
class _RouteTally:
    count: int = 0
    errors: int = 0
    times_ms: deque[float] = field(default_factory=lambda: deque(maxlen=MOST_TIMES))


class RequestTally:
    """What was asked of a worker since the last `points`. Adding takes microseconds."""

    def __init__(self, worker: int = 1) -> None:
        self._worker = worker
        self._tallies: dict[_Key, _RouteTally] = {}
        self._lock = Lock()

    def add(self, route: str, source: str, ms: float, failed: bool) -> None:
        with self._lock:
            counted = self._tallies.setdefault((route, source), _RouteTally())
            counted.count += 1
            counted.errors += failed
            counted.times_ms.append(ms)

    def points(self, at: dt.datetime) -> list[Point]:
        """api_requests by route and source, and counting from 0 again; docs/metrics.md."""
        with self._lock:
            taken, self._tallies = self._tallies, {}
        return [_point(route, source, self._worker, counted, at) for (route, source), counted in sorted(taken.items())]


class Counts:
    """Where one process's requests are counted: for the metric store, and for Prometheus."""

    def __init__(self, tally: RequestTally, gauges: Gauges) -> None:
        self._tally, self._gauges = tally, gauges

    def add(self, route: str, source: str, seconds: float, status: int) -> None:
        self._tally.add(route, source, seconds * 1000, status >= 500)
        number, times = self._gauges.of(route, status)
        number.inc()
        times.observe(seconds)


class CountRequests:
    """ASGI middleware that counts every request. errors: answers from 500 on, and none at all.

    A handler names the source of its answer in `request.state.source`.
    """

    def __init__(self, app: ASGIApp, counts: Counts) -> None:
        self._app, self._counts = app, counts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        status = 500

        async def send_and_look(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        state = scope.setdefault("state", {})
        started = time.perf_counter()
        try:
            await self._app(scope, receive, send_and_look)
        finally:
            source = state.get("source", NO_SOURCE)
            self._counts.add(_route(scope), source, time.perf_counter() - started, status)


def _route(scope: Scope) -> str:
    """The route's pattern, never the path itself: paths hold user ids."""
    path = getattr(scope.get("route"), "path", None)
    return path if isinstance(path, str) and path else "other"


def _point(route: str, source: str, worker: int, counted: _RouteTally, at: dt.datetime) -> Point:
    p50, p95 = np.percentile(counted.times_ms, [50, 95])
    counts: dict[str, Field] = {"count": counted.count, "errors": counted.errors}
    times: dict[str, Field] = {"p50_ms": float(p50), "p95_ms": float(p95)}
    return Point("api_requests", {"route": route, "source": source, "worker": str(worker)}, counts | times, at)

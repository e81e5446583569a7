"""What the API tells of itself and of the lab as a whole."""

import datetime as dt
import time
from typing import Annotated, Any

from fastapi import FastAPI, HTTPException, Query, Response
from fastapi import Path as PathPart
from fastapi.responses import FileResponse

from shoplab.core.errors import LabError, ServiceError
from shoplab.core.vocabulary import EVENTS
from shoplab.serving.counter import PAGE, Counter
from shoplab.serving.forms import Error

Measurement = Annotated[str, PathPart(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,63}$", examples=["stream_batch"])]


def add(app: FastAPI, counter: Counter) -> None:
    _add_overview(app, counter)
    _add_lists(app, counter)
    _add_metrics(app, counter)


def _add_overview(app: FastAPI, counter: Counter) -> None:
    """The page, and what it shows of the lab as a whole."""
    backstage = counter.backstage

    @app.get("/", include_in_schema=False)
    async def page() -> Response:
        return FileResponse(PAGE / "index.html")

    @app.get("/docs", include_in_schema=False)
    async def docs() -> Response:
        return FileResponse(PAGE / "docs.html")

    @app.get("/health")
    def health() -> dict[str, Any]:
        """What is loaded, and what is missing. Always 200: the service itself is up."""
        return _health(counter)

    @app.get("/ready", responses={503: {"model": Error}})
    async def ready() -> dict[str, bool]:
        """Whether recommendations are answered."""
        if backstage.answers is None:
            raise ServiceError(backstage.problems.get("model", "no recommender is loaded yet; first: ./lab train"))
        return {"ready": True}


def _add_lists(app: FastAPI, counter: Counter) -> None:
    """What there is."""
    backstage = counter.backstage

    @app.get("/vocabulary")
    async def vocabulary() -> dict[str, Any]:
        """What people do in a shop, in the order of the funnel. step: of the funnel, null for none; counted: what
        charts always show."""
        types = [{"name": event.name, "step": event.step, "counted": bool(event.counts)} for event in EVENTS]
        return {"event_types": types}

    @app.get("/segments")
    async def segments() -> dict[str, Any]:
        """Segments of the published table, by number."""
        people = backstage.people
        if people is None:
            raise ServiceError(backstage.problems.get("segments", "no segments are loaded yet; first: ./lab segment"))
        sizes = [size._asdict() for size in people.sizes()]
        return {"version": people.version, "users": len(people), "segments": sizes}


def _add_metrics(app: FastAPI, counter: Counter) -> None:
    @app.get("/points/{measurement}")
    def points(
        measurement: Measurement,
        limit: Annotated[int, Query(ge=1, le=5_000)] = 200,
        since: dt.datetime | None = None,
    ) -> dict[str, Any]:
        """The newest points of the metric store, oldest first."""
        if since is not None and since.tzinfo is None:
            raise HTTPException(422, "since: give a time zone, as in 2019-11-01T00:00:00Z")
        found = counter.store.query(measurement, since=since, limit=limit)
        rows = [{"time": point.time, "tags": point.tags, "fields": point.fields} for point in found]
        return {"measurement": measurement, "points": rows}

    @app.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
    def metrics() -> Response:
        """For Prometheus."""
        backstage, gauges, cache = counter.backstage, counter.gauges, counter.desk.cache
        gauges.asked.set(cache.asked)
        gauges.hits.set(cache.hits)
        gauges.lag.set(-1 if backstage.follower.lag is None else backstage.follower.lag)
        gauges.users.set(len(backstage.follower.users))
        if backstage.answers:
            bundle = backstage.answers.served.bundle
            gauges.model_is(bundle.version, bundle.increment)
        return Response(gauges.text(), media_type="text/plain; version=0.0.4; charset=utf-8")


def _health(counter: Counter) -> dict[str, Any]:
    backstage = counter.backstage
    problems = backstage.problems
    try:
        counter.store.ping()
    except LabError as error:
        problems["metrics"] = str(error)
    bundle, people, follower = (
        backstage.answers and backstage.answers.served.bundle, backstage.people, backstage.follower
    )  # fmt: skip
    return {
        "status": "degraded" if problems else "ok",
        "problems": problems,
        "model": bundle and {
            "version": bundle.version, "increment": bundle.increment, "age_s": _age(backstage.model_since),
        },
        "segments": people and {"version": people.version, "users": len(people)},
        "live": {
            "users": len(follower.users), "lag": follower.lag, "newest_batch": backstage.newest_batch,
            "age_s": _age(backstage.live_since),
        },
    }  # fmt: skip


def _age(since: float | None) -> float | None:
    return None if since is None else round(time.monotonic() - since, 1)

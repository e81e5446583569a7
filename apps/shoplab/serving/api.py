"""The HTTP service: recommendations, segments, metrics, health, and the live page."""

import logging
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Protocol

from fastapi import FastAPI, HTTPException, Query, Request, Response
from fastapi import Path as PathPart
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException as StarletteHTTPException

from shoplab import __version__
from shoplab.core.errors import LabError, ServiceError
from shoplab.core.vocabulary import EVENTS
from shoplab.metrics.store import MetricStore
from shoplab.serving.answers import Answer, answer, sample_users
from shoplab.serving.backstage import Backstage
from shoplab.serving.headers import SecurityHeaders
from shoplab.serving.requests import CountRequests, RequestTally

PAGE = Path(__file__).parent / "page"

UserId = Annotated[str, PathPart(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f\x7f]+$")]
Measurement = Annotated[str, PathPart(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,63}$")]

log = logging.getLogger(__name__)


class Background(Protocol):
    """What runs beside the service, from its start to its end."""

    def start(self) -> None: ...
    def stop(self) -> None: ...


def create_app(
    backstage: Backstage, store: MetricStore, tally: RequestTally | None = None, beside: Sequence[Background] = ()
) -> FastAPI:
    """The service. It closes the store when it ends. tally: where requests are counted."""

    @asynccontextmanager
    async def running(_: FastAPI) -> AsyncIterator[None]:
        for one in (backstage, *beside):
            one.start()
        yield
        for one in (*beside, backstage):
            one.stop()
        store.close()

    # FastAPI's own documentation pages load scripts from elsewhere; docs/api.md and /openapi.json stand in for them.
    app = FastAPI(title="shoplab", version=__version__, lifespan=running, docs_url=None, redoc_url=None)
    app.add_middleware(SecurityHeaders)
    app.add_middleware(CountRequests, tally=tally or RequestTally())
    app.mount("/page", StaticFiles(directory=PAGE))
    _add_errors(app)
    _add_overview(app, backstage, store)
    _add_recommendations(app, backstage)
    _add_metrics(app, store)
    return app


def _add_overview(app: FastAPI, backstage: Backstage, store: MetricStore) -> None:
    """The page, and what it shows of the lab as a whole."""

    @app.get("/", include_in_schema=False)
    def page() -> Response:
        return FileResponse(PAGE / "index.html")

    @app.get("/health")
    def health() -> dict[str, Any]:
        """What is loaded, and what is missing. Always 200: the service itself is up."""
        return _health(backstage, store)

    @app.get("/vocabulary")
    def vocabulary() -> dict[str, Any]:
        """What people do in a shop, in the order of the funnel; counted: what charts always show."""
        return {"event_types": [{"name": event.name, "counted": bool(event.counts)} for event in EVENTS]}

    @app.get("/segments")
    def segments() -> dict[str, Any]:
        if backstage.customers is None:
            raise ServiceError(backstage.problems.get("segments", "no segments are loaded yet; first: ./lab segment"))
        sizes = [size._asdict() for size in backstage.customers.sizes()]
        return {"version": backstage.customers.version, "users": len(backstage.customers), "segments": sizes}


def _add_recommendations(app: FastAPI, backstage: Backstage) -> None:
    @app.get("/recommendations/{user_id}")
    def recommendations(request: Request, user_id: UserId, k: Annotated[int, Query(ge=1, le=100)] = 10) -> Answer:
        found = answer(backstage, user_id, k)
        request.state.source = found.source
        return found

    @app.get("/users/sample")
    def users_sample(n: Annotated[int, Query(ge=1, le=1_000)] = 20) -> dict[str, Any]:
        return {"users": sample_users(backstage, n)}


def _add_metrics(app: FastAPI, store: MetricStore) -> None:
    @app.get("/metrics/{measurement}")
    def metrics(
        measurement: Measurement,
        limit: Annotated[int, Query(ge=1, le=5_000)] = 200,
        since: datetime | None = None,
    ) -> dict[str, Any]:
        """The newest points, oldest first."""
        if since is not None and since.tzinfo is None:
            raise HTTPException(422, "since: give a time zone, as in 2019-11-01T00:00:00Z")
        points = store.query(measurement, since=since, limit=limit)
        rows = [{"time": point.time, "tags": point.tags, "fields": point.fields} for point in points]
        return {"measurement": measurement, "points": rows}


def _health(backstage: Backstage, store: MetricStore) -> dict[str, Any]:
    problems = dict(backstage.problems)
    try:
        store.ping()
    except LabError as error:
        problems["metrics"] = str(error)
    recommender, customers = backstage.recommender, backstage.customers
    return {
        "status": "degraded" if problems else "ok",
        "problems": problems,
        "model": recommender
        and {
            "version": recommender.version,
            "increment": recommender.increment,
            "age_s": _age(backstage.recommender_since),
        },
        "segments": customers and {"version": customers.version, "users": len(customers)},
        "live": {
            "users": len(backstage.live),
            "newest_batch": backstage.newest_batch,
            "age_s": _age(backstage.live_since),
        },
    }


def _age(since: float | None) -> float | None:
    return None if since is None else round(time.monotonic() - since, 1)


def _add_errors(app: FastAPI) -> None:
    """Every error is {"error": one line}."""

    @app.exception_handler(RequestValidationError)
    def bad_input(_: Request, error: RequestValidationError) -> JSONResponse:
        said = "; ".join(f"{problem['loc'][-1]}: {problem['msg']}" for problem in error.errors())
        return JSONResponse({"error": said}, status_code=422)

    @app.exception_handler(StarletteHTTPException)
    def refused(_: Request, error: StarletteHTTPException) -> JSONResponse:
        return JSONResponse({"error": error.detail}, status_code=error.status_code, headers=error.headers)

    @app.exception_handler(LabError)
    def unavailable(_: Request, error: LabError) -> JSONResponse:
        return JSONResponse({"error": str(error)}, status_code=503)

    @app.exception_handler(Exception)
    def broken(request: Request, _: Exception) -> JSONResponse:  # uvicorn logs the traceback
        return JSONResponse({"error": f"{request.url.path} failed here; see the API's log"}, status_code=500)

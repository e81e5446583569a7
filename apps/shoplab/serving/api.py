"""The HTTP service: what it is made of. Its questions are in `routes`, and what it answers from in `backstage`."""

from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.types import ASGIApp

from shoplab import __version__
from shoplab.core.errors import LabError
from shoplab.metrics.store import MetricStore
from shoplab.serving import overview, routes
from shoplab.serving.backstage import Backstage
from shoplab.serving.bodies import BoundedBodies, Heads
from shoplab.serving.counter import PAGE, Counter
from shoplab.serving.desk import Desk, Unknown
from shoplab.serving.headers import KnownHost, SecurityHeaders, Token
from shoplab.serving.intake import Intake
from shoplab.serving.prometheus import Gauges
from shoplab.serving.quick import QuickRecommendations
from shoplab.serving.requests import CountRequests, Counts, RequestTally


class Background(Protocol):
    """What runs beside the service, from its start to its end."""

    def start(self) -> None: ...
    def stop(self) -> None: ...


@dataclass(frozen=True)
class Doors:
    """names: further ones that it answers to. token: what it asks of everybody, "" for nothing."""

    names: Collection[str] = ()
    token: str = ""


_OPEN = Doors()  # to this machine's names


def create_app(
    backstage: Backstage,
    store: MetricStore,
    intake: Intake,
    tally: RequestTally | None = None,
    beside: Sequence[Background] = (),
    doors: Doors = _OPEN,
) -> ASGIApp:
    """The service. It closes the store when it ends. tally: where requests are counted."""

    parts: tuple[Background, ...] = (backstage, backstage.follower, intake, *beside)
    app = FastAPI(title="shoplab", version=__version__, lifespan=_running(parts, store), docs_url=None, redoc_url=None,
                  description=routes.DESCRIPTION, responses=routes.ERRORS)  # fmt: skip
    gauges, desk = Gauges(), Desk(backstage)
    counts = Counts(tally or RequestTally(), gauges)
    _add_middleware(app, counts, doors)
    app.mount("/page", StaticFiles(directory=PAGE))
    app.mount("/docs/assets", StaticFiles(packages=[("fastapi_swagger", "resources")]))
    _add_errors(app)
    counter = Counter(backstage, desk, store, intake, gauges)
    overview.add(app, counter)
    routes.add(app, counter)
    return app if doors.token else QuickRecommendations(app, desk, counts, doors.names)


def _running(parts: Sequence[Background], store: MetricStore) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def running(_: FastAPI) -> AsyncIterator[None]:
        for one in parts:
            one.start()
        yield
        for one in reversed(parts):
            one.stop()
        store.close()

    return running


def _add_middleware(app: FastAPI, counts: Counts, doors: Doors) -> None:
    """The last one is the first that a request meets."""
    app.add_middleware(BoundedBodies)
    app.add_middleware(SecurityHeaders)
    app.add_middleware(CountRequests, counts=counts)
    app.add_middleware(Heads)
    if doors.token:
        app.add_middleware(Token, token=doors.token)
    app.add_middleware(KnownHost, names=doors.names)


def _add_errors(app: FastAPI) -> None:
    """Every error is {"error": one line}."""

    @app.exception_handler(RequestValidationError)
    def bad_input(_: Request, error: RequestValidationError) -> Response:
        said = "; ".join(f"{problem['loc'][-1]}: {problem['msg']}" for problem in error.errors())
        return JSONResponse({"error": said}, status_code=422)

    @app.exception_handler(StarletteHTTPException)
    def refused(_: Request, error: StarletteHTTPException) -> Response:
        return JSONResponse({"error": error.detail}, status_code=error.status_code, headers=error.headers)

    @app.exception_handler(Unknown)
    def unknown(_: Request, error: Unknown) -> Response:
        return JSONResponse({"error": str(error)}, status_code=404)

    @app.exception_handler(LabError)
    def unavailable(_: Request, error: LabError) -> Response:
        return JSONResponse({"error": str(error)}, status_code=503)

    @app.exception_handler(Exception)
    def broken(request: Request, _: Exception) -> Response:  # uvicorn logs the traceback
        route = getattr(request.scope.get("route"), "path", "it")
        return JSONResponse({"error": f"{route} failed here; see the API's log"}, status_code=500)

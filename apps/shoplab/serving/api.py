"""The HTTP service: what it is made of. Its questions are in `routes`, and what it answers from in `backstage`."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Protocol

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException as StarletteHTTPException

from shoplab import __version__
from shoplab.core.errors import LabError
from shoplab.metrics.store import MetricStore
from shoplab.serving import overview, routes
from shoplab.serving.backstage import Backstage
from shoplab.serving.bodies import BoundedBodies, Heads
from shoplab.serving.counter import PAGE, Counter
from shoplab.serving.desk import Desk, Unknown
from shoplab.serving.headers import SecurityHeaders
from shoplab.serving.intake import Intake
from shoplab.serving.prometheus import Gauges
from shoplab.serving.quick import QuickRecommendations
from shoplab.serving.requests import CountRequests, RequestTally


class Background(Protocol):
    """What runs beside the service, from its start to its end."""

    def start(self) -> None: ...
    def stop(self) -> None: ...


def create_app(
    backstage: Backstage,
    store: MetricStore,
    intake: Intake,
    tally: RequestTally | None = None,
    beside: Sequence[Background] = (),
) -> FastAPI:
    """The service. It closes the store when it ends. tally: where requests are counted."""

    @asynccontextmanager
    async def running(_: FastAPI) -> AsyncIterator[None]:
        parts: tuple[Background, ...] = (backstage, backstage.follower, intake, *beside)
        for one in parts:
            one.start()
        yield
        for one in reversed(parts):
            one.stop()
        store.close()

    app = FastAPI(title="shoplab", version=__version__, lifespan=running, docs_url=None, redoc_url=None,
                  description=routes.DESCRIPTION, responses=routes.ERRORS)  # fmt: skip
    gauges, desk = Gauges(), Desk(backstage)
    _add_middleware(app, desk, tally or RequestTally(), gauges)
    app.mount("/page", StaticFiles(directory=PAGE))
    _add_errors(app)
    counter = Counter(backstage, desk, store, intake, gauges)
    overview.add(app, counter)
    routes.add(app, counter)
    return app


def _add_middleware(app: FastAPI, desk: Desk, tally: RequestTally, gauges: Gauges) -> None:
    """The last one is the first that a request meets."""
    app.add_middleware(BoundedBodies)
    app.add_middleware(QuickRecommendations, desk=desk)
    app.add_middleware(SecurityHeaders)
    app.add_middleware(CountRequests, tally=tally, gauges=gauges)
    app.add_middleware(Heads)


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

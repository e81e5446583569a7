"""A small shop that answers as the API does, from fixed data: lists that follow events, points of a stream, and faults
on request.
"""

import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import uvicorn
from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import FileResponse, JSONResponse
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException as StarletteHTTPException

from shoplab.core.listen import listen
from shoplab.core.settings import REPO
from shoplab.core.vocabulary import EVENTS
from shoplab.core.wait import wait_until
from shoplab.serving.headers import SecurityHeaders
from tests.serving.page.goods import CATALOGUE, SEGMENTS, USERS, ranked
from tests.serving.page.measured import measured

PAGE = REPO / "apps/shoplab/serving/page"
NO_MODEL = "no recommender is loaded yet; first: ./lab train"
NO_KAFKA = "Kafka does not answer at 127.0.0.1:9092; first: ./lab up"
VERSION = "20191031T120000000"
Event = dict[str, Any]


@dataclass
class Stub:
    """without: what is missing, of model, stream, segments, kafka. events: by user, oldest first. asked: paths."""

    without: set[str] = field(default_factory=set)
    events: dict[str, list[Event]] = field(default_factory=lambda: defaultdict(list))
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def needs(self, part: str, said: str) -> None:
        if part in self.without:
            raise HTTPException(503, said)

    def segment(self, user_id: str) -> tuple[int | None, str | None]:
        """Who buys is loyal; visitors are nothing before they do something."""
        events = self.events[user_id]
        if any(event["event_type"] == "purchase" for event in events):
            return 0, SEGMENTS[0]
        number = USERS.get(user_id, 2 if events else None)
        return number, None if number is None else SEGMENTS[number]

    def answer(self, user_id: str | None, events: list[Event], k: int, new: bool, context: str | None) -> Any:
        self.needs("model", NO_MODEL)
        number, name = self.segment(user_id) if user_id else (None, None)
        source = "live" if events else "model" if user_id in USERS else "popular"
        items = ranked(events, k, new, context)
        return {"user_id": user_id, "segment": number, "segment_name": name, "source": source, "model_version": VERSION,
                "increment": 12, "items": items}  # fmt: skip

    @contextmanager
    def served(self) -> Iterator["Stub"]:
        """On a free port, or on the one it had before."""
        listener = listen("127.0.0.1", self.port)
        self.port = listener.getsockname()[1]
        server = uvicorn.Server(uvicorn.Config(_app(self), log_level="warning", timeout_graceful_shutdown=1))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        wait_until(lambda: server.started, 30, "the stub does not start", every=0.02)
        yield self
        server.should_exit = True
        thread.join()


def _app(stub: Stub) -> FastAPI:
    app = FastAPI()
    app.add_middleware(SecurityHeaders)
    app.mount("/page", StaticFiles(directory=PAGE))

    @app.exception_handler(StarletteHTTPException)
    def refused(_: Request, error: StarletteHTTPException) -> JSONResponse:
        return JSONResponse({"error": error.detail}, status_code=error.status_code)

    @app.get("/")
    def page() -> FileResponse:
        return FileResponse(PAGE / "index.html")

    _add_lab(app, stub)
    _add_people(app, stub)
    _add_products(app, stub)
    _add_events(app, stub)
    return app


def _add_lab(app: FastAPI, stub: Stub) -> None:
    @app.get("/health")
    def health() -> Any:
        problems = {"model": NO_MODEL} if "model" in stub.without else {}
        status = "degraded" if problems else "ok"
        return {"status": status, "problems": problems, "model": None if problems else {"version": VERSION}}

    @app.get("/vocabulary")
    def vocabulary() -> Any:
        types = [{"name": event.name, "counted": bool(event.counts), "step": event.step} for event in EVENTS]
        return {"event_types": types}

    @app.get("/points/{measurement}")
    def points(measurement: str, limit: int = 200, since: datetime | None = None) -> Any:
        stub.needs("metrics", "the metric store does not answer; first: ./lab doctor")
        found = [] if "stream" in stub.without else measured(measurement)
        fresh = [point for point in found if since is None or datetime.fromisoformat(point["time"]) >= since]
        return {"measurement": measurement, "points": fresh[-limit:]}


def _add_people(app: FastAPI, stub: Stub) -> None:
    @app.get("/users/sample")
    def sample(n: int = 20) -> Any:
        users = {} if "segments" in stub.without else USERS
        told = [{"user_id": user, "segment": number, "segment_name": SEGMENTS[number], "source": "model"}
                for user, number in users.items()]  # fmt: skip
        return {"users": told[:n]}

    @app.get("/users/{user_id:path}")
    def user(user_id: str) -> Any:
        number, name = stub.segment(user_id)
        known = user_id in USERS
        return {"user_id": user_id, "known": known, "segment": number, "segment_name": name,
                "rfm_class": "potential loyalist" if known else None, "p_alive": 0.83 if known else None,
                "recent": stub.events[user_id][::-1][:50]}  # fmt: skip

    @app.get("/recommendations/{user_id:path}")
    def recommendations(user_id: str, k: int = 10, context: str | None = None, new: bool = False) -> Any:
        return stub.answer(user_id, stub.events[user_id], k, new, context)

    @app.post("/recommendations")
    async def for_session(request: Request) -> Any:
        asked = await request.json()
        return stub.answer(asked["user_id"], asked["events"], asked["k"], asked["new"], None)


def _add_products(app: FastAPI, stub: Stub) -> None:
    def found(product_id: str) -> Event:
        stub.needs("model", NO_MODEL)
        if product_id not in CATALOGUE:
            raise HTTPException(404, f"no product {product_id} in the catalogue")
        return CATALOGUE[product_id]

    @app.get("/products/{product_id}")
    def product(product_id: str) -> Any:
        goods = found(product_id)
        words = (goods["brand"], (goods["category_code"] or "").split(".")[-1].replace("_", " "), product_id)
        return {**goods, "category_id": "2053013555631882655", "name": " ".join(word for word in words if word)}

    @app.get("/similar/{product_id}")
    def similar(product_id: str, k: int = 10) -> Any:
        found(product_id)
        looked_at = [{"product_id": product_id, "event_type": "view"}]
        items = ranked(looked_at, k, new=True, context=product_id)
        return {"product_id": product_id, "model_version": VERSION, "increment": 12, "items": items}


def _add_events(app: FastAPI, stub: Stub) -> None:
    @app.post("/events", status_code=202)
    async def events(request: Request) -> Any:
        stub.needs("kafka", NO_KAFKA)
        asked = await request.json()
        sent: list[Event] = asked if isinstance(asked, list) else [asked]
        unknown = [place for place, event in enumerate(sent) if event["product_id"] not in CATALOGUE]
        now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        for event in (event for event in sent if event["product_id"] in CATALOGUE):
            known = {name: CATALOGUE[event["product_id"]][name] for name in ("category_code", "brand", "price")}
            stub.events[event["user_id"]].append({"event_time": now, **known, **event})
        rejected = [{"index": place, "error": "an unknown product"} for place in unknown]
        return {"accepted": len(sent) - len(unknown), "rejected": rejected}

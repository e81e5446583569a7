"""A small server that answers as the API does, on loopback: what load tests need of it, quick, slow or broken."""

import asyncio
import json
import random
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

USERS = 3_000
PRODUCTS = 200


@dataclass
class Stub:
    """delay: seconds before each answer. broken: answers 500 to requests whose path begins so. asked: how often, by
    method and first part of the path; users: those that were asked for, events: those that were reported.
    """

    delay: float = 0.0
    broken: str = "/nothing"
    port: int = 0
    asked: Counter[str] = field(default_factory=Counter)
    users: set[str] = field(default_factory=set)
    events: list[dict[str, Any]] = field(default_factory=list)
    loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)

    def answer(self, method: str, target: str, body: bytes) -> tuple[int, Any]:
        parts = urlsplit(target)
        first, _, rest = parts.path[1:].partition("/")
        self.asked[f"{method} /{first}"] += 1
        if parts.path.startswith(self.broken):
            return 500, {"error": "broken on purpose"}
        if (method, first, rest) == ("GET", "users", "sample"):
            count = int(parse_qs(parts.query)["n"][0])
            return 200, {"users": [{"user_id": f"u{user}"} for user in random.sample(range(USERS), min(count, 1_000))]}
        answers = {"recommendations": self._list, "similar": self._similar, "products": self._product,
                   "events": self._event, "health": lambda *_: (200, {"problems": {}})}  # fmt: skip
        return answers[first](rest, json.loads(body or b"null")) if first in answers else (404, {"error": "unknown"})

    def _list(self, user: str, _: Any) -> tuple[int, Any]:
        self.users |= {user} if user else set()
        products = random.sample(range(PRODUCTS), 10)
        return 200, {"items": [{"rank": rank, "product_id": f"p{product}"} for rank, product in enumerate(products, 1)]}

    def _similar(self, product: str, body: Any) -> tuple[int, Any]:
        return self._list("", body) if self._is_known(product) else (404, {"error": f"no product {product}"})

    def _product(self, product: str, _: Any) -> tuple[int, Any]:
        return (200, {"product_id": product}) if self._is_known(product) else (404, {"error": f"no product {product}"})

    def _event(self, _: str, event: Any) -> tuple[int, Any]:
        self.events.append(event)
        is_good = self._is_known(event["product_id"]) and {"event_type", "user_id", "user_session"} <= event.keys()
        return (202, {"accepted": 1, "rejected": []}) if is_good else (202, {"accepted": 0, "rejected": [{"index": 0}]})

    def _is_known(self, product: str) -> bool:
        return product[:1] == "p" and product[1:].isdecimal() and int(product[1:]) < PRODUCTS


class _Connection(asyncio.Protocol):
    """HTTP/1.1, one request after the other."""

    def __init__(self, stub: Stub) -> None:
        self._stub, self._buffer = stub, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while b"\r\n\r\n" in self._buffer:
            head, rest = self._buffer.split(b"\r\n\r\n", 1)
            lines = head.decode().split("\r\n")
            length = next((int(line[15:]) for line in lines if line.lower().startswith("content-length:")), 0)
            if len(rest) < length:
                return
            self._buffer = rest[length:]
            method, target, _ = lines[0].split(" ")
            status, answer = self._stub.answer(method, target, rest[:length])
            body = json.dumps(answer).encode()
            whole = f"HTTP/1.1 {status} x\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
            self._later(whole)

    def _later(self, whole: bytes) -> None:
        if self._stub.delay:
            self._stub.loop.call_later(self._stub.delay, self._transport.write, whole)  # type: ignore[attr-defined]
        else:
            self._transport.write(whole)  # type: ignore[attr-defined]


@contextmanager
def serving(stub: Stub) -> Iterator[Stub]:
    """In a thread, on a free port."""
    ready = Event()

    async def main() -> None:
        server = await stub.loop.create_server(lambda: _Connection(stub), "127.0.0.1", 0)
        stub.port = server.sockets[0].getsockname()[1]
        ready.set()
        await server.serve_forever()

    task = stub.loop.create_task(main())
    thread = Thread(target=lambda: stub.loop.run_until_complete(asyncio.wait([task])), daemon=True)
    thread.start()
    assert ready.wait(10)
    yield stub
    stub.loop.call_soon_threadsafe(task.cancel)
    thread.join(10)

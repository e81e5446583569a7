"""An HTTP client that costs next to nothing: requests at a constant rate, each timed from when it was due."""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

_PATIENCE_S = 10.0


@dataclass
class Timings:
    """ms: of each request from when it was due to the end of its answer, so that a stall counts for all that wait.
    late_ms: of each, how much later than due it was sent though a connection was free: the generator's own lateness.
    failed: answers of another status than 200 or 202, and none. changed: whatever `look` found.
    """

    ms: list[float] = field(default_factory=list)
    late_ms: list[float] = field(default_factory=list)
    failed: int = 0


class _Connection(asyncio.Protocol):
    """One request after the other."""

    def __init__(self, pool: "Pool") -> None:
        self._pool, self._read, self._due = pool, b"", 0.0
        self._answered: Callable[[int, bytes], None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]

    def ask(self, request: bytes, answered: Callable[[int, bytes], None]) -> None:
        self._answered = answered
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._read += data
        head = self._read.find(b"\r\n\r\n")
        if head < 0:
            return
        at = self._read.find(b"content-length: ", 0, head)
        length = int(self._read[at + 16 : self._read.find(b"\r\n", at)]) if at >= 0 else 0
        if len(self._read) < head + 4 + length:
            return
        status, body = int(self._read[9:12]), self._read[head + 4 : head + 4 + length]
        self._read = b""
        self._end(status, body)

    def connection_lost(self, exc: Exception | None) -> None:
        self._pool.lost(self)
        self._end(0, b"")

    def close(self) -> None:
        self._transport.close()

    def _end(self, status: int, body: bytes) -> None:
        answered, self._answered = self._answered, None
        if answered:
            if status:
                self._pool.free.append(self)
            answered(status, body)


class Pool:
    """Connections to one server on this machine."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.free: deque[_Connection] = deque()
        self._all: set[_Connection] = set()

    async def open(self, count: int) -> None:
        loop = asyncio.get_running_loop()
        for _ in range(count):
            _, made = await loop.create_connection(lambda: _Connection(self), "127.0.0.1", self._port)
            self._all.add(made)
            self.free.append(made)

    def lost(self, connection: _Connection) -> None:
        self._all.discard(connection)
        if connection in self.free:
            self.free.remove(connection)

    def close(self) -> None:
        for one in list(self._all):
            one.close()

    async def one(self, request: bytes) -> tuple[int, bytes]:
        """Status and body."""
        done: asyncio.Future[tuple[int, bytes]] = asyncio.get_running_loop().create_future()
        self.free.popleft().ask(request, lambda status, body: done.set_result((status, body)))
        return await done


async def at_rate(pool: Pool, rate: float, seconds: float, request: Callable[[], bytes]) -> Timings:
    """An open loop: requests go out when they are due, whether earlier ones are answered or not."""
    found, waiting, begun = Timings(), deque[float](), time.perf_counter()
    number, most = 0, int(rate * seconds)

    def send(due: float, asked_late: bool) -> None:
        if not pool.free:
            waiting.append(due)
            return
        now = time.perf_counter()
        if asked_late:
            found.late_ms.append((now - due) * 1000)
        pool.free.popleft().ask(request(), lambda status, _: answered(due, status))

    def answered(due: float, status: int) -> None:
        found.ms.append((time.perf_counter() - due) * 1000)
        found.failed += status not in (200, 202)
        if waiting:
            send(waiting.popleft(), False)

    while number < most:
        now = time.perf_counter()
        while number < most and begun + number / rate <= now:
            send(begun + number / rate, True)
            number += 1
        await asyncio.sleep(max(0.0, min(0.001, begun + number / rate - time.perf_counter())))
    await _rest(found, most)
    return found


async def _rest(found: Timings, most: int) -> None:
    """Waits for the last answers; those that do not come have failed."""
    until = time.perf_counter() + _PATIENCE_S
    while len(found.ms) < most and time.perf_counter() < until:
        await asyncio.sleep(0.01)
    found.failed += most - len(found.ms)


def get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()


def post(path: str, body: bytes) -> bytes:
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    return head.encode() + b"\r\n\r\n" + body

"""How long a connection may keep us waiting, and how many there may be: who only holds one open gives way to others."""

import asyncio
import resource
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEADER_S = 10.0  # from the first byte, or from the connection, to a request's whole head
SPARE_FILES = 200  # for all else that a process has open
MOST = 8_000
_open: dict["GuardedProtocol", None] = {}  # in order: the one that asked least lately first


def room() -> int:
    """Connections of a process: fewer than the files it may have open."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < MOST + SPARE_FILES and (hard == resource.RLIM_INFINITY or soft < hard):
        wanted = MOST + SPARE_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST + SPARE_FILES)
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        soft = wanted
    return max(10, min(MOST, soft - SPARE_FILES))


class GuardedProtocol(HttpToolsProtocol):
    """uvicorn's, with a time for a request's head, and a bound for open connections. most: see `room`."""

    most = MOST

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        while len(_open) >= self.most:
            idle = next((one for one in _open if one.is_idle), None)
            if idle is None:  # all are being answered
                transport.abort()
                return
            _open.pop(idle)
            idle.transport.abort()
        _open[self] = None
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        _open.pop(self, None)
        self._stop_waiting()
        super().connection_lost(exc)

    @property
    def is_idle(self) -> bool:
        """Whether no request is being answered."""
        return self.cycle is None or self.cycle.response_complete

    def on_message_begin(self) -> None:
        self._wait()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._stop_waiting()
        if self in _open:
            _open[self] = _open.pop(self)
        super().on_headers_complete()

    def _wait(self) -> None:
        self._stop_waiting()
        self._patience = self.loop.call_later(HEADER_S, self.transport.abort)

    def _stop_waiting(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

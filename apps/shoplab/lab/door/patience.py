"""How long the door waits for a client: seconds for the head of a request, a minute without a byte after it."""

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_S = 10.0  # from a connection's begin, or its last answer's end, until the head of a request is there
STALLED_S = 60.0  # without a byte, where it is the client's turn to send or to read
_TICK_S = 1.0


class Impatient(H11Protocol):
    """uvicorn's protocol: it bounds the time between requests, but not that of a request half sent or half read."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._since = self._moved = self.loop.time()
        self._unsent = 0
        self._timer = self.loop.call_later(_TICK_S, self._tick)

    def connection_lost(self, exc: Exception | None) -> None:
        self._timer.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._moved = self.loop.time()
        super().data_received(data)

    def on_response_complete(self) -> None:
        self._since = self.loop.time()
        super().on_response_complete()

    def _tick(self) -> None:
        if self._is_late(self.loop.time()):
            self.transport.abort()
        else:
            self._timer = self.loop.call_later(_TICK_S, self._tick)

    def _is_late(self, now: float) -> bool:
        cycle: Any = self.cycle
        if cycle is None or cycle.response_complete:
            return now - self._since > HEAD_S
        unsent = self.transport.get_write_buffer_size()
        if unsent != self._unsent or not self._waits_for_client(cycle, unsent):
            self._unsent, self._moved = unsent, now
        return now - self._moved > STALLED_S

    def _waits_for_client(self, cycle: Any, unsent: int) -> bool:
        """To send on, unless we told it to pause; or to read what we have for it."""
        return (cycle.more_body and not self.flow.read_paused) or unsent > 0

"""What a request may bring: a bounded body, in a bounded time. And HEAD, which is GET without the answer's body."""

import asyncio

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shoplab.serving.headers import refuse

MOST = 2 << 20  # bytes: a thousand events, and as much again
BODY_S = 10.0
_TOO_LARGE = f"the body is larger than {MOST >> 20} MB; send fewer events at once"
_LATE = "the body did not come in time; send it again"
_CLOSE = {"connection": "close"}  # the rest of the body is not read


class BoundedBodies:
    """ASGI middleware: 413 before a body that says it is too large is read, or as soon as it is; 408 for one that does
    not come.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD"):
            return await self._app(scope, receive, send)
        said = Headers(scope=scope).get("content-length", "0")
        if said.isdigit() and int(said) > MOST:
            return await refuse(413, _TOO_LARGE, scope, receive, send, _CLOSE)
        body = b""
        try:
            async with asyncio.timeout(BODY_S):
                while True:
                    message = await receive()
                    if message["type"] != "http.request":
                        return None  # who asked has gone
                    body += message.get("body", b"")
                    if len(body) > MOST:
                        return await refuse(413, _TOO_LARGE, scope, receive, send, _CLOSE)
                    if not message.get("more_body"):
                        break
        except TimeoutError:
            return await refuse(408, _LATE, scope, receive, send, _CLOSE)
        await self._app(scope, _given(body, receive), send)
        return None


class Heads:
    """ASGI middleware that answers HEAD as GET, without the body."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            return await self._app(scope, receive, send)

        async def without_body(message: Message) -> None:
            if message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        await self._app({**scope, "method": "GET"}, receive, without_body)


def _given(body: bytes, receive: Receive) -> Receive:
    """The body that was read, then whatever comes."""
    read = False

    async def again() -> Message:
        nonlocal read
        if read:
            return await receive()
        read = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again

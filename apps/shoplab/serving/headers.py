"""What keeps the API's page to itself: the host it answers to, its own scripts, no other page's frames."""

from collections.abc import Collection, Mapping
from hmac import compare_digest

from starlette.datastructures import Headers, QueryParams
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shoplab.core.listen import NOT_OURS, answers_to

HEADERS = [
    (b"content-security-policy", b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
     b"connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
]  # fmt: skip

_READING = ("GET", "HEAD", "OPTIONS")
_COOKIE = "shoplab_token"
_NO_TOKEN = (
    "this API wants its token (SHOPLAB_API_TOKEN): Authorization: Bearer TOKEN, or open /?token=TOKEN in a browser"
)


class SecurityHeaders:
    """ASGI middleware that adds them to every response."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *HEADERS]
            await send(message)

        await self._app(scope, receive, send_with_headers if scope["type"] == "http" else send)


class KnownHost:
    """ASGI middleware that answers to this machine's names and to `names` only: a name that somebody else points here
    would make their page one of our origin. And what changes something it takes from its own pages only.
    """

    def __init__(self, app: ASGIApp, names: Collection[str]) -> None:
        self._app, self._names = app, names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        headers = Headers(scope=scope)
        host, origin = headers.get("host", ""), headers.get("origin")
        if not answers_to(host, self._names):
            return await refuse(421, NOT_OURS, scope, receive, send)
        if scope["method"] not in _READING and origin is not None and origin.partition("://")[2] != host:
            return await refuse(403, "a page of another site can't send this", scope, receive, send)
        return await self._app(scope, receive, send)


class Token:
    """ASGI middleware that asks for a token: as `Authorization: Bearer TOKEN`, or by opening /?token=TOKEN once, which
    leaves a cookie that no script reads.
    """

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app, self._token = app, token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        if scope["path"] == "/" and self._is_right(QueryParams(scope["query_string"]).get("token", "")):
            response = RedirectResponse("/", status_code=303)
            response.set_cookie(_COOKIE, self._token.decode(), httponly=True, samesite="strict")
            return await response(scope, receive, send)
        request = Request(scope)
        said = request.headers.get("authorization", "").removeprefix("Bearer ")
        if self._is_right(said) or self._is_right(request.cookies.get(_COOKIE, "")):
            return await self._app(scope, receive, send)
        return await refuse(401, _NO_TOKEN, scope, receive, send)

    def _is_right(self, said: str) -> bool:
        return compare_digest(said.encode(), self._token)


async def refuse(
    status: int, said: str, scope: Scope, receive: Receive, send: Send, headers: Mapping[str, str] | None = None
) -> None:
    """Before any route: the one line that every error is."""
    await JSONResponse({"error": said}, status_code=status, headers=headers)(scope, receive, send)

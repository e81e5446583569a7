"""The way of most requests, GET /recommendations/USER?k=10, past FastAPI and all that stands before it: that costs as
much as an answer from the cache. What is not as plain goes the usual way, which says what is wrong with it.
"""

import re
import time
from collections.abc import Collection

from starlette.types import ASGIApp, Receive, Scope, Send

from shoplab.core.listen import answers_to
from shoplab.serving.desk import Desk, Question
from shoplab.serving.headers import HEADERS
from shoplab.serving.requests import Counts

_PATH, _ROUTE = "/recommendations/", "/recommendations/{user_id:path}"
_QUERY = re.compile(rb"(?:k=([1-9]\d?|100))?")
_USER = re.compile(r"[^\x00-\x1f\x7f]{1,64}")
_TYPE = (b"content-type", b"application/json")
_MOST_HOSTS = 100


class QuickRecommendations:
    """ASGI application before another. names: as in KnownHost. Not for an API that asks for a token."""

    def __init__(self, app: ASGIApp, desk: Desk, counts: Counts, names: Collection[str]) -> None:
        self._app, self._desk, self._counts, self._names = app, desk, counts, names
        self._hosts: dict[bytes, bool] = {}  # that were asked by, and whether they are ours

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        found = self._answer(scope) if scope["type"] == "http" and scope["method"] == "GET" else None
        if found is None:
            return await self._app(scope, receive, send)
        body, source = found
        headers = [_TYPE, (b"content-length", b"%d" % len(body)), *HEADERS]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})
        self._counts.add(_ROUTE, source, time.perf_counter() - started, 200)
        return None

    def _answer(self, scope: Scope) -> tuple[bytes, str] | None:
        path: str = scope["path"]
        if not path.startswith(_PATH) or not self._is_ours(scope):
            return None
        query = _QUERY.fullmatch(scope["query_string"])
        if query is None or not _USER.fullmatch(path, len(_PATH)):
            return None
        try:
            return self._desk.recommendations(Question(path[len(_PATH) :], int(query[1] or 10), "", False))
        except Exception:  # without a model, or in a fault of ours: the usual way says so
            return None

    def _is_ours(self, scope: Scope) -> bool:
        host = next((value for name, value in scope["headers"] if name == b"host"), b"")
        if host not in self._hosts and len(self._hosts) < _MOST_HOSTS:
            self._hosts[host] = answers_to(host.decode("latin-1"), self._names)
        return self._hosts.get(host, False)

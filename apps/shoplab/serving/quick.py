"""The way of most requests, GET /recommendations/USER?k=10, past FastAPI: what that does for each costs as much as an
answer from the cache. All that is not as plain as this goes the usual way, which says what is wrong with it.
"""

import re
from types import SimpleNamespace

from starlette.types import ASGIApp, Receive, Scope, Send

from shoplab.core.errors import LabError
from shoplab.serving.desk import Desk, Question

_PATH = "/recommendations/"
_ROUTE = SimpleNamespace(path="/recommendations/{user_id:path}")  # as it is counted
_QUERY = re.compile(rb"(?:k=([1-9]\d?|100))?")
_USER = re.compile(r"[^\x00-\x1f\x7f]{1,256}")
_TYPE = (b"content-type", b"application/json")


class QuickRecommendations:
    """ASGI middleware."""

    def __init__(self, app: ASGIApp, desk: Desk) -> None:
        self._app, self._desk = app, desk

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        found = self._answer(scope) if scope["type"] == "http" and scope["method"] == "GET" else None
        if found is None:
            return await self._app(scope, receive, send)
        body, source = found
        scope["route"] = _ROUTE
        scope["state"]["source"] = source
        headers = [_TYPE, (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})
        return None

    def _answer(self, scope: Scope) -> tuple[bytes, str] | None:
        path: str = scope["path"]
        query = _QUERY.fullmatch(scope["query_string"])
        if query is None or not path.startswith(_PATH) or not _USER.fullmatch(path, len(_PATH)):
            return None
        try:
            return self._desk.recommendations(Question(path[len(_PATH) :], int(query[1] or 10), "", False))
        except LabError:
            return None

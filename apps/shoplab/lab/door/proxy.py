"""The door itself: a request that the rules let through goes to its server, and the answer back, as streams."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import httpx
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from shoplab.lab.door.rules import Asked, Server, refusal

# Of one connection, and not of what is passed on; and what the door answers for itself
_OWN = frozenset({
    "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer", "transfer-encoding",
    "upgrade", "expect", "accept-encoding",
})  # fmt: skip
_ADDED = {
    "cross-origin-resource-policy": "same-origin", "x-content-type-options": "nosniff", "x-frame-options": "SAMEORIGIN",
}  # fmt: skip
_FILE = {"content-security-policy": "default-src 'none'; sandbox"}  # what lies on HDFS is no page of ours


@dataclass(frozen=True)
class Doors:
    """servers: port -> the server behind it. names: further hosts that are the lab; namenode: its RPC address."""

    servers: Mapping[int, Server]
    names: frozenset[str]
    namenode: str

    def server_of(self, port: int, asked: Asked) -> Server:
        """Clients that the NameNode sends on to the data node come back to the same door: for a browser one origin."""
        found = self.servers[port]
        if found.name == "namenode" and asked.is_for_datanode:
            return next(server for server in self.servers.values() if server.name == "datanode")
        return found


class Proxy:
    """The ASGI application behind all doors; which one, the port of a request tells."""

    def __init__(self, doors: Doors, client: httpx.AsyncClient) -> None:
        self._doors, self._client = doors, client

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        asked = Asked(scope["method"], scope["path"], scope["query_string"].decode("latin-1"), headers)
        server = self._doors.server_of(scope["server"][1], asked)
        refused = refusal(asked, server, self._doors.names, self._doors.namenode)
        if refused:
            status, reason = refused
            await PlainTextResponse(f"{reason}\n", status, {"connection": "close"})(scope, receive, send)
            return
        try:
            answer = await self._asked(request, server)
        except ClientDisconnect:
            return
        except httpx.HTTPError as error:
            said = f"the {server.name} does not answer ({type(error).__name__}); ./lab status\n"
            await PlainTextResponse(said, 502)(scope, receive, send)
            return
        try:
            await (await self._answer(answer, asked))(scope, receive, send)
        finally:
            await answer.aclose()

    async def _asked(self, request: Request, server: Server) -> httpx.Response:
        try:
            return await self._client.send(self._request(request, server.url), stream=True)
        except httpx.ConnectError:  # nothing of the body has been read
            if not server.instead:
                raise
            return await self._client.send(self._request(request, server.instead), stream=True)

    def _request(self, request: Request, url: str) -> httpx.Request:
        """The path and the query byte for byte, the host as the client named it."""
        target: bytes = request.scope["raw_path"]
        if request.scope["query_string"]:
            target += b"?" + request.scope["query_string"]
        headers = [(name, value) for name, value in request.headers.items() if name not in _OWN]
        has_body = request.headers.get("content-length", "0") != "0" or "transfer-encoding" in request.headers
        return self._client.build_request(
            request.method, httpx.URL(url).copy_with(raw_path=target),
            headers=[*headers, ("accept-encoding", "identity")], content=request.stream() if has_body else None,
        )  # fmt: skip

    async def _answer(self, answer: httpx.Response, asked: Asked) -> Response:
        headers = dict(_passed_on(answer.headers)) | _ADDED
        if asked.path.startswith("/webhdfs/"):
            headers |= _FILE
        if "location" in headers:
            headers["location"] = self._here(headers["location"], f"http://{asked.host}")
        if _names_datanodes(asked):
            headers.pop("content-length", None)
            text = (await answer.aread()).decode()
            return Response(self._with_doors(text, asked), answer.status_code, headers)
        return StreamingResponse(answer.aiter_raw(), answer.status_code, headers)

    def _with_doors(self, text: str, asked: Asked) -> str:
        """The data node's addresses as the door's. The file browser's script adds the header against forgery only to a
        path without a host.
        """
        if asked.path != "/jmx":
            return self._here(text, "" if asked.is_of_a_page else f"http://{asked.host}")
        port, url = next((port, one.url) for port, one in self._doors.servers.items() if one.name == "datanode")
        name = asked.host.rpartition(":")[0] or asked.host
        return re.sub(rf'(infoAddr\\":\\")[^"\\]+:{httpx.URL(url).port}\b', rf"\g<1>{name}:{port}", text)

    def _here(self, text: str, origin: str) -> str:
        """Addresses of the data node, in a redirect or in JSON, as those of the door that was asked."""
        for server in self._doors.servers.values():
            if server.name == "datanode":
                text = text.replace(f"{server.url}/", f"{origin}/")
        return text


def _passed_on(headers: httpx.Headers) -> Iterator[tuple[str, str]]:
    """All but those that would let another origin's page read the answer."""
    for name, value in headers.items():
        if name not in _OWN and not name.startswith("access-control-"):
            yield name, value


def _names_datanodes(asked: Asked) -> bool:
    """Whether an answer, a small one, has a data node's address in its text."""
    parameters = dict(asked.parameters)
    if asked.path == "/jmx":
        return "NameNodeInfo" in asked.query
    return parameters.get("noredirect") == "true" and not asked.is_for_datanode

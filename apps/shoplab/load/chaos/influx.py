"""InfluxDB's write API, and no more of it, before the lab's own metric store: it can be away, or take calls and never
answer.
"""

import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from shoplab.metrics.point import EPOCH, MICROSECOND, Field, Point
from shoplab.metrics.store import MetricStore

TOKEN = "of-no-server"
_KEY, _TEXT = r"(?:\\.|[^,= \\\n])+", r'"(?:\\.|[^"\\])*"'
_TAG, _FIELD = re.compile(rf",({_KEY})=({_KEY})"), re.compile(rf"[, ]({_KEY})=({_TEXT}|[^, ]+)")
_LINE = re.compile(rf"({_KEY})((?:,{_KEY}={_KEY})*)( {_KEY}=(?:{_TEXT}|[^, ]+)(?:,{_KEY}=(?:{_TEXT}|[^, ]+))*) (-?\d+)")


class FakeInflux:
    """Runs between `come` and `go_away`, at one address."""

    def __init__(self, store: MetricStore, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._store, self._port = store, port
        self._answers = threading.Event()
        self._server: ThreadingHTTPServer | None = None

    def come(self) -> None:
        """Whoever was kept waiting gets no answer: the connection ends."""
        self.go_away()
        self._answers.set()
        self._listen()

    def be_silent(self) -> None:
        self._answers.clear()

    def go_away(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def _listen(self) -> None:
        fake, answers = self, self._answers

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if not answers.is_set():
                    answers.wait()
                    self.close_connection = True
                    return
                fake._store.write(list(points(body.decode())))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            block_on_close = False

        self._server = Server(("127.0.0.1", self._port), Handler)
        threading.Thread(target=self._server.serve_forever, args=(0.1,), name="influx", daemon=True).start()


def points(lines: str) -> Iterator[Point]:
    """Of InfluxDB's line protocol, as its client writes it: numbers and texts, times in microseconds."""
    for found in _LINE.finditer(lines):
        name, tags, fields, time = found.groups()
        yield Point(
            _plain(name),
            {_plain(tag): _plain(value) for tag, value in _TAG.findall(tags)},
            {_plain(field): _value(value) for field, value in _FIELD.findall(fields)},
            EPOCH + int(time) * MICROSECOND,
        )


def _plain(written: str) -> str:
    return re.sub(r"\\(.)", r"\1", written)


def _value(written: str) -> Field:
    return _plain(written[1:-1]) if written.startswith('"') else float(written)

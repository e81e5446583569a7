"""A page of another origin, and what it may try in a browser."""

import http.server
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

import requests
from playwright.sync_api import Page


class _Handler(http.server.BaseHTTPRequestHandler):
    """/to?URL sends the browser on."""

    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(self.path)
        path, _, target = self.path.partition("?")
        self.send_response(302 if path == "/to" else 200)
        self.send_header("Access-Control-Allow-Origin", "*")
        self.send_header("Content-Type", "text/html")
        if target:
            self.send_header("Location", target)
        self.end_headers()
        self.wfile.write(b"<title>elsewhere</title>")

    do_POST = do_PUT = do_OPTIONS = do_GET

    def log_message(self, *_: object) -> None:
        """Nothing."""


@contextmanager
def server(port: int = 0) -> Iterator[tuple[int, list[str]]]:
    """Its port, and what it is asked for."""
    handler = type("Handler", (_Handler,), {"asked": []})
    with http.server.ThreadingHTTPServer(("127.0.0.1", port), handler) as running:
        Thread(target=running.serve_forever, daemon=True).start()
        yield running.server_port, handler.asked
        running.shutdown()


def get(url: str, **headers: str) -> requests.Response:
    """As a program asks, past any proxy of the environment."""
    with requests.Session() as session:
        session.trust_env = False
        return session.get(url, headers=headers, timeout=30)


def fetched(tab: Page, url: str, options: str = "{}") -> str:
    """What a script on the page gets to see: a status and a text, or "no: " and why."""
    script = f"fetch('{url}', {options}).then(a => a.text().then(t => a.status + ' ' + t), e => 'no: ' + e)"
    return str(tab.evaluate(script))


def send_form(tab: Page, url: str, method: str = "POST") -> None:
    """A form without script's limits, into a frame; waits until something is there."""
    tab.evaluate(f"""new Promise(done => {{
      const frame = document.createElement('iframe'), form = document.createElement('form');
      frame.name = 'f' + Math.random(); form.target = frame.name; form.method = '{method}'; form.action = '{url}';
      document.body.append(frame, form); frame.onload = () => done(); form.submit(); setTimeout(done, 1000);
    }})""")


def try_all(tab: Page, url: str) -> None:
    """Every way a page has to ask for a URL; which of them work is for the caller to see."""
    for method in ("GET", "PUT", "POST", "DELETE"):
        for mode in ("cors", "no-cors"):
            for headers in ("{}", "{'X-XSRF-HEADER': '1'}"):
                body = "" if method == "GET" else ", body: 'x'"
                fetched(tab, url, f"{{method: '{method}', mode: '{mode}', headers: {headers}{body}}}")
    send_form(tab, url)
    tab.evaluate(f"new Promise(done => {{ const i = new Image(); i.onload = i.onerror = done; i.src = '{url}' }})")


def upload(tab: Page, name: str, text: str) -> None:
    """A file by the form of HDFS's file browser, which the tab shows."""
    tab.evaluate(f"""(() => {{
      const input = document.getElementById('modal-upload-file-input'), files = new DataTransfer();
      files.items.add(new File(['{text}'], '{name}'));
      input.files = files.files;
      input.dispatchEvent(new Event('change', {{bubbles: true}}));
      $('#modal-upload-file-button').prop('disabled', false).click();
    }})()""")

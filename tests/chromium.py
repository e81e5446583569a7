"""A real browser: Chromium without a window, spoken to by its DevTools protocol."""

import json
import os
import shutil
import subprocess
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest
from websocket import create_connection

from shoplab.core.wait import wait_until

NAMES = ("chromium", "chromium-browser", "google-chrome")


class Page:
    """One tab."""

    def __init__(self, address: str) -> None:
        self._socket = create_connection(address, timeout=60, suppress_origin=True, http_no_proxy=["127.0.0.1"])
        self._number = 0

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._number += 1
        self._socket.send(json.dumps({"id": self._number, "method": method, "params": parameters}))
        while (answer := json.loads(self._socket.recv())).get("id") != self._number:
            pass
        assert "error" not in answer, answer
        result: dict[str, Any] = answer["result"]
        return result

    def open(self, url: str) -> str:
        """Returns why the browser could not, "" where it could. It waits until the page and its scripts are there."""
        problem = str(self.call("Page.navigate", url=url).get("errorText", ""))
        wait_until(lambda: self.run("document.readyState") == "complete", 30, f"{url} is not there")
        return problem

    def run(self, script: str) -> Any:
        """The value of an expression, of a promise when it is kept. Where it throws, that in words."""
        done = self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in done:
            return f"threw {done['exceptionDetails']['exception'].get('description', '')}"
        return done["result"].get("value")

    def close(self) -> None:
        self._socket.close()


@contextmanager
def browser() -> Iterator[Page]:
    """A fresh one, with an empty profile. Skips where there is none."""
    program = next((found for name in NAMES if (found := shutil.which(name))), None)
    if program is None:
        pytest.skip("no Chromium here; on Debian: apt install chromium")
    with tempfile.TemporaryDirectory(prefix="chromium-", ignore_cleanup_errors=True) as profile:
        command = [program, "--headless=new", "--remote-debugging-port=0", f"--user-data-dir={profile}",
                   "--no-first-run", "--disable-gpu", "--disable-dev-shm-usage", "--no-proxy-server",
                   "--disable-background-networking",
                   *(["--no-sandbox"] if os.getuid() == 0 else []), "about:blank"]  # fmt: skip
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as running:
            try:
                page = Page(_first_tab(Path(profile)))
                yield page
                page.close()
            finally:
                helpers = psutil.Process(running.pid).children(recursive=True)
                running.terminate()
                psutil.wait_procs(helpers, timeout=10)  # they write into the profile to the last


def _first_tab(profile: Path) -> str:
    """Its DevTools address."""
    told = profile / "DevToolsActivePort"
    wait_until(lambda: told.is_file() and told.read_text().strip(), 30, "Chromium does not start")
    port = told.read_text().split()[0]
    tabs = wait_until(lambda: _tabs(port), 30, "Chromium has no tab")
    return str(tabs[0]["webSocketDebuggerUrl"])


def _tabs(port: str) -> list[dict[str, Any]]:
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with direct.open(f"http://127.0.0.1:{port}/json/list", timeout=10) as answer:
        return [tab for tab in json.load(answer) if tab["type"] == "page"]

"""Jars come from a local HTTP server here: whole, cut, wrong, or not at all."""

import hashlib
import re
import runpy
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from shoplab.core.errors import ServiceError
from shoplab.core.settings import REPO, Settings
from shoplab.core.toolchain import jars

CONTENT = {"org/a/one/1.0/one-1.0.jar": b"one" * 50_000, "org/b/two/2/two-2-tests.jar": b"two" * 100}
COORDINATES = {"org/a/one/1.0/one-1.0.jar": "org.a:one:1.0", "org/b/two/2/two-2-tests.jar": "org.b:two:2:tests"}


class Repository(BaseHTTPRequestHandler):
    """Serves `content`, with Range; keeps what it was asked."""

    content: dict[str, bytes]
    asked: list[tuple[str, str | None]]

    def do_GET(self) -> None:
        wanted = self.headers.get("Range")
        self.asked.append((self.path.strip("/"), wanted))
        data = self.content.get(self.path.strip("/"))
        if data is None:
            self.send_error(404)
            return
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
        self.send_response(206 if wanted else 200)
        self.send_header("Content-Length", str(len(data) - start))
        self.end_headers()
        self.wfile.write(data[start:])

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def repository(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Repository]]:
    handler = type("Handler", (Repository,), {"content": dict(CONTENT), "asked": []})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        monkeypatch.setenv("SHOPLAB_MAVEN_URL", f"http://127.0.0.1:{server.server_port}")
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        yield handler
        server.shutdown()


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    lock = tmp_path / "jars.lock"
    lines = [
        f"hadoop {COORDINATES[path]} {len(data)} {hashlib.sha256(data).hexdigest()}" for path, data in CONTENT.items()
    ]
    lock.write_text("# a comment\n" + "\n".join(lines) + "\nkafka org.c:three:3 1 00\n")
    monkeypatch.setattr(jars, "LOCK", lock)
    return replace(Settings(), cache=tmp_path / "cache")


def test_fetches_a_group_once(lab: Settings, repository: type[Repository]) -> None:
    paths = jars.ensure(lab, "hadoop")
    assert [path.read_bytes() for path in paths] == list(CONTENT.values())
    assert [path.name for path in paths] == ["one-1.0.jar", "two-2-tests.jar"]
    assert jars.ensure(lab, "hadoop") == paths
    assert len(repository.asked) == 2
    assert not list(lab.cache.rglob("*.part"))


def test_continues_a_cut_download(lab: Settings, repository: type[Repository]) -> None:
    path, data = next(iter(CONTENT.items()))
    part = lab.cache / "jars" / f"{path}.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(data[:1000])
    assert jars.ensure(lab, "hadoop")[0].read_bytes() == data
    assert (path, "bytes=1000-") in repository.asked


def test_a_damaged_part_is_fetched_anew(lab: Settings, repository: type[Repository]) -> None:
    path, data = next(iter(CONTENT.items()))
    part = lab.cache / "jars" / f"{path}.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(b"?" * 1000)
    assert jars.ensure(lab, "hadoop")[0].read_bytes() == data
    assert [wanted for asked, wanted in repository.asked if asked == path] == ["bytes=1000-", None]


def test_a_wrong_file_is_refused_named_and_removed(lab: Settings, repository: type[Repository]) -> None:
    path, data = next(iter(CONTENT.items()))
    repository.content[path] = data[:-1] + b"X"
    with pytest.raises(ServiceError, match=r"one-1\.0\.jar .*SHA-256 differs"):
        jars.ensure(lab, "hadoop")
    assert not list(lab.cache.rglob("one-1.0.jar*"))


def test_a_file_longer_than_locked_is_refused(lab: Settings, repository: type[Repository]) -> None:
    path, data = next(iter(CONTENT.items()))
    repository.content[path] = data + b"more"
    with pytest.raises(ServiceError, match="SHA-256 differs"):
        jars.ensure(lab, "hadoop")


def test_a_file_of_another_size_in_the_cache_is_replaced(lab: Settings, repository: type[Repository]) -> None:
    path, data = next(iter(CONTENT.items()))
    cached = lab.cache / "jars" / path
    cached.parent.mkdir(parents=True)
    cached.write_bytes(b"cut")
    assert jars.ensure(lab, "hadoop")[0].read_bytes() == data


def test_a_missing_file_is_named(lab: Settings, repository: type[Repository]) -> None:
    del repository.content["org/b/two/2/two-2-tests.jar"]
    with pytest.raises(ServiceError, match=r"two-2-tests\.jar: the server says 404"):
        jars.ensure(lab, "hadoop")


def test_offline_with_an_empty_cache_says_what_to_do(lab: Settings) -> None:
    with pytest.raises(ServiceError, match=r"2 server jars .* SHOPLAB_OFFLINE"):
        jars.ensure(replace(lab, offline=True), "hadoop")


def test_no_network_is_one_clear_line(lab: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOPLAB_MAVEN_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with pytest.raises(ServiceError, match=r"cannot fetch .*: no connection; check the network or proxy") as raised:
        jars.ensure(lab, "hadoop")
    assert "\n" not in str(raised.value)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full to stand for a full disk")
def test_a_full_disk_is_one_clear_line(lab: Settings, repository: type[Repository]) -> None:
    part = lab.cache / "jars" / "org/a/one/1.0/one-1.0.jar.part"
    part.parent.mkdir(parents=True)
    part.symlink_to("/dev/full")
    with pytest.raises(ServiceError, match=r"No space left on device; free some space"):
        jars.ensure(lab, "hadoop")


def test_two_processes_fetch_at_once(lab: Settings, repository: type[Repository]) -> None:
    code = (
        "import sys; from pathlib import Path; from dataclasses import replace;"
        "from shoplab.core.toolchain import jars;"
        "from shoplab.core.settings import Settings; jars.LOCK = Path(sys.argv[1]);"
        "print(jars.ensure(replace(Settings(), cache=Path(sys.argv[2])), 'hadoop')[0].stat().st_size)"
    )
    command = [sys.executable, "-c", code, str(jars.LOCK), str(lab.cache)]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=REPO / "apps") for _ in range(2)]
    assert [child.communicate(timeout=60)[0].strip() for child in both] == ["150000", "150000"]
    assert len(repository.asked) == 2


def test_the_lock_is_well_formed_and_holds_what_lock_jars_asks_for() -> None:
    locked = jars.parse(jars.LOCK.read_text())
    assert all(re.fullmatch(r"[0-9a-f]{64}", jar.sha256) and jar.size > 0 for jar in locked)
    assert len({jar.coordinate for jar in locked}) == len(locked)
    top = runpy.run_path(str(REPO / "scripts" / "lock-jars"), run_name="lock_jars")["TOP"]
    for group, coordinates in top.items():
        assert set(coordinates) <= {jar.coordinate for jar in locked if group in jar.groups}


def test_the_repository_is_the_one_that_pyspark_uses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SHOPLAB_MAVEN_URL", raising=False)
    assert re.fullmatch(r"https://[\w.-]+/maven2/", jars.maven_url())


def test_the_image_that_fetches_jars_has_all_the_code_for_it() -> None:
    """It copies that little by name, so that other changes of the code do not fetch them again."""
    loaded = (
        "import sys, shoplab.core.toolchain.jars as _\n"
        "print(*(module.__file__ for name, module in sys.modules.items() if name.split('.')[0] == 'shoplab'))"
    )
    done = subprocess.run([sys.executable, "-c", loaded], cwd=REPO / "apps", capture_output=True, text=True, check=True)
    stage = (REPO / "images/Dockerfile").read_text().split(" AS jars\n")[1].split("\nFROM ")[0]
    copied = [word for line in re.findall(r"^COPY (.*) \S+$", stage, re.MULTILINE) for word in line.split()]
    for file in done.stdout.split():
        path = Path(file).relative_to(REPO).as_posix()
        assert any(path == place or (place.endswith("/") and path.startswith(place)) for place in copied), path

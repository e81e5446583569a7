import os
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from shoplab.core.errors import ServiceError
from shoplab.core.settings import REPO, Settings
from shoplab.metrics.embedded import EmbeddedStore
from shoplab.metrics.point import Point
from shoplab.metrics.store import open_store

NOON = datetime(2019, 11, 1, 12, tzinfo=UTC)

WRITER = """
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shoplab.metrics.embedded import EmbeddedStore
from shoplab.metrics.point import Point
store = EmbeddedStore(Path(sys.argv[1]))
for batch in range(100_000):
    if Path(sys.argv[2]).exists():
        break
    time = datetime(2019, 11, 1, 12, tzinfo=UTC) + timedelta(seconds=batch)
    store.write([Point("m", {"part": str(part)}, {"x": batch}, time) for part in range(10)])
"""


def test_without_an_influx_url_the_store_lies_in_the_labs_home(settings: Settings) -> None:
    store = open_store(settings)
    store.write([Point("m", {}, {"x": 1}, NOON)])
    store.close()
    assert (settings.home / "metrics.db").is_file()
    assert len(open_store(settings).query("m")) == 1


def test_a_reader_sees_whole_batches_while_another_process_writes(tmp_path: Path) -> None:
    path, stop = tmp_path / "metrics.db", tmp_path / "stop"
    command = [sys.executable, "-c", WRITER, str(path), str(stop)]
    writer = subprocess.Popen(command, env=os.environ | {"PYTHONPATH": str(REPO / "apps")})
    reader = EmbeddedStore(path)
    seen = set()
    while len(seen) < 5 and writer.poll() is None:
        seen.add(len(reader.query("m")))
    stop.touch()
    assert writer.wait(60) == 0
    assert len(seen) == 5
    assert all(count % 10 == 0 for count in seen)


def test_a_reader_half_way_through_does_not_keep_the_writer_waiting(tmp_path: Path) -> None:
    path = tmp_path / "metrics.db"
    store = EmbeddedStore(path)
    store.write([Point("m", {}, {"x": 1}, NOON)])
    reader = sqlite3.connect(path)
    reader.execute("BEGIN")
    assert reader.execute("SELECT count(*) FROM points").fetchone() == (1,)
    store.write([Point("m", {}, {"x": 2}, NOON + timedelta(seconds=1))])
    assert len(store.query("m")) == 2
    reader.close()


def test_a_file_that_is_no_database_is_named_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "metrics.db"
    path.write_bytes(b"not a database at all" * 100)
    with pytest.raises(ServiceError, match=r"metrics\.db cannot be used.*") as refused:
        EmbeddedStore(path).ping()
    assert "\n" not in str(refused.value)


def test_a_batch_goes_in_whole_or_not_at_all(tmp_path: Path) -> None:
    store = EmbeddedStore(tmp_path / "metrics.db")
    broken = Point("m", {}, {"x": 1}, NOON + timedelta(seconds=1))
    broken.fields["x"] = object()  # type: ignore[assignment]
    with pytest.raises(TypeError):
        store.write([Point("m", {}, {"x": 1}, NOON), broken])
    assert store.query("m") == []

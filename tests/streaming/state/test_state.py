"""The stream's memory gives what the batch jobs give, and goes on after a restart as if there had been none."""

import os

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from pandas.testing import assert_frame_equal
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from shoplab.behaviour.products import products
from shoplab.behaviour.sessions import sessions
from shoplab.behaviour.touches import touches
from shoplab.behaviour.users import users_of
from shoplab.core.schemas import EVENT
from shoplab.segments import on_driver
from shoplab.segments.confidence import Confidence
from shoplab.segments.drift import ReferenceBins
from shoplab.segments.history import user_history
from shoplab.segments.kmeans import fit_segments
from shoplab.segments.model import Segmentation, apply_segmentation
from shoplab.segments.rfm import fit_rfm
from shoplab.streaming.records import hashed
from shoplab.streaming.state import files, state
from shoplab.streaming.state.files import StateFiles
from shoplab.streaming.state.levels import Levels, no_levels
from shoplab.streaming.state.state import StreamState, Taken

START = 1_572_480_000_000_000  # 2019-10-31 00:00:00 UTC
RANDOM = np.random.default_rng(3)
BATCHES, ROWS = 40, int(os.environ.get("SHOPLAB_TEST_STATE_EVENTS", "60000")) // 40


def batch(number: int, rows: int = ROWS) -> pa.Table:
    """Shop events of 45 minutes, in their order; the first batches are of October, the others of November."""
    user = RANDOM.integers(0, max(300, ROWS // 5), rows)
    session = user * 10 + (RANDOM.random(rows) < 0.2) + number // 4
    product = RANDOM.integers(0, 120, rows)
    time = np.sort(START + number * 2_700_000_000 + RANDOM.integers(0, 2_700, rows) * 1_000_000)
    none = RANDOM.random(rows)
    return pa.table({
        "event_time": pa.array(time, pa.timestamp("us", "UTC")),
        "event_type": RANDOM.choice(["view", "view", "view", "cart", "purchase", "refund", "remove_from_cart"], rows),
        "product_id": product.astype(str),
        "category_id": (product % 9).astype(str),
        "category_code": pa.array(np.char.add("top", (product % 7).astype(str)), mask=product % 5 == 0),
        "brand": pa.array((product % 11).astype(str), mask=none < 0.1),
        "price": pa.array(product + 0.25, mask=none > 0.97),
        "quantity": pa.array(RANDOM.integers(1, 4, rows), mask=none > 0.3),
        "user_id": user.astype(str),
        "user_session": session.astype(str),
        "date": pa.array(time, pa.timestamp("us", "UTC")).cast(pa.date32()),
    }).select(EVENT.names)  # fmt: skip


def close(ours: pa.Table, theirs: pa.Table, *keys: str) -> None:
    """Equal in every row, numbers with a fraction to nine digits: they are sums in another order."""
    mine, other = (table.to_pandas().sort_values(list(keys), ignore_index=True) for table in (ours, theirs))
    assert_frame_equal(mine, other[list(mine)], check_dtype=False, check_exact=False, rtol=1e-9, atol=0)


@pytest.fixture(scope="module")
def taken(spark: SparkSession) -> tuple[DataFrame, DataFrame, list[Taken]]:
    """All batches' events, each at a time of its own per session, their products, and what came of each batch."""
    events = pa.concat_tables([batch(number) for number in range(BATCHES)])
    keys = ["user_id", "user_session", "event_time"]  # two at once: which category came first, Spark does not say
    first = events.append_column("place", pa.array(range(len(events)))).group_by(keys).aggregate([("place", "min")])
    events = events.take(pa.array(np.sort(first["place_min"].to_numpy())))
    frame = spark.createDataFrame(events).persist()
    known = products(frame).persist()
    levels = known.select(F.xxhash64("product_id").alias("key"), "price_level").toArrow()
    by_key = Levels(levels["key"].to_numpy(), pc.fill_null(levels["price_level"], float("nan")).to_numpy())
    rows, memory = hashed(frame).sort("event_time").toArrow(), StreamState()
    return (
        frame,
        known,
        [memory.take(rows.slice(at, ROWS).combine_chunks(), by_key) for at in range(0, len(rows), ROWS)],
    )


def newest(tables: list[pa.Table], *keys: str) -> pa.Table:
    rows = pa.concat_tables(tables)
    last = rows.append_column("place", pa.array(range(len(rows)))).group_by(keys).aggregate([("place", "max")])
    return rows.take(last["place_max"])


def test_sessions_are_the_batch_jobs(taken: tuple[DataFrame, DataFrame, list[Taken]]) -> None:
    frame, _, made = taken
    keys = ("user_id", "user_session")
    close(newest([one.sessions for one in made], *keys), sessions(touches(frame)).toArrow(), *keys)


def test_users_are_the_batch_jobs(taken: tuple[DataFrame, DataFrame, list[Taken]]) -> None:
    frame, known, made = taken
    theirs = users_of(frame, known).toArrow()
    assert set(theirs["month"].to_pylist()) == {"2019-10", "2019-11"}
    close(newest([one.users for one in made], "user_id", "month"), theirs, "user_id", "month")


def test_segments_are_the_batch_jobs(taken: tuple[DataFrame, DataFrame, list[Taken]], spark: SparkSession) -> None:
    frame, known, _ = taken
    by_month = users_of(frame, known).persist()
    history = user_history(by_month).persist()
    model = fit_segments(history, k=4)
    shares = Confidence(tuple((0.1 * i, 0.2, 0.3, 0.4) for i in range(4)))
    as_of = frame.agg(F.max("date")).collect()[0][0]
    whole = Segmentation(fit_rfm(history, as_of), model, shares, ReferenceBins({}, {}))
    ours = on_driver.segment_rows(whole, by_month.toArrow().to_pandas())
    theirs = apply_segmentation(whole, history).toArrow()
    assert len(set(theirs["rfm_class"].to_pylist())) > 2
    close(ours, theirs, "user_id")


def test_a_batch_again_is_all_duplicates(spark: SparkSession) -> None:
    rows, memory = hashed(spark.createDataFrame(batch(0))).toArrow().combine_chunks(), StreamState()
    first, again = memory.take(rows, no_levels()), memory.take(rows, no_levels())
    assert len(first.events) + first.duplicates == len(rows)
    assert (len(again.events), again.duplicates, len(again.users)) == (0, len(rows), 0)


class Files:
    """HDFS, as far as the state's files need it."""

    def __init__(self) -> None:
        self.held: dict[str, bytes] = {}

    def write(self, path: str, data: bytes) -> None:
        self.held[path] = data

    def read(self, path: str) -> bytes:
        return self.held[path]

    def names(self, folder: str) -> list[str]:
        return sorted(path.removeprefix(f"{folder}/") for path in self.held)

    def delete(self, path: str) -> None:
        del self.held[path]


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Generations that are soon forgotten, chunks and files of few rows."""
    for name, size in (("EVENTS_KNOWN", 9000), ("SESSIONS_KNOWN", 300), ("PAIRS_KNOWN", 3000)):
        monkeypatch.setattr(state, name, size)
    monkeypatch.setattr(files, "CHUNK", 128)
    monkeypatch.setattr(files, "PART", 20_000)


@pytest.mark.usefixtures("small")
def test_a_restart_goes_on_where_it_was(spark: SparkSession) -> None:
    """After every third batch; two states were written whole."""
    rows = hashed(spark.createDataFrame(pa.concat_tables([batch(number, 500) for number in range(24)])))
    whole = rows.sort("event_time").toArrow()
    going, stopped, store = StreamState(), StreamState(), Files()
    kept = StateFiles(store, "/state")  # type: ignore[arg-type]
    kept.write_whole(-1, stopped)
    for number, at in enumerate(range(0, len(whole), 500)):
        part = whole.slice(at, 500).combine_chunks()
        _alike(stopped.take(part, no_levels()), going.take(part, no_levels()))
        (kept.write_whole if number == 10 else kept.write)(number, stopped)
        kept.forget()
        if number != 10:  # which was written whole, as where nothing is known of before
            assert StateFiles(store, "/state").restore(number - 1) is not None, "it can't be done again"  # type: ignore[arg-type]
        if number % 3 == 1:
            kept = StateFiles(store, "/state")  # type: ignore[arg-type]
            restored = kept.restore(number)
            assert restored is not None
            stopped = restored
    names = [name.removeprefix("/state/") for name in store.held]
    batches = [int(name.split("=")[1].split(".")[0]) for name in names if name.startswith("after=")]
    assert min(batches) >= 10  # older ones have had their turn
    settled = [name.rsplit(".", 2)[0].removeprefix("settled=") for name in names if name.startswith("settled=")]
    assert len(settled) == len(set(settled)), "each is written once"
    here = {name for name, _ in stopped.settled()}
    assert here <= set(settled)
    assert len(set(settled) - here) <= 3, "of those that went only the last batch's"
    assert kept.restore(number + 1) is None


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("lost", ["settled=seen", "settled=sessions", "after="], ids=["events", "sessions", "chunks"])
def test_a_state_of_which_a_file_is_lost_is_none(spark: SparkSession, lost: str) -> None:
    """It would have users without events, or know none of a generation."""
    rows = hashed(spark.createDataFrame(batch(0, 12_000))).sort("event_time").toArrow()
    memory, store = StreamState(), Files()
    kept = StateFiles(store, "/state")  # type: ignore[arg-type]
    kept.write_whole(-1, memory)
    for number, at in enumerate(range(0, len(rows), 1_000)):
        memory.take(rows.slice(at, 1_000).combine_chunks(), no_levels())
        kept.write(number, memory)
        kept.forget()
    assert kept.restore(number) is not None
    gone = [name for name in store.held if name.startswith(f"/state/{lost}") and f"={number}." not in name]
    assert gone
    for name in gone:
        store.delete(name)
    assert kept.restore(number) is None


def _alike(ours: Taken, theirs: Taken) -> None:
    assert ours.events.equals(theirs.events)
    assert ours.duplicates == theirs.duplicates
    order = [(column, "ascending") for column in ("user_id", "month")]
    for name in ("users", "sessions"):
        assert getattr(ours, name).sort_by(order).equals(getattr(theirs, name).sort_by(order))

"""The stream on a running lab learns on: what it publishes lies on HDFS, and the API answers as it does."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from shoplab.core.frames import SparkCatalog
from shoplab.core.kafka import empty_topic
from shoplab.core.settings import Settings
from shoplab.core.wait import wait_until
from shoplab.events.job import ingest
from shoplab.events.mapping import load_mapping
from shoplab.events.sources import inspect
from shoplab.metrics.embedded import EmbeddedStore
from shoplab.recommend.data.histories import UserContext
from shoplab.recommend.job import train
from shoplab.recommend.model.increment_files import Increments
from shoplab.streaming.job import LiveJob
from shoplab.streaming.learning.refit import FEWEST_EVENTS, Refit
from shoplab.streaming.learning.service import Batch
from shoplab.streaming.models import Models
from shoplab.streaming.replay import replay
from tests.data import csv_file, month_file, raw_line
from tests.serving.asked import Api, ids, lists
from tests.streaming.conftest import drain

ASKED = [UserContext("3"), UserContext("nobody", None, [("new", "view")]), UserContext("stranger")]


@dataclass(frozen=True)
class Learned:
    """A stream after two batches: 60 clicks of November, half of them on a product that October did not have."""

    settings: Settings
    job: LiveJob
    store: EmbeddedStore


@pytest.fixture(scope="module")
def learned(lab: Settings, spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Learned]:
    folder = tmp_path_factory.mktemp("learn")
    settings = replace(lab, data_root="/learn", events_topic="learn-events", home=folder)
    catalog = SparkCatalog(settings, spark)
    ingest(catalog, inspect(month_file(folder / "oct.csv", 10, 600), load_mapping("rees46")))
    train(catalog)
    empty_topic(settings)
    store = EmbeddedStore(folder / "metrics.db")
    job = LiveJob(settings, store)
    for first in (0, 30):
        replay(settings, inspect(clicks(folder / f"{first}.csv", first, first + 30)))
        drain(settings, spark, job)
    yield Learned(settings, job, store)
    catalog.storage.delete("/learn")


def clicks(path: Path, first: int, last: int, hour: int = 10) -> Path:
    return csv_file(path, *[
        raw_line(time=f"2019-11-01 {hour}:{n:02}:00 UTC", product=str(n % 12) if n % 2 else "new",
                 price=str(5 + n % 12), user=str(n // 2 % 7), session=f"nov-{n // 2 % 7}")
        for n in range(first, last)
    ])  # fmt: skip


def test_the_stream_shows_what_the_model_did_not_know(learned: Learned) -> None:
    base = learned.job.models.recommender
    served = learned.job.learning.served(base)
    assert base is not None
    assert served is not None
    assert (base.product("new"), base.increment) == (None, 0)
    assert served.product("new") is not None
    pointer = Increments(learned.job.catalog).current()
    assert pointer == (base.version, served.increment)
    assert served.increment >= 2


def test_the_api_gives_the_same_lists(learned: Learned, tmp_path: Path) -> None:
    stream = learned.job.learning.served(learned.job.models.recommender)
    assert stream is not None
    found = lists(Api(learned.job.catalog, tmp_path / "serving").look(), ASKED, 20)
    assert found == ids(stream.recommend(ASKED, 20))
    assert "new" in found[2]


def test_quality_is_measured_before_learning(learned: Learned) -> None:
    base, served = (
        [point.fields for point in learned.store.query("recommendation_quality", tags={"segment": "all", "list": name})]
        for name in ("base", "served")
    )
    assert [fields["cases"] for fields in served] == [30, 60]
    assert served[0] == base[0]  # nothing is learned yet
    assert served[1]["hit20"] > base[1]["hit20"]
    [*_, newest] = learned.store.query("learning")
    assert newest.fields["unknown_share"] == pytest.approx(0.5)
    assert newest.fields["withdrawn"] == 0


def test_a_batch_is_judged_by_what_came_before_it(
    learned: Learned, spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stream that just began knows of nobody's earlier events, of its first batch's neither."""
    job = LiveJob(learned.settings, learned.store)
    take, known = job.learning.take, list[list[tuple[str, str]]]()

    def looked_at(batch: Batch, models: Models, before: Callable[[str], list[tuple[str, str]]]) -> None:
        known.extend(before(user) for user in batch.events["user_id"].to_pylist())
        take(batch, models, before)

    monkeypatch.setattr(job.learning, "take", looked_at)
    replay(learned.settings, inspect(clicks(tmp_path / "first.csv", 0, 4, hour=12)))
    drain(learned.settings, spark, job)
    assert known == [[]] * 4


def test_switched_off_nothing_is_learned(learned: Learned, spark: SparkSession, tmp_path: Path) -> None:
    before = Increments(learned.job.catalog).current()
    off = replace(learned.settings, learning=False)
    job = LiveJob(off, learned.store)
    replay(off, inspect(clicks(tmp_path / "more.csv", 0, 4, hour=13)))
    drain(off, spark, job)
    assert job.learning.served(job.models.recommender) is job.models.recommender
    assert Increments(learned.job.catalog).current() == before


def test_a_training_in_the_background_is_published_and_taken_up(
    learned: Learned, spark: SparkSession, tmp_path: Path
) -> None:
    """`./lab train` itself; it knows the new product, so nothing of the increments is needed any more."""
    catalog, refit = learned.job.catalog, Refit(replace(learned.settings, refit=True))
    before = catalog.current("models/recommender")
    refit.consider(FEWEST_EVENTS, FEWEST_EVENTS)
    try:
        wait_until(lambda: catalog.current("models/recommender") != before, 600, "no version was published", every=1)
    finally:
        refit.stop()
    job = LiveJob(learned.settings, learned.store)
    replay(learned.settings, inspect(clicks(tmp_path / "after.csv", 0, 4, hour=14)))
    drain(learned.settings, spark, job)
    base = job.models.recommender
    assert base is not None
    assert base.product("new") is not None
    assert Increments(catalog).current() == (base.version, 1)

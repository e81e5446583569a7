"""The steps of the demo, in order, and what each of them reported."""

import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
from pyspark.sql import SparkSession

from shoplab.behaviour.job import AnalysisSummary, analyse
from shoplab.core.catalog import DATASETS, Catalog
from shoplab.core.console import err, step
from shoplab.core.errors import LabError
from shoplab.core.frames import SparkCatalog
from shoplab.core.kafka import empty_topic
from shoplab.core.settings import Settings
from shoplab.core.spark import spark_session
from shoplab.events.accounts import IngestSummary
from shoplab.events.generator import generate
from shoplab.events.job import ingest
from shoplab.events.sources import inspect
from shoplab.lab.api import start_api
from shoplab.metrics.store import open_store
from shoplab.recommend.job import TrainSummary, train
from shoplab.report.page import write_report
from shoplab.segments.job import segment
from shoplab.segments.summary import SegmentSummary
from shoplab.streaming.accounts import BatchAccount
from shoplab.streaming.audit.balance import Balance, balance
from shoplab.streaming.job import BatchFailedError, LiveJob
from shoplab.streaming.query import streaming
from shoplab.streaming.replay import replay
from shoplab.streaming.service import stream_error

REPLAY_BATCHES = 2.8  # how long the replay takes: a few micro-batches


@dataclass(frozen=True)
class Files:
    """The month that trains the models, and the one that is streamed."""

    october: Path
    november: Path


@dataclass
class Story:
    """What each step reported, for the summary. answer: the API's, for a user of the stream."""

    ingested: IngestSummary
    analysed: AnalysisSummary
    segmented: SegmentSummary
    trained: TrainSummary
    batches: list[BatchAccount] = field(default_factory=list)
    checked: Balance | None = None
    pages: str = ""
    answer: dict[str, Any] = field(default_factory=dict)
    answer_ms: float = 0.0
    report: Path | None = None


def check(files: Files) -> None:
    """Looks at real files before anything is started. LabError as `ingest` would give it."""
    for path in (files.october, files.november):
        inspect(path)


def generated(settings: Settings, events: int, seed: int) -> Files:
    """Makes the two months, or takes those of the last demo: the same arguments give the same files."""
    made = []
    for month, number in (("2019-10", events), ("2019-11", events // 4)):
        path = settings.home / "demo" / f"{month}-{number}-seed{seed}.csv"
        made.append(path)
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            with step(f"generate {number:,} events of {month}"):
                generate(path, month, number, seed)
    return Files(*made)


def tell(settings: Settings, files: Files) -> Story:
    """October into models, November into live recommendations. Needs a running lab."""
    _clear_last_demo(settings)
    with ExitStack() as stack:
        with step("start Spark"):
            spark = stack.enter_context(spark_session(settings, "demo"))
        spark_page = f"http://127.0.0.1:{settings.spark_ui_port}"
        pages = f"HDFS {settings.hdfs_page}  Spark {spark_page}  API {settings.api_url}"
        err.print(f"  to look at while it runs: {pages}")
        story = _learn(SparkCatalog(settings, spark), files.october)
        story.pages = pages
        _live(settings, spark, files.november, story)
        return story


def _clear_last_demo(settings: Settings) -> None:
    """Removes what an earlier demo left. LabError, with nothing touched, where the lab holds somebody's own data."""
    catalog = Catalog(settings)
    if catalog.has("events") and not catalog.storage.exists(catalog.demo_marker):
        raise LabError(
            "this lab holds your own events; give the demo its own lab: SHOPLAB_HOME=$HOME/.shoplab-demo ./lab demo"
        )
    catalog.storage.write(catalog.demo_marker, b"made by ./lab demo; the next ./lab demo clears this data away\n")
    for folder in DATASETS.values():
        catalog.storage.delete(f"{settings.data_root}/{folder}")
    empty_topic(settings)
    for leftover in settings.home.glob("metrics.db*"):
        leftover.unlink()


def _learn(catalog: SparkCatalog, october: Path) -> Story:
    """October: raw file -> clean events -> sessions and users -> segments -> recommender."""
    with step(f"ingest {october.name}") as say:
        ingested = ingest(catalog, inspect(october), say=say)
    with step("analyse: sessions, users, funnel, paths") as say:
        analysed = analyse(catalog, say)
    with step("segment: RFM and k-means"):
        segmented = segment(catalog)
    with step("train: co-visits, neighbours, ALS, TF-IDF, popularity by segment; the blend") as say:
        trained = train(catalog, say=say)
    return Story(ingested, analysed, segmented, trained)


def _live(settings: Settings, spark: SparkSession, november: Path, story: Story) -> None:
    """November: replayed through Kafka into the stream while the API answers; then checked and reported."""
    job = LiveJob(settings, open_store(settings))
    api = start_api(settings)
    try:
        with step(f"stream {november.name} through Kafka, a batch every {settings.trigger}") as say:

            def tell(batch: BatchAccount) -> None:
                story.batches.append(batch)
                say(batch.line())

            job.on_batch = tell
            _stream(settings, spark, job, november)
        with step("verify: every event accounted for"):
            story.checked = balance(settings)
        with step("ask the API for a live user's recommendations"):
            story.answer, story.answer_ms = _ask(api.url)
        with step("write the report"):
            story.report = write_report(settings)
    finally:
        api.stop()
        job.store.close()


def _stream(settings: Settings, spark: SparkSession, job: LiveJob, november: Path) -> None:
    """Replays the file while the stream runs, and ends the stream when it has processed everything."""
    with streaming(settings, spark, job) as running:
        try:
            seconds = REPLAY_BATCHES * settings.trigger_ms / 1000
            source = inspect(november)
            replay(settings, source, rate=max(1.0, source.lines / seconds))
            running.process_all()
        except Exception as error:
            if isinstance(error, BatchFailedError) or running.query.exception():
                raise stream_error(error) from error
            raise


def _ask(url: str, patience_s: float = 15.0) -> tuple[dict[str, Any], float]:
    """The API's answer for a user of the stream, and how long it took in ms. Waits until the API has seen a batch."""
    deadline = time.monotonic() + patience_s
    with requests.Session() as session:
        session.trust_env = False  # a proxy from the environment is not for 127.0.0.1
        while True:
            users = session.get(f"{url}/users/sample", params={"n": 20}, timeout=30).json()["users"]
            user = next((user for user in users if user["source"] == "live"), users[0])
            answer = session.get(f"{url}/recommendations/{user['user_id']}", params={"k": 5}, timeout=30)
            found: dict[str, Any] = answer.json()
            if found["source"] == "live" or time.monotonic() > deadline:
                return found, answer.elapsed.total_seconds() * 1000
            time.sleep(0.5)

"""The segment job: users on HDFS -> published segment model and SEGMENT table."""

import datetime as dt
from dataclasses import dataclass, replace

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from shoplab.behaviour.sessions import ROBOT_SESSION_EVENTS
from shoplab.core.console import Say
from shoplab.core.errors import LabError
from shoplab.core.frames import SparkCatalog, checked, kept
from shoplab.core.schemas import SEGMENT
from shoplab.segments.confidence import fit_confidence
from shoplab.segments.drift import ReferenceBins, fit_bins
from shoplab.segments.kmeans import EngineName, SegmentModel, apply_segments, fit_segments, update_segments
from shoplab.segments.model import Segmentation, apply_segmentation, is_robot, load_model
from shoplab.segments.period import Period, history_in, sessions_in
from shoplab.segments.rfm import RfmModel, fit_rfm
from shoplab.segments.spark_ml import as_pipeline
from shoplab.segments.summary import SegmentSummary, summarise
from shoplab.segments.update import earlier_version, report_update
from shoplab.segments.value import customer_value


@dataclass(frozen=True)
class SegmentRequest:
    """What to segment and how. as_of: reference day of recency, default the last day of the data. since: first day that
    counts. k: number of segments, default by silhouette. update: go on from the published segments.
    """

    as_of: dt.date | None = None
    since: dt.date | None = None
    k: int | None = None
    engine: EngineName = "auto"
    update: bool = False


def segment(catalog: SparkCatalog, request: SegmentRequest | None = None, say: Say = lambda _: None) -> SegmentSummary:
    """Fits RFM and k-means (or moves the published ones on), writes and publishes model, SEGMENT table and values.

    LabError where there are no users in the period, or nothing is published that `update` could go on from.
    """
    request = request or SegmentRequest()
    catalog.fit_shuffles("users")
    period = Period(request.since, request.as_of)
    published = load_model(catalog) if request.update else None
    say("users")
    with kept(history_in(catalog, period)) as history:
        day = _reference_day(history, request)
        people, left_out = _without_robots(history)
        say("k-means")
        kmeans = (
            update_segments(published.kmeans, people, request.engine)
            if published
            else fit_segments(people, request.k, request.engine)
        )
        bins = published.bins if published else fit_bins(kmeans.scaling, people)  # kept, so that slow drift adds up
        model = _completed(catalog, period, fit_rfm(history, day), kmeans, bins, people)
        say("table")
        with kept(apply_segmentation(model, history)) as segmented:
            summary = summarise(kmeans, str(day), segmented)
            summary = replace(summary, left_out=summary.left_out + left_out)
            if published:
                earlier = earlier_version(catalog, published)
                summary = replace(summary, update=report_update(catalog, earlier, kmeans, segmented, summary))
            say("customer value")
            return _publish(catalog, model, segmented, _with_value(catalog, segmented, period, day, summary))


def _reference_day(history: DataFrame, request: SegmentRequest) -> dt.date:
    row = history.agg(F.max("last_seen").cast("date").alias("day")).first()
    if row is None or row["day"] is None:
        raise LabError("no users to segment in these months; first: ./lab ingest FILE, then ./lab analyse")
    last: dt.date = row["day"]
    return request.as_of or last


def _without_robots(history: DataFrame) -> tuple[DataFrame, list[str]]:
    """Robots shift means and centres; where nobody else is left, they are the users."""
    row = history.agg(F.count_if(is_robot()).alias("robots"), F.count("*").alias("users")).first()
    robots, users = (row["robots"], row["users"]) if row else (0, 0)
    if not robots:
        return history, []
    found = f"robots: {robots:,} of {users:,} users have a session of more than {ROBOT_SESSION_EVENTS:,} events"
    if robots == users:
        return history, [found]
    return history.where(~is_robot()), [f"{found} and took no part in the fit"]


def _completed(
    catalog: SparkCatalog, period: Period, rfm: RfmModel, kmeans: SegmentModel, bins: ReferenceBins, people: DataFrame
) -> Segmentation:
    """With the confidence of few visits."""
    placed = apply_segments(kmeans, people)
    return Segmentation(rfm, kmeans, fit_confidence(kmeans, sessions_in(catalog, period), placed), bins)


def _with_value(
    catalog: SparkCatalog, segmented: DataFrame, period: Period, day: dt.date, summary: SegmentSummary
) -> SegmentSummary:
    value = customer_value(catalog, segmented.where(~F.col("robot")), day, period.since)
    if isinstance(value, str):
        return replace(summary, left_out=[*summary.left_out, value])
    return replace(summary, value=value, left_out=[*summary.left_out, *value["left_out"]])


def _publish(
    catalog: SparkCatalog, model: Segmentation, segmented: DataFrame, summary: SegmentSummary
) -> SegmentSummary:
    facts = {"as_of": summary.as_of, "users": summary.users, "engine": summary.engine, "k": summary.k}

    def write_model(path: str) -> None:
        as_pipeline(model.kmeans, catalog.spark).save(f"{catalog.settings.hdfs}{path}/spark-ml")
        catalog.storage.write_json(f"{path}/model.json", model.to_dict())

    version = catalog.publish("models/segments", write_model, facts)
    table = checked("segments", segmented.select(*SEGMENT.names))
    manifest = summary.to_dict() | {"model": version}
    del manifest["version"]
    catalog.publish("segments", lambda path: table.write.parquet(catalog.settings.hdfs + path), manifest)
    return replace(summary, version=version)

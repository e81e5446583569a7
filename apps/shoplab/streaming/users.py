"""The users of a micro-batch: their features, segments and recommendations, each in a directory of the batch."""

import io
import logging
from collections import defaultdict
from typing import TYPE_CHECKING

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from shoplab.core.errors import LabError
from shoplab.core.frames import SparkCatalog, kept
from shoplab.core.schemas import RECOMMENDATION, SEGMENT, USER
from shoplab.core.schemas.arrow import arrow_schema
from shoplab.streaming.sizes import SegmentSizes, Size

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from shoplab.recommend.data.histories import UserContext
    from shoplab.recommend.model.recommender import Recommendation, Recommender
    from shoplab.segments.model import Segmentation

MOST_USERS = 2_000  # recommendations a batch, the latest active first: what a driver does well within 10 seconds
RECENT = 20  # events of a user that the recommender looks at
PER_USER = 10

log = logging.getLogger(__name__)


def batch_name(batch_id: int) -> str:
    """Directory name of a micro-batch; names sort as their numbers do."""
    return f"batch={batch_id:010}"


class LiveUsers:
    """Holds the published models and takes up newer ones when their pointers move. Without a model its step is left
    out; one that this code can't read is named in the log, and the one before it goes on.
    """

    def __init__(self) -> None:
        self._versions: dict[str, str] = {}  # what was looked at last, whether it could be read or not
        self._segmentation: Segmentation | None = None
        self._sizes: SegmentSizes | None = None
        self._recommender: Recommender | None = None

    def update(self, catalog: SparkCatalog, touched: DataFrame, batch_id: int) -> "pd.DataFrame":
        """Writes the USER rows of the batch's users and their SEGMENT rows. Returns user_id, segment, segment_name and
        last_seen of each user (the segment null without a segment model), and `published`, the name of the segment that
        the published table has for the user. A batch's users fit the driver."""
        with kept(touched) as touched:
            users = touched.toArrow()
            _write(catalog, "live/users", batch_id, users)
            model = self._current_segmentation(catalog)
            if model is None:
                latest: pd.DataFrame = users.select(["user_id", "last_seen"]).to_pandas()
                return latest.assign(segment=None, segment_name=None, published=None)
            from shoplab.segments.history import user_history
            from shoplab.segments.model import apply_segmentation

            segmented = apply_segmentation(model, user_history(_with_earlier_months(catalog, touched)))
            placed_before = _published(catalog, touched)
            segmented = segmented.join(placed_before, on="user_id", how="left")
            segments = segmented.select(*SEGMENT.names, "last_seen", "published").toArrow()
            _write(catalog, "live/segments", batch_id, segments.select(SEGMENT.names))
            placed: pd.DataFrame = segments.to_pandas()
            return placed

    def sizes(self, users: "pd.DataFrame | None") -> dict[str, Size]:
        """Every segment's size after this batch's users (of `update`); empty without a segment model."""
        if self._sizes is None or users is None:
            return {}
        return self._sizes.move(users)

    def recommend(self, catalog: SparkCatalog, events: DataFrame, segments: "pd.DataFrame", batch_id: int) -> int:
        """Writes RECOMMENDATION rows for the batch's latest users, from all their events of the month. Returns for how
        many users."""
        model = self._current_recommender(catalog)
        if model is None:
            return 0
        latest = segments.sort_values(["last_seen", "user_id"], ascending=[False, True]).head(MOST_USERS)
        contexts = _contexts(latest, _recent_events(events, latest))
        lists = model.recommend(contexts, PER_USER)
        _write(catalog, "recommendations", batch_id, _as_table(contexts, lists))
        return len(contexts)

    def _current_segmentation(self, catalog: SparkCatalog) -> "Segmentation | None":
        from shoplab.segments.model import load_model

        version = _version(catalog, "models/segments")
        if version and version != self._versions.get("segments"):
            self._versions["segments"] = version
            try:
                model = load_model(catalog)
            except LabError as error:
                log.warning("%s", error)
            else:
                self._segmentation = model
                manifest = catalog.manifest("segments")
                self._sizes = SegmentSizes({row["name"]: row["users"] for row in manifest["segments"]})
        return self._segmentation

    def _current_recommender(self, catalog: SparkCatalog) -> "Recommender | None":
        from shoplab.recommend.model.files import DATASET, UnreadableModel, load, readable

        version = _version(catalog, DATASET)
        if version and version != self._versions.get("recommender"):
            self._versions["recommender"] = version
            try:
                path, problem = readable(catalog)
            except UnreadableModel as error:
                log.warning("%s", error)
                return self._recommender
            if problem:
                log.warning("%s", problem)
            self._recommender = None  # the old one's memory is free before the new one takes its own
            self._recommender = load(catalog.storage, path)
        return self._recommender


def _version(catalog: SparkCatalog, name: str) -> str | None:
    try:
        return catalog.current(name)
    except LabError:
        return None


def _with_earlier_months(catalog: SparkCatalog, features: DataFrame) -> DataFrame:
    """The batch's USER rows, and the stored rows of the same users for other months."""
    if not catalog.has("users"):
        return features
    known = F.broadcast(features.select("user_id").distinct())
    here = F.broadcast(features.select("user_id", "month"))
    stored = catalog.read("users").join(known, on="user_id", how="left_semi")
    earlier = stored.join(here, on=["user_id", "month"], how="left_anti")
    return earlier.select(*USER.names).unionByName(features.select(*USER.names))


def _published(catalog: SparkCatalog, features: DataFrame) -> DataFrame:
    """user_id and published, of the users who are in the published SEGMENT table."""
    from shoplab.segments.model import read_segments

    theirs = F.broadcast(features.select("user_id").distinct())
    named = read_segments(catalog).select("user_id", F.col("segment_name").alias("published"))
    return named.join(theirs, on="user_id", how="left_semi")


def _recent_events(events: DataFrame, users: "pd.DataFrame") -> dict[str, list[tuple[str, str]]]:
    """User -> last (product_id, event_type), newest last, of these users."""
    ids = F.broadcast(events.sparkSession.createDataFrame(users[["user_id"]]))
    newest = Window.partitionBy("user_id").orderBy(F.desc("event_time"), "product_id")
    theirs = events.join(ids, on="user_id", how="left_semi").withColumn("place", F.row_number().over(newest))
    last = theirs.where(F.col("place") <= RECENT).select("user_id", "product_id", "event_type", "place").toPandas()
    recent: dict[str, list[tuple[str, str]]] = defaultdict(list)
    last = last.sort_values("place", ascending=False)
    for user, product, kind in zip(last["user_id"], last["product_id"], last["event_type"], strict=True):
        recent[user].append((product, kind))
    return recent


def _contexts(latest: "pd.DataFrame", recent: dict[str, list[tuple[str, str]]]) -> "list[UserContext]":
    from shoplab.recommend.data.histories import UserContext

    return [
        UserContext(user_id, None if segment is None or segment != segment else int(segment), recent.get(user_id, []))
        for user_id, segment in zip(latest["user_id"], latest["segment"], strict=True)
    ]


def _as_table(contexts: "list[UserContext]", lists: "list[list[Recommendation]]") -> "pa.Table":
    import pyarrow as pa

    rows = [
        (user.user_id, rank, *item)
        for user, items in zip(contexts, lists, strict=True)
        for rank, item in enumerate(items, start=1)
    ]
    named = [dict(zip(RECOMMENDATION.names, row, strict=True)) for row in rows]
    return pa.Table.from_pylist(named, arrow_schema(RECOMMENDATION))


def _write(catalog: SparkCatalog, dataset: str, batch_id: int, table: "pa.Table") -> None:
    """The batch's part of a live table, as one file: done again, the batch overwrites it."""
    import pyarrow.parquet as pq

    buffer = io.BytesIO()
    pq.write_table(table, buffer)
    catalog.storage.write(catalog.path(dataset, batch_name(batch_id), "part-0.parquet"), buffer.getvalue())

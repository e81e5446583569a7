"""The published models and tables that a micro-batch looks at, taken up anew when their pointers move."""

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import functions as F

from shoplab.behaviour.products import products
from shoplab.core.catalog import Catalog
from shoplab.core.errors import LabError
from shoplab.core.frames import SparkCatalog
from shoplab.core.schemas import SEGMENT
from shoplab.core.schemas.arrow import arrow_schema
from shoplab.segments import on_driver
from shoplab.streaming.sizes import SegmentSizes, Size
from shoplab.streaming.state.levels import Levels, no_levels

if TYPE_CHECKING:
    from shoplab.recommend.model.recommender import Recommender
    from shoplab.segments.model import Segmentation

log = logging.getLogger(__name__)


class Models:
    """Without a model its step is left out; one that this code can't read is named in the log, and the one before it
    goes on.
    """

    def __init__(self) -> None:
        self._versions: dict[str, object] = {}  # what was looked at last, whether it could be read or not
        self.segmentation: Segmentation | None = None
        self.recommender: Recommender | None = None
        self.levels: Levels = no_levels()
        self._sizes: SegmentSizes | None = None
        self._earlier = pd.DataFrame(columns=list(on_driver.NEEDED)).set_index("user_id")
        self._published = pd.Series(dtype=object)

    def refresh(self, catalog: SparkCatalog) -> None:
        """One look at the pointers. What can't be read, as while `./lab analyse` replaces it, is looked at again with
        the next batch.
        """
        parts: dict[str, tuple[object, Callable[[SparkCatalog], None]]] = {
            "levels": (_made(catalog), self._take_levels),
            "segments": (_pointer(catalog, "models/segments"), self._take_segmentation),
            "recommender": (_pointer(catalog, "models/recommender"), self._take_recommender),
        }
        for name, (version, take) in parts.items():
            if not version or version == self._versions.get(name):
                continue
            try:
                take(catalog)
                self._versions[name] = version
            except Exception as error:
                log.warning("the stream goes on with the %s it has: %s", name, str(error).splitlines()[0])

    def _take_levels(self, catalog: SparkCatalog) -> None:
        self.levels = levels(catalog)

    def segments(self, histories: pd.DataFrame, model: "Segmentation | None") -> pa.Table:
        """SEGMENT rows of users from their histories. Empty without a segment model."""
        if model is None or histories.empty:
            return arrow_schema(SEGMENT).empty_table()
        return on_driver.segment_rows(model, histories)

    def histories(self, users: pa.Table, months: set[str]) -> pd.DataFrame:
        """NEEDED columns of USER rows of all the users' months that the stream's memory has; of other months they are
        the `users` table's.
        """
        here = users.select(list(on_driver.NEEDED)).to_pandas()
        known = self._earlier.index.intersection(here["user_id"].unique())
        earlier = self._earlier.loc[known].reset_index()
        earlier = earlier[~earlier["month"].isin(months)]
        return pd.concat([here, earlier]) if len(earlier) else here

    def sizes(self, segments: pa.Table) -> dict[str, Size]:
        """Every segment's size after these users were placed; empty without a segment model."""
        if self._sizes is None or not len(segments):
            return {}
        users = segments.select(["user_id", "segment_name"]).to_pandas()
        return self._sizes.move(users.assign(published=self._published.reindex(users["user_id"]).to_numpy()))

    def _take_segmentation(self, catalog: SparkCatalog) -> None:
        from shoplab.segments.model import load_model

        try:
            self.segmentation = load_model(catalog)
        except LabError as error:
            log.warning("%s", error)
            return
        self._sizes = SegmentSizes({row["name"]: row["users"] for row in catalog.manifest("segments")["segments"]})
        version = catalog.current("segments").rsplit("/", 1)[-1]
        named = catalog.table("segments", version, columns=["user_id", "segment_name"])
        self._published = named.set_index("user_id")["segment_name"]
        parts = [_month(catalog, month) for month in catalog.partitions("users")]
        self._earlier = pd.concat(parts or [self._earlier.reset_index()]).set_index("user_id").sort_index()

    def _take_recommender(self, catalog: Catalog) -> None:
        from shoplab.recommend.model.files import UnreadableModel, load, readable

        try:
            path, problem = readable(catalog)
        except UnreadableModel as error:
            log.warning("%s", error)
            return
        if problem:
            log.warning("%s", problem)
        self.recommender = None  # the old one's memory is free before the new one takes its own
        self.recommender = load(catalog.storage, path)


def _pointer(catalog: Catalog, name: str) -> object:
    """What changes when another version is made the current one; None before the first. One call of HDFS."""
    return catalog.storage.listed(catalog.path(name)).get("CURRENT")


def _made(catalog: Catalog) -> object:
    """What changes when `./lab analyse` has written the products anew."""
    return catalog.storage.listed(catalog.path("analysis/products")) or "none"


def levels(catalog: SparkCatalog) -> Levels:
    """Price levels as of the last `./lab analyse`; before the first, of what is stored now."""
    if catalog.has("analysis/products"):
        known = catalog.read("analysis/products")
    elif catalog.has("events"):
        known = products(catalog.read("events"))
    else:
        return no_levels()
    table = known.select(F.xxhash64("product_id").alias("key"), "price_level").toArrow()
    return Levels(table["key"].to_numpy(), pc.fill_null(table["price_level"], float("nan")).to_numpy())


def _month(catalog: Catalog, month: str) -> pd.DataFrame:
    users = catalog.table("users", f"month={month}", columns=[name for name in on_driver.NEEDED if name != "month"])
    return users.assign(month=month, last_purchase=pd.to_datetime(users["last_purchase"], utc=True))

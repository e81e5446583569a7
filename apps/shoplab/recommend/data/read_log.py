"""Clean events -> the driver's log of visits, the newest ones as far as memory allows; and what is bought again."""

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from shoplab.recommend.catalogue import Catalogue
from shoplab.recommend.log import KINDS, Log, build_log

MOST_EVENTS = 5_000_000
MOST_OF_A_VISIT = 200  # robots make visits of thousands of events, people don't
_BUCKETS = 64  # parts of an hour's visits: the cut goes through the hour where the budget ends
DURABLE_SHARE = 0.10  # bought again by fewer buyers than this: once is enough
_BORROWED = 50  # user-product pairs that a category takes from the whole shop


def newest_visits(events: DataFrame, most_events: int = MOST_EVENTS) -> DataFrame:
    """user_id, user_session, product_id, kind (place in KINDS), time (unix seconds). Grain: one view, cart or purchase.

    Of the visits that ended last, at most `most_events` events together, and of each visit its last 200. Visits are
    whole otherwise. Where the hour in which the budget ends holds more, some of its visits are taken. Events without a
    session are one visit per user and day.
    """
    told = events.where(F.col("event_type").isin(*KINDS)).select(
        "user_id", _visit().alias("user_session"), "product_id", _kind().alias("kind"), "event_time"
    )
    by_time = [F.desc(name) for name in ("event_time", "kind", "product_id")]
    newest_first = Window.partitionBy("user_id", "user_session").orderBy(*by_time)
    theirs = told.join(_visits_within(told, most_events), on=["user_id", "user_session"], how="left_semi")
    last = theirs.withColumn("place", F.row_number().over(newest_first)).where(F.col("place") <= MOST_OF_A_VISIT)
    time = F.col("event_time").cast("double").alias("time")
    return last.select("user_id", "user_session", "product_id", "kind", time)


def _visit() -> Column:
    session = F.nullif(F.col("user_session"), F.lit(""))
    return F.coalesce(session, F.concat_ws(" ", "user_id", F.to_date("event_time").cast("string")))


def _kind() -> Column:
    places = [part for place, kind in enumerate(KINDS) for part in (F.lit(kind), F.lit(place))]
    return F.create_map(*places)[F.col("event_type")].cast("tinyint")


def _visits_within(told: DataFrame, most_events: int) -> DataFrame:
    """user_id, user_session of the newest visits that fit. What is summed up in order is hours, not visits."""
    visits = told.groupBy("user_id", "user_session").agg(
        F.date_trunc("hour", F.max("event_time")).alias("hour"),
        F.least(F.count("*"), F.lit(MOST_OF_A_VISIT)).alias("events"),
    )
    visits = visits.withColumn("bucket", F.pmod(F.xxhash64("user_id", "user_session"), F.lit(_BUCKETS)))
    so_far = Window.partitionBy(F.lit(0)).orderBy(F.desc("hour"), "bucket").rowsBetween(Window.unboundedPreceding, 0)
    slots = visits.groupBy("hour", "bucket").agg(F.sum("events").alias("events"))
    fitting = slots.withColumn("so_far", F.sum("events").over(so_far)).where(F.col("so_far") <= most_events)
    kept = visits.join(F.broadcast(fitting.select("hour", "bucket")), on=["hour", "bucket"], how="left_semi")
    return kept.select("user_id", "user_session")


def read_log(events: DataFrame, catalogue: Catalogue, most_events: int = MOST_EVENTS) -> Log:
    """The newest visits in memory, every id once; the same ones give the same log, whatever order Spark brings them in.

    Where users share a session id, each has a visit of their own.
    """
    table = newest_visits(events, most_events).toArrow()
    users, sessions, items = (_coded(table[name]) for name in ("user_id", "user_session", "product_id"))
    kinds, times = table["kind"].to_numpy().astype(np.int8), table["time"].to_numpy()
    del table  # with its strings, before the log is made
    visits = _visit_names(users, sessions)
    order = np.lexsort((visits.codes, items.codes, kinds))  # at one second: views, carts, purchases; by product
    return build_log(catalogue, users[order], visits[order], items[order], kinds[order], times[order])


def _coded(column: pa.ChunkedArray) -> Any:
    """A pandas Categorical with sorted categories: each string once, and a number per row."""
    import pandas as pd
    import pyarrow.compute as pc

    coded = pa.concat_arrays([*column.chunks, pa.array([], pa.string())]).dictionary_encode()
    by_name = pc.sort_indices(coded.dictionary).to_numpy()
    places = np.empty(len(by_name), dtype=np.int64)
    places[by_name] = np.arange(len(by_name))
    names = pd.Index(coded.dictionary.take(pa.array(by_name)).to_pylist(), dtype=object)
    return pd.Categorical.from_codes(places[coded.indices.to_numpy()], names)


def _visit_names(users: Any, sessions: Any) -> Any:
    """The sessions, and where several users share an id, "ID of USER"."""
    import pandas as pd

    keys = sessions.codes.astype(np.int64) * len(users.categories) + users.codes
    codes: Any  # pandas' stubs know of lists only
    pairs, codes = np.unique(keys, return_inverse=True)
    if len(pairs) == len(sessions.categories):
        return sessions
    of_session, of_user = pairs // len(users.categories), pairs % len(users.categories)
    shared = np.bincount(of_session)[of_session] > 1
    names = sessions.categories.to_numpy()[of_session]
    names[shared] = names[shared] + " of " + users.categories.to_numpy()[of_user[shared]]
    return pd.Categorical.from_codes(codes, pd.Index(names, dtype=object))


def repurchases(events: DataFrame, products: DataFrame | None = None) -> DataFrame:
    """category ("" unknown), buyers (user-product pairs bought), again (those bought on two days or more). Grain: one
    category.

    category: the product's finest, from `products` (product_id, category_code, category_id), else from its purchases.
    """
    bought = events.where(F.col("event_type") == "purchase")
    pairs = bought.groupBy("user_id", "product_id").agg(
        F.count_distinct(F.to_date("event_time")).alias("days"), F.max_by(_category(), "event_time").alias("category")
    )
    if products is not None:
        theirs = products.select("product_id", _category().alias("category"))
        pairs = pairs.drop("category").join(theirs, on="product_id", how="left").fillna("", subset="category")
    return pairs.groupBy("category").agg(F.count("*").alias("buyers"), F.count_if(F.col("days") > 1).alias("again"))


def _category() -> Column:
    """As Product.category."""
    known = (F.nullif(F.col(name), F.lit("")) for name in ("category_code", "category_id"))
    return F.coalesce(*known, F.lit(""))


def durable_items(table: pa.Table, catalogue: Catalogue) -> NDArray[np.bool_]:
    """Per product of the catalogue whether one of its kind is hardly ever bought again, by `repurchases`' table.

    A category's share of pairs bought again is drawn to the shop's by 50 pairs; where nobody bought, all are durable.
    """
    categories = table["category"].to_pylist()
    buyers, again = (np.asarray(table[name].to_numpy(), dtype=float) for name in ("buyers", "again"))
    if not buyers.sum():
        return np.ones(len(catalogue), dtype=bool)
    shop = again.sum() / buyers.sum()
    share = dict(zip(categories, ((again + _BORROWED * shop) / (buyers + _BORROWED)).tolist(), strict=True))
    return np.array([share.get(product.category, shop) < DURABLE_SHARE for product in catalogue.products], dtype=bool)

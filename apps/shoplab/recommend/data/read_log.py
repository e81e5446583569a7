"""Clean events -> products and the driver's log of visits, the newest ones as far as memory allows."""

from typing import Any

import numpy as np
import pyarrow as pa
from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from shoplab.behaviour import products as behaviour
from shoplab.recommend.data.feedback import CURRENT, Feedback
from shoplab.recommend.data.log import Log, build_log
from shoplab.recommend.data.products import Product, Products

MOST_EVENTS = 5_000_000
MOST_OF_A_VISIT = 200  # robots make visits of thousands of events, people don't
_BUCKETS = 64  # parts of an hour's visits: the cut goes through the hour where the budget ends


def read_products(events: DataFrame) -> Products:
    """The products met, with category, brand and price as last seen."""
    return Products.from_arrow(behaviour.products(events).select(*Product._fields).toArrow())


def newest_visits(events: DataFrame, feedback: Feedback, most_events: int = MOST_EVENTS) -> DataFrame:
    """user_id, user_session, product_id, kind (of the feedback), time (unix seconds). Grain: one event that tells.

    Of the visits that ended last, at most `most_events` events together, and of each visit its last 200. Visits are
    whole otherwise. Where the hour in which the budget ends holds more, some of its visits are taken. Events without a
    session are one visit per user and day.
    """
    telling = events.where(F.col("event_type").isin(*feedback.types)).select(
        "user_id", _visit().alias("user_session"), "product_id", _kind(feedback).alias("kind"), "event_time"
    )
    by_time = [F.desc(name) for name in ("event_time", "kind", "product_id")]
    newest_first = Window.partitionBy("user_id", "user_session").orderBy(*by_time)
    theirs = telling.join(_visits_within(telling, most_events), on=["user_id", "user_session"], how="left_semi")
    last = theirs.withColumn("place", F.row_number().over(newest_first)).where(F.col("place") <= MOST_OF_A_VISIT)
    time = F.col("event_time").cast("double").alias("time")
    return last.select("user_id", "user_session", "product_id", "kind", time)


def _visit() -> Column:
    session = F.nullif(F.col("user_session"), F.lit(""))
    return F.coalesce(session, F.concat_ws(" ", "user_id", F.to_date("event_time").cast("string")))


def _kind(feedback: Feedback) -> Column:
    places = [part for name, kind in feedback.kinds.items() for part in (F.lit(name), F.lit(kind))]
    return F.create_map(*places)[F.col("event_type")].cast("tinyint")


def _visits_within(events: DataFrame, most_events: int) -> DataFrame:
    """user_id, user_session of the newest visits that fit. What is summed up in order is hours, not visits."""
    visits = events.groupBy("user_id", "user_session").agg(
        F.date_trunc("hour", F.max("event_time")).alias("hour"),
        F.least(F.count("*"), F.lit(MOST_OF_A_VISIT)).alias("events"),
    )
    visits = visits.withColumn("bucket", F.pmod(F.xxhash64("user_id", "user_session"), F.lit(_BUCKETS)))
    so_far = Window.partitionBy(F.lit(0)).orderBy(F.desc("hour"), "bucket").rowsBetween(Window.unboundedPreceding, 0)
    slots = visits.groupBy("hour", "bucket").agg(F.sum("events").alias("events"))
    fitting = slots.withColumn("so_far", F.sum("events").over(so_far)).where(F.col("so_far") <= most_events)
    kept = visits.join(F.broadcast(fitting.select("hour", "bucket")), on=["hour", "bucket"], how="left_semi")
    return kept.select("user_id", "user_session")


def read_log(events: DataFrame, products: Products, most_events: int = MOST_EVENTS) -> Log:
    """The newest visits in memory, every id once; the same ones give the same log, whatever order Spark brings them in.

    Where users share a session id, each has a visit of their own.
    """
    table = newest_visits(events, CURRENT, most_events).toArrow()
    users, sessions, items = (_coded(table[name]) for name in ("user_id", "user_session", "product_id"))
    kinds, times = table["kind"].to_numpy().astype(np.int8), table["time"].to_numpy()
    del table  # with its strings, before the log is made
    visits = _visit_names(users, sessions)
    order = np.lexsort((visits.codes, items.codes, kinds))  # at one second: views, carts, purchases; by product
    return build_log(products, users[order], visits[order], items[order], kinds[order], times[order])


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

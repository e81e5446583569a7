"""The batch job by one process without Spark, for the bench: DuckDB with its Parquet for the tables, scikit-learn for
the segments, implicit and the recommender's own fit for the model.

    python -m shoplab.load.batch.reference FILE FOLDER     its steps' seconds, peak memory and digests, as JSON
"""

import json
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import duckdb
import numpy as np

from shoplab.core.schemas.analysis import ANALYSIS, SEQUENCE
from shoplab.core.schemas.behaviour import HABIT, PRODUCT, SESSION, USER
from shoplab.load.batch.digest import Digest, digest
from shoplab.load.batch.tables import statements

_TIME = "strptime(event_time, '%Y-%m-%d %H:%M:%S UTC')"
_READ = f"""
    SELECT DISTINCT {_TIME} AS event_time, event_type, product_id, category_id, category_code, brand,
           price::DOUBLE AS price, NULL::BIGINT AS quantity, user_id, user_session, {_TIME}::DATE AS date
    FROM read_csv(?, all_varchar = true)"""  # fmt: skip
_EDGES = "SELECT quantile_cont(price, [0.2, 0.4, 0.6, 0.8]) FROM products"
# segments.features: a rate drawn to the shop's mean by so many visits, or events
_FEATURES = """
    WITH people AS (SELECT * FROM users WHERE longest_session <= 2000),
    shop AS (
      SELECT sum(cart_rate * sessions) / sum(sessions) AS cart_rate,
             sum(order_rate * sessions) / sum(sessions) AS order_rate,
             sum(abandon_rate * cart_rate * sessions) / sum(sessions) AS left_rate,
             sum(price_level * events) / sum(events) FILTER (price_level IS NOT NULL) AS price_level
      FROM people)
    SELECT ln(1 + events) AS events, (people.cart_rate * sessions + 2 * shop.cart_rate) / (sessions + 2) AS cart_rate,
           (people.order_rate * sessions + 2 * shop.order_rate) / (sessions + 2) AS order_rate,
           (abandon_rate * people.cart_rate * sessions + 2 * left_rate) / (sessions + 2) AS left_rate,
           (people.price_level * events + 80 * shop.price_level) / (events + 80) AS price_level
    FROM people, shop ORDER BY user_id"""
# segments.rfm: quintiles of the buyers
_RFM = """
    WITH day AS (SELECT max(last_seen)::DATE AS day FROM users),
    valued AS (
      SELECT user_id, date_diff('day', last_purchase::DATE, day) AS recency, orders, revenue
      FROM users, day),
    cuts AS (
      SELECT quantile_cont(recency, [0.2, 0.4, 0.6, 0.8]) AS r, quantile_cont(orders, [0.2, 0.4, 0.6, 0.8]) AS f,
             quantile_cont(revenue, [0.2, 0.4, 0.6, 0.8]) AS m
      FROM valued WHERE recency IS NOT NULL)
    SELECT user_id, CASE WHEN recency IS NOT NULL THEN 5 - len(list_filter(cuts.r, lambda one: recency > one)) END AS r,
           CASE WHEN recency IS NOT NULL THEN 1 + len(list_filter(cuts.f, lambda one: orders > one)) END AS f,
           CASE WHEN recency IS NOT NULL THEN 1 + len(list_filter(cuts.m, lambda one: revenue > one)) END AS m
    FROM valued, cuts"""
_LOG = """
    SELECT user_id, user_session, product_id, event_type, epoch(event_time) AS second FROM events
    WHERE event_type IN ('view', 'cart', 'purchase') ORDER BY event_time"""
# The tables that both make; sequences are found in a sample, which each would draw its own way
COMPARED = ("events", *(table.dataset for table in (SESSION, USER, HABIT, PRODUCT, *ANALYSIS) if table is not SEQUENCE))
SEGMENTS, RANK = ("one", "two", "three", "four"), 32


class Reference:
    """In a folder of its own: the tables in memory as they are made, and each written as Parquet."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._connection = duckdb.connect()
        self._connection.execute("SET TimeZone = 'UTC'")

    def ingest(self, file: Path) -> None:
        """The events of a CSV, each once, as Parquet by date."""
        self._connection.execute(f"CREATE TABLE read AS {_READ}", [str(file)])
        events = self._folder / "events"
        self._connection.execute(f"COPY read TO '{events}' (FORMAT parquet, PARTITION_BY (date))")
        self._connection.execute("DROP TABLE read")

    def analyse(self) -> None:
        """Every table, from the events' Parquet."""
        files = f"read_parquet('{self._folder}/events/*/*.parquet', hive_partitioning = true)"
        self._connection.execute(f"CREATE VIEW events AS SELECT * REPLACE (date::DATE AS date) FROM {files}")
        queries = dict(statements(()))
        self._make("products", queries["products"])
        for name, query in list(statements(self._edges()))[1:]:
            self._make(name, query)

    def segment(self) -> None:
        """K-means with the k that silhouettes speak for, and RFM."""
        from shoplab.segments.clustering import best_k, fit, labels, silhouettes

        found = self._connection.execute(_FEATURES).fetchnumpy()
        rows = np.column_stack([np.ma.filled(found[name], np.nan) for name in found])
        scaled = np.nan_to_num((rows - np.nanmean(rows, 0)) / np.nanstd(rows, 0))
        sample = np.random.default_rng(7).permutation(scaled)[:10_000]
        labels(scaled, fit(scaled, best_k(silhouettes(sample, 7)), 7))
        self._make("rfm", _RFM)

    def train(self) -> None:
        """Every source and both blends of the recommender, on the same log, without Spark."""
        from shoplab.load.api_model import log_of
        from shoplab.recommend.ranking.fit import fit

        products = self._connection.sql(
            "SELECT product_id, category_id, category_code, brand, price FROM products ORDER BY product_id"
        ).to_arrow_table()
        log = log_of(self._connection.sql(_LOG).to_arrow_table(), products)
        of_users = np.arange(len(log.user_ids)).astype(np.int16) % len(SEGMENTS)
        fit(log, "live", of_users, SEGMENTS, np.arange(len(log.products)) % 3 == 0, RANK)

    def digest(self, dataset: str) -> Digest:
        return digest(self._connection, dataset, dataset.rpartition("/")[2])

    def _make(self, name: str, query: str) -> None:
        self._connection.execute(f"CREATE TABLE {name} AS {query}")
        self._connection.execute(f"COPY {name} TO '{self._folder / name}.parquet' (FORMAT parquet)")

    def _edges(self) -> list[float]:
        """As behaviour.facts.Facts.price_edges."""
        row = self._connection.execute(_EDGES).fetchone()
        return sorted({float(f"{edge:.2g}") for edge in (row and row[0]) or ()} - {0.0})


def main(file: Path, folder: Path) -> None:
    """Every step, then what each took and made as a line of JSON."""
    made, seconds = Reference(folder), {}
    steps: dict[str, Callable[[], None]] = {
        "ingest": lambda: made.ingest(file), "analyse": made.analyse, "segment": made.segment, "train": made.train,
    }  # fmt: skip
    for name, step in steps.items():
        started = time.monotonic()
        step()
        seconds[name] = time.monotonic() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    digests = {name: asdict(made.digest(name)) for name in COMPARED}
    print(json.dumps({"seconds": seconds, "peak_mib": round(peak), "digests": digests}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))

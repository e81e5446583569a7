"""The same figures by DuckDB, in SQL of its own over the CSV: what the Spark steps are held against."""

from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

SESSIONS = """
    SELECT user_id, user_session, min(event_time) AS session_start, max(event_time) AS session_end,
           epoch(max(event_time) - min(event_time))::BIGINT AS duration_s, count(*) AS events,
           count(*) FILTER (event_type = 'view') AS views, count(*) FILTER (event_type = 'cart') AS carts,
           count(*) FILTER (event_type = 'purchase') AS purchases, count(DISTINCT product_id) AS products,
           coalesce(sum(price) FILTER (event_type = 'purchase'), 0) AS revenue
    FROM events GROUP BY ALL"""
USERS = """
    WITH gaps AS (
        SELECT *, session_start - lag(session_start) OVER (PARTITION BY user_id ORDER BY session_start) AS gap
        FROM sessions)
    SELECT user_id, count(*) AS sessions, sum(events)::BIGINT AS events, max(events) AS longest_session,
           avg(duration_s) AS mean_session_s, avg(epoch(gap)) / 3600 AS mean_gap_h,
           median(epoch(gap)) / 3600 AS median_gap_h, count(*) FILTER (purchases > 0) AS orders,
           avg((carts > 0)::INT) AS cart_rate, avg((purchases > 0)::INT) AS order_rate,
           coalesce(count(*) FILTER (carts > 0 AND purchases = 0) / nullif(count(*) FILTER (carts > 0), 0), 0)
               AS abandon_rate
    FROM gaps GROUP BY user_id"""
STRICT = """
    SELECT DISTINCT v.user_id, v.user_session
    FROM events v JOIN events c USING (user_id, user_session, product_id)
                  JOIN events p USING (user_id, user_session, product_id)
    WHERE v.event_type = 'view' AND c.event_type = 'cart' AND p.event_type = 'purchase'
      AND v.event_time <= c.event_time AND c.event_time <= p.event_time"""
BY_GAP = """
    WITH marked AS (
        SELECT *, coalesce(epoch(event_time - lag(event_time) OVER w) > 1800, true)::INT AS starts
        FROM events WINDOW w AS (PARTITION BY user_id ORDER BY event_time)),
    numbered AS (
        SELECT *, sum(starts) OVER (PARTITION BY user_id ORDER BY event_time) AS visit FROM marked)
    SELECT user_id, min(event_time) AS session_start, max(event_time) AS session_end, count(*) AS events
    FROM numbered GROUP BY user_id, visit"""
BY_HOUR = """
    SELECT lpad(hour(event_time)::VARCHAR, 2, '0') AS value,
           count(DISTINCT user_session) FILTER (event_type = 'view') AS viewed,
           count(DISTINCT user_session) FILTER (event_type = 'cart') AS carted,
           count(DISTINCT user_session) FILTER (event_type = 'purchase') AS purchased
    FROM events GROUP BY ALL"""


class Duck:
    """The events of a CSV in memory, each once, as `events`, and what is named later."""

    def __init__(self, path: Path) -> None:
        self.connection = duckdb.connect()
        self.connection.execute(
            "CREATE TABLE events AS SELECT DISTINCT * REPLACE (strptime(event_time, '%Y-%m-%d %H:%M:%S UTC')"
            " AS event_time, price::DOUBLE AS price) FROM read_csv(?, all_varchar = true)",
            [str(path)],
        )
        self.connection.execute(f"CREATE VIEW sessions AS {SESSIONS}")

    def table(self, query: str) -> pd.DataFrame:
        return self.connection.execute(query).df()

    def value(self, query: str) -> Any:
        row = self.connection.execute(query).fetchone()
        return row and row[0]

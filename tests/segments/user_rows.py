"""USER rows for tests: sensible defaults, only what matters is given."""

import datetime as dt
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from shoplab.schemas import USER


def user_row(user_id: str, **given: Any) -> dict[str, Any]:
    """One user in one month; rates and events_per_session follow from the counts unless given."""
    seen = dt.datetime(2019, 10, 15, 12)
    row: dict[str, Any] = {
        "user_id": user_id, "month": "2019-10", "sessions": 1, "events": 2, "views": 2, "carts": 0, "removes": 0,
        "purchases": 0, "orders": 0, "revenue": 0.0, "products": 2, "categories": 1, "brands": 1, "active_days": 1,
        "first_seen": seen, "last_seen": seen, "last_purchase": None, "mean_session_s": 60.0, "mean_gap_h": None,
        "cart_rate": 0.0, "abandon_rate": 0.0, "mean_price": 100.0, "price_level": 0.5, "top_category": None,
        "top_brand": None,
    }  # fmt: skip
    row |= given
    row["events_per_session"] = row["events"] / row["sessions"]
    row.setdefault("longest_session", row["events"])
    row["order_rate"] = row["orders"] / row["sessions"]
    return row


def user_table(spark: SparkSession, rows: list[dict[str, Any]]) -> DataFrame:
    return spark.createDataFrame([tuple(row[name] for name in USER.fieldNames()) for row in rows], USER)

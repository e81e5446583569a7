"""USER rows for tests, and SESSION rows that fit them: sensible defaults, only what matters is given."""

import datetime as dt
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from shoplab.core.frames import SparkCatalog, struct
from shoplab.core.schemas import SESSION, USER, Table


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
    return _nothing(USER) | row


def _nothing(table: Table) -> dict[str, Any]:
    """A row of nobody who did anything."""
    none: dict[str, Any] = {"bigint": 0, "double": 0.0}
    return {column.name: None if column.nullable else none.get(column.kind) for column in table.columns}


def user_table(spark: SparkSession, rows: list[dict[str, Any]]) -> DataFrame:
    return spark.createDataFrame([tuple(row[name] for name in USER.names) for row in rows], struct(USER))


def session_row(user_id: str, start: dt.datetime, **given: Any) -> dict[str, Any]:
    """One session of views only, an instant long."""
    return _nothing(SESSION) | {
        "user_session": f"{user_id}-{start:%m%d%H}", "user_id": user_id, "session_start": start, "session_end": start,
        "month": f"{start:%Y-%m}",
    } | given  # fmt: skip


def session_table(spark: SparkSession, rows: list[dict[str, Any]]) -> DataFrame:
    return spark.createDataFrame([tuple(row[name] for name in SESSION.names) for row in rows], struct(SESSION))


def store_users(catalog: SparkCatalog, rows: list[dict[str, Any]]) -> None:
    """Writes USER rows and their sessions as `./lab analyse` does: an hour apart, the last at last_seen."""
    sessions = [
        session_row(
            row["user_id"], row["last_seen"] - dt.timedelta(hours=i), events=row["events"] // row["sessions"],
            purchases=int(i < row["orders"]), revenue=row["revenue"] / row["orders"] if i < row["orders"] else 0.0,
        )
        for row in rows
        for i in range(row["sessions"])
    ]  # fmt: skip
    catalog.replace("users", user_table(catalog.spark, rows), "month")
    catalog.replace("sessions", session_table(catalog.spark, sessions), "month")

"""An event as a Kafka record: the only place that knows how one is written. Key: the user's id, so that a user's events
keep their order; value: JSON of SOURCE_COLUMNS, all of them text, those without a value empty or left out.
"""

from typing import TYPE_CHECKING

import orjson

from shoplab.core.schemas import SOURCE_COLUMNS

if TYPE_CHECKING:  # who sends events needs no Spark
    from pyspark.sql import Column


def encode(row: dict[str, str]) -> tuple[bytes, bytes]:
    """Key and value."""
    return row["user_id"].encode(), orjson.dumps(row)


def decode(value: "Column") -> "Column":
    """A struct of SOURCE_COLUMNS as text, each null where the record has none; all are where it can't be read."""
    from pyspark.sql import functions as F

    return F.from_json(text(value), ", ".join(f"{name} string" for name in SOURCE_COLUMNS))


def text(value: "Column") -> "Column":
    """The record as people read it: what is kept of one that is rejected."""
    return value.cast("string")

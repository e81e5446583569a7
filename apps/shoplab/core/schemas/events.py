"""Events and bad rows.

Ids are the source's own, kept as text ("13085", "85123A"): dense integer indexes live inside a model only.
"""

from shoplab.core.schemas.table import Table, day, moment, money, text, whole
from shoplab.core.vocabulary import NAMES

# Columns of a raw REES46 file, in its order.
RAW_COLUMNS = (
    "event_time", "event_type", "product_id", "category_id", "category_code", "brand", "price", "user_id",
    "user_session",
)  # fmt: skip
# What a file may have, and a map may name.
SOURCE_COLUMNS = (*RAW_COLUMNS, "quantity")

# Exact duplicates are removed at ingest. price is that of one piece, 0 allowed, null where the log has none; quantity:
# null means 1.
EVENT = Table(
    "events",
    grain="one event",
    key=("user_id", "user_session", "event_time", "event_type", "product_id", "category_id", "category_code", "brand",
         "price", "quantity"),
    columns=(
        moment("event_time"),
        text("event_type", values=NAMES),
        text("product_id"),
        text("category_id", nullable=True),
        text("category_code", nullable=True),
        text("brand", nullable=True),
        money("price", nullable=True, low=0),
        whole("quantity", "pieces", nullable=True, low=1, kind="bigint"),
        text("user_id"),
        text("user_session"),
        day("date"),  # of event_time
    ),
    partition="date",
)  # fmt: skip

# line: from 1; of Kafka's records the offset. raw: the row's own text, up to 65,536 characters; in hexadecimal behind
# "hex:" where it is not UTF-8; of Parquet as JSON.
REJECTED = Table(
    "rejected",
    grain="one bad row of one source file, or of one micro-batch of Kafka's",
    key=("file", "line", "raw"),  # a zip's members count lines of their own, Kafka's partitions offsets
    columns=(text("file"), whole("line", "lines", low=0, kind="bigint"), text("reason"), text("raw", nullable=True)),
    partition="file",
)

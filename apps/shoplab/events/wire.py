"""An event as a Kafka record: here it is written, in `wire_spark` read, nowhere else. Key: the user's id, so that a
user's events keep their order; value: JSON of SOURCE_COLUMNS, all of them text, those without a value empty or left
out. What stands in a file and is no row goes along too, as `raw` with a `fault`: finding and counting bad rows is the
stream's work.
"""

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from shoplab.core.schemas import RAW_COLUMNS
from shoplab.events.texts import identity


def encode(row: dict[str, str]) -> tuple[bytes, bytes]:
    """Key and value."""
    return identity(row["user_id"]).encode(), orjson.dumps(row)


def encode_plain(rows: dict[str, pa.Array]) -> pa.Array:
    """The values of many rows that `events.regular` knows: nothing in them has to be escaped. rows: SOURCE_COLUMNS."""
    before = {name: f'{"{" if not number else ","}"{name}":"' for number, name in enumerate(RAW_COLUMNS)}
    parts = [part for name in RAW_COLUMNS for part in (before[name], rows[name], '"')]
    quantity = pc.binary_join_element_wise(',"quantity":"', rows["quantity"], '"', "")
    ends = pc.if_else(pc.equal(rows["quantity"], ""), "", quantity)
    return pc.binary_join_element_wise(*parts, ends, "}", "")

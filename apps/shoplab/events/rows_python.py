"""A file's rows in Python, one by one: what a replay sends."""

from collections.abc import Iterator

from shoplab.core.schemas import RAW_COLUMNS, SOURCE_COLUMNS
from shoplab.events.sources import SourceFile
from shoplab.events.texts import meant, number
from shoplab.events.times import as_iso

Row = dict[str, str]


def read_rows(source: SourceFile) -> Iterator[Row]:
    """Rows with the lab's column names, event types, times and decimal points; all else as it stands in the file, for
    `events.clean` to say what it means; "" where missing. quantity only where there is one. What is no row has its
    text as `raw`, and what is wrong as `fault`.
    """
    mapping = source.mapping
    words, formats = mapping.words, mapping.time_formats
    for batch in source.rows():
        for theirs in batch.to_pylist():
            if theirs["fault"]:
                yield {"user_id": "", "raw": theirs["raw"], "fault": theirs["fault"]}
                continue
            row = {column: theirs[column] or "" for column in SOURCE_COLUMNS}
            row["event_type"] = words.get(meant(row["event_type"]).lower(), row["event_type"])
            row["event_time"] = as_iso(meant(row["event_time"]), formats)
            row |= {name: number(row[name], mapping.decimal) for name in ("price", "quantity")}
            yield row if row["quantity"] else {column: row[column] for column in RAW_COLUMNS}

"""The SEGMENT table as one local file, for other tools."""

from pathlib import Path
from typing import TYPE_CHECKING

from shoplab.core.catalog import Catalog
from shoplab.core.console import plain
from shoplab.core.errors import LabError
from shoplab.core.private import give
from shoplab.core.schemas import SEGMENT

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = [name for name in SEGMENT.names if name not in ("confidence", "robot")]
_FORMULA = ("=", "+", "-", "@", "\t")  # as OWASP's page on CSV injection has them
_WHOLE_NUMBER = r"0|[1-9]\d{0,17}"
FORMATS = (".parquet", ".csv")


def check_target(path: Path) -> None:
    """LabError, before any work is done, for a file that can't be written."""
    if path.suffix not in FORMATS:
        raise LabError(f"--out {path}: give a name that ends in .parquet or .csv")
    if not path.absolute().parent.is_dir():
        raise LabError(f"--out {path}: there is no directory {path.absolute().parent}; make it first")


def current_segments(catalog: Catalog) -> "pd.DataFrame":
    """The published table, read without Spark."""
    return catalog.table("segments", catalog.current("segments").rsplit("/", 1)[1])[COLUMNS]


def write_segments(rows: "pd.DataFrame", path: Path) -> int:
    """Writes COLUMNS, one row per user, sorted by user_id, and returns their number.

    Ids become int64 where all of them are whole numbers. In a .csv a text that a spreadsheet would take for a formula
    has an apostrophe before it, so that it is shown and not computed, and control characters are spelt out; .parquet
    has all texts as they are.
    """
    check_target(path)
    if rows["user_id"].str.fullmatch(_WHOLE_NUMBER).all():
        rows["user_id"] = rows["user_id"].astype("int64")
    counts = dict.fromkeys(("recency_days", "r", "f", "m"), "Int32")  # whole numbers that may be missing
    rows = rows[COLUMNS].astype(counts).sort_values("user_id", ignore_index=True)
    if path.suffix == ".csv":
        texts = rows.select_dtypes(["object", "string"]).columns
        rows.assign(**{name: rows[name].map(_shown, na_action="ignore") for name in texts}).to_csv(path, index=False)
    else:
        rows.to_parquet(path, index=False)
    give(path)
    return len(rows)


def _shown(text: str) -> str:
    """Without a carriage return, which would begin a row of its own."""
    text = plain(text)
    return f"'{text}" if text.startswith(_FORMULA) else text

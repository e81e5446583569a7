"""Rows that were not taken in: looked at, and written out as they stood in their file, to be mended and taken again."""

import csv
import io
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from shoplab.core.catalog import Catalog
from shoplab.core.console import table
from shoplab.core.errors import LabError
from shoplab.core.private import write_new
from shoplab.events.accounts import manifest
from shoplab.events.dialect import BOMS
from shoplab.events.rows import HEX, RAW_LENGTH

if TYPE_CHECKING:
    import pandas as pd

KAFKA = "kafka"  # stands for all batches of the stream
_SHOWN = 90  # characters of a row on the screen
_BOMS = {name: mark for mark, name in BOMS.items() if name != "utf-8"}


def show_files(catalog: Catalog, reason: str | None) -> None:
    """How many rows each file has by reason; of the stream's batches in one."""
    counts = [
        (file, why, int(number))
        for file in files(catalog)
        for why, number in _rows(catalog, file, reason)["reason"].value_counts().items()
    ]
    table(["file", "reason", "rows"], counts)


def show_rows(catalog: Catalog, file: str, reason: str | None, limit: int) -> None:
    """The first rows of a file."""
    rows = _rows(catalog, file, reason)
    show(rows.head(limit)[["line", "reason", "raw"]].itertuples(index=False))
    if len(rows) > limit:
        table([f"{len(rows) - limit:,} more; all of them: --limit {len(rows)}, or --export FILE"], [])


def show(rows: Iterable[tuple[Any, ...]]) -> None:
    """Prints rows of line, reason and raw."""
    table(["line", "reason", "row"], [(line, reason, (raw or "")[:_SHOWN]) for line, reason, raw in rows])


def export(catalog: Catalog, file: str, reason: str | None, target: Path) -> str:
    """Writes a file's rows as they stood in it, below its header. LabError: the target is there, or the file's tables
    have their columns in different orders. Returns what was done, in one line.
    """
    rows = _rows(catalog, file, reason)
    said = {} if file == KAFKA else _account(catalog, file)
    whole = rows[rows["raw"].notna() & ~rows["raw"].str.len().isin([RAW_LENGTH, len(HEX) + RAW_LENGTH])]
    written = _header(file, said) + b"".join(_bytes(raw, said.get("encoding", "utf-8")) for raw in whole["raw"])
    write_new(target, _BOMS.get(said.get("encoding", ""), b"") + written, "name another file")
    cut = len(rows) - len(whole)
    left = f"; {cut:,} longer than {RAW_LENGTH:,} characters are left out" if cut else ""
    return f"{target}: {len(whole):,} rows{left}; mend them, then: ./lab ingest {target}"


def files(catalog: Catalog) -> list[str]:
    """LabError where nothing was ever rejected."""
    names = [unquote(name) for name in catalog.partitions("rejected")]
    if not names:
        raise LabError("no row was rejected yet; what was taken in: ./lab ingest FILE")
    return list(dict.fromkeys(KAFKA if _is_batch(name) else name for name in names))


def _is_batch(name: str) -> bool:
    return name.startswith(f"{KAFKA}-")


def _rows(catalog: Catalog, file: str, reason: str | None) -> "pd.DataFrame":
    """A file's REJECTED rows in its order. LabError where it has none."""
    known = files(catalog)
    if file not in known:
        raise LabError(f"{file} has no rejected rows; files that have: {', '.join(known[:10])}")
    import pandas as pd

    folders = [name for name in catalog.partitions("rejected") if _is_of(unquote(name), file)]
    parts = [catalog.table("rejected", f"file={folder}") for folder in folders]
    rows = pd.concat(parts, ignore_index=True).sort_values("line", kind="stable")
    return rows if reason is None else rows[rows["reason"].str.contains(reason, case=False, regex=False)]


def _is_of(name: str, file: str) -> bool:
    return _is_batch(name) if file == KAFKA else name == file


def _account(catalog: Catalog, file: str) -> dict[str, Any]:
    for month in catalog.partitions("raw"):
        path = manifest(catalog.path("raw", f"month={month}"), file)
        if catalog.storage.exists(path):
            found: dict[str, Any] = catalog.storage.read_json(path)
            return found
    raise LabError(f"the account of {file} is not on HDFS; take the file in again, then export")


def _header(file: str, said: dict[str, Any]) -> bytes:
    """The line that names the columns, in the file's encoding; none where it has none."""
    orders = {tuple(names) for names in said.get("columns", ())}
    if len(orders) > 1:
        raise LabError(f"the tables in {file} have their columns in different orders; mend the file itself")
    if not orders or not any(orders):
        return b""
    line = io.StringIO()
    csv.writer(line, delimiter=said["delimiter"], lineterminator="\n").writerow(*orders)
    return line.getvalue().encode(said["encoding"])


def _bytes(raw: str, encoding: str) -> bytes:
    row = bytes.fromhex(raw.removeprefix(HEX)) if raw.startswith(HEX) else raw.encode(encoding)
    return row + "\n".encode(encoding)

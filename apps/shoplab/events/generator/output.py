"""Generated rows -> file: CSV text, gzipped CSV or Parquet, one day at a time."""

import gzip
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq
from numpy.typing import NDArray

from shoplab.core.errors import LabError
from shoplab.events.generator.calendar import DAY, Month
from shoplab.events.generator.products import Catalogue
from shoplab.events.generator.profiles import NAMES, Ints

HEADER = "event_time,event_type,product_id,category_id,category_code,brand,price,user_id,user_session"
COLUMNS = HEADER.split(",")
TYPES = ("view", "cart", "purchase")
BYTES_PER_ROW = {".csv": 140, ".gz": 60, ".parquet": 60}  # a little more than measured
GZIP_LEVEL = 3
BATCH = 500_000  # rows rendered at once
Days = list[list[NDArray[np.void]]]  # a month's rows: for each day, parts in any order
_HEX = np.frombuffer("".join(f"{byte:02x}" for byte in range(256)).encode(), dtype=np.uint8).reshape(256, 2)


def check_target(path: Path, events: int) -> None:
    """LabError where the file's kind is unknown, its directory is missing or the disk too full."""
    if path.suffix not in BYTES_PER_ROW or (path.suffix == ".gz" and not path.name.endswith(".csv.gz")):
        raise LabError(f"cannot tell the format of {path}; end its name in .csv, .csv.gz or .parquet")
    if path.is_dir() or not path.parent.is_dir():
        why = "it is a directory" if path.is_dir() else f"no directory {path.parent}"
        raise LabError(f"cannot write {path}: {why}; name another file")
    if not os.access(path.parent, os.W_OK):
        raise LabError(f"cannot write {path}: no permission to write in {path.parent}; name a file elsewhere")
    needed, free = events * BYTES_PER_ROW[path.suffix], shutil.disk_usage(path.parent).free
    if needed > free:
        sizes = f"{path} needs about {needed / 1e6:,.0f} MB, {free / 1e6:,.0f} MB are free"
        raise LabError(f"disk nearly full: {sizes}; use fewer --events")


class Renderer:
    """Turns rows into columns of text: numbers are looked up in tables made once a month."""

    def __init__(self, catalogue: Catalogue, month: Month, seed: int) -> None:
        self.month, self.seed = month, seed
        category, code = catalogue.category, [shelf.code for shelf in catalogue.shelves]
        self.product = [
            pa.array(catalogue.product_id).cast(pa.string()),
            pa.array(catalogue.category_id).cast(pa.string()).take(pa.array(category)),
            pa.array(code).take(pa.array(category)),
            pa.array(catalogue.brands).take(pa.array(catalogue.brand)),
        ]
        self.price = {False: _money(catalogue.price)}
        if month.has_sales:
            self.price[True] = _money(catalogue.sale_price)
        self.types = pa.array(TYPES)
        self.clock = _clock()
        self.on_sale = month.sale_days()
        # Whole CSV fragments, so that a CSV line is five look-ups
        self.product_text = {
            sale: pc.binary_join_element_wise(*self.product, self.price[sale], ",") for sale in self.price
        }

    def times(self, rows: NDArray[np.void], day: int) -> Any:
        clock = self.clock.take(pa.array(rows["time"] - day * DAY))
        return pc.binary_join_element_wise(f"{self.month.name}-{day + 1:02}", clock, "")

    def sessions(self, rows: NDArray[np.void]) -> Any:
        return session_ids(self.month.ordinal, self.seed, rows["session"])

    def csv(self, rows: NDArray[np.void], day: int) -> Any:
        """The rows as CSV text, in one buffer."""
        product = self.product_text[bool(self.on_sale[day])].take(pa.array(rows["product"]))
        user = pa.array(rows["user"]).cast(pa.string())
        session = pc.binary_join_element_wise(self.sessions(rows), "", "\n")
        lines = pc.binary_join_element_wise(
            self.times(rows, day), self.types.take(pa.array(rows["type"])), product, user, session, ","
        )
        return lines.buffers()[2]

    def table(self, rows: NDArray[np.void], day: int) -> Any:
        """The rows as an Arrow table: ids and price typed, empty text null, event_time as in the CSV."""
        product = pa.array(rows["product"])
        number, category, code, brand = (column.take(product) for column in self.product)
        price = self.price[bool(self.on_sale[day])].take(product)
        columns = [
            self.times(rows, day),
            self.types.take(pa.array(rows["type"])),
            number.cast(pa.int64()),
            category.cast(pa.int64()),
            _null_if_empty(code),
            _null_if_empty(brand),
            price.cast(pa.float64()),
            pa.array(rows["user"]),
            self.sessions(rows),
        ]
        return pa.table(columns, names=COLUMNS)


def write_days(path: Path, suffix: str, renderer: Renderer, days: Days, progress: Callable[[int], None]) -> None:
    """Writes all rows, sorted by time. `progress` gets the rows of each batch. Empties `days` to save memory."""
    batches = ((day, rows[at : at + BATCH]) for day, rows in _sorted_days(days) for at in range(0, len(rows), BATCH))
    if suffix == ".parquet":
        writer = None
        for day, rows in batches:
            table = renderer.table(rows, day)
            writer = writer or pq.ParquetWriter(path, table.schema)
            writer.write_table(table)
            progress(len(rows))
        if writer:
            writer.close()
        return
    with path.open("wb") as raw, _text_stream(raw, suffix) as out:
        out.write(f"{HEADER}\n".encode())
        for day, rows in batches:
            out.write(renderer.csv(rows, day))
            progress(len(rows))


def _text_stream(raw: BinaryIO, suffix: str) -> AbstractContextManager[Any]:
    """Gzip with neither name nor time in its header: the same text gives the same bytes."""
    return gzip.GzipFile("", "wb", GZIP_LEVEL, raw, mtime=0) if suffix == ".gz" else nullcontext(raw)


def _sorted_days(days: Days) -> Iterator[tuple[int, NDArray[np.void]]]:
    for day, parts in enumerate(days):
        rows = np.concatenate(parts)
        parts.clear()
        yield day, rows[np.argsort(rows["time"], kind="stable")]


def write_truth(path: Path, user_id: Ints, profile: Ints, suffix: str) -> None:
    """user_id and planted profile, one row per user, as CSV or Parquet."""
    table = pa.table({"user_id": user_id, "profile": pa.array(NAMES).take(pa.array(profile))})
    if suffix == ".parquet":
        pq.write_table(table, path)
    else:
        with pa.output_stream(path, compression=None) as out:
            out.write(b"user_id,profile\n")
            pyarrow.csv.write_csv(table, out, pyarrow.csv.WriteOptions(include_header=False, quoting_style="none"))


def session_ids(month: int, seed: int, session: Ints) -> Any:
    """UUID text (version 4 in form) hashed from seed, month and session number: alike only by a 122-bit accident."""
    counter = (np.uint64(month) << np.uint64(32)) + session.astype(np.uint64)
    high = _mix(counter + np.uint64(seed * 0x9E3779B97F4A7C15 % 2**64))
    low = _mix(high ^ np.uint64(0xD1B54A32D192ED03))
    raw = np.stack([high, low], axis=1).astype(">u8").view(np.uint8).reshape(-1, 16)
    raw[:, 6], raw[:, 8] = raw[:, 6] & 0x0F | 0x40, raw[:, 8] & 0x3F | 0x80
    text = np.full((len(raw), 36), ord("-"), dtype=np.uint8)
    places = [p for p in range(36) if p not in (8, 13, 18, 23)]
    text[:, places] = _HEX[raw].reshape(-1, 32)
    offsets = np.arange(len(raw) + 1, dtype=np.int32) * 36
    return pa.StringArray.from_buffers(len(raw), pa.py_buffer(offsets), pa.py_buffer(text))


def _mix(value: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """splitmix64's finaliser, https://prng.di.unimi.it/splitmix64.c"""
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))


@cache
def _clock() -> Any:
    """The text of each second of a day."""
    return pa.array([f" {s // 3600:02}:{s // 60 % 60:02}:{s % 60:02} UTC" for s in range(DAY)])


def _money(price: NDArray[np.float64]) -> Any:
    return pa.array([f"{value:.2f}" for value in price])


def _null_if_empty(text: Any) -> Any:
    return pc.if_else(pc.equal(text, ""), None, text)

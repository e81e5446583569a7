"""recs.parquet: the ranked lists as a file for other tools."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from shoplab.core.errors import LabError
from shoplab.core.private import give
from shoplab.recommend.data.arrays import Ints
from shoplab.recommend.data.products import Products


def check_target(option: str, path: Path, ending: str) -> None:
    """LabError, before any work is done, for a file that can't be written."""
    if path.suffix != ending:
        raise LabError(f"{option} {path}: give a name that ends in {ending}")
    if path.is_dir():
        raise LabError(f"{option} {path} is a directory; give the name of a file in it")
    if not path.absolute().parent.is_dir():
        raise LabError(f"{option} {path}: there is no directory {path.absolute().parent}; make it first")


def next_item_table(sessions: Any, positions: Ints, lists: Ints, items: pa.Array) -> pa.Table:
    """Grain: one item to guess. Key: (session, position). position: its place in the session, from 1."""
    return pa.table({"session": sessions, "position": pa.array(positions, pa.int64()), "items": _listed(lists, items)})


def next_month_table(users: Sequence[str], lists: Ints, scores: NDArray[np.float32], items: pa.Array) -> pa.Table:
    """Grain: one user. Key: user_id. scores: of the items, in their order."""
    kept = lists >= 0
    flat = pa.array(scores[kept].astype(np.float64))
    return pa.table(
        {
            "user_id": pa.array(users, pa.string()),
            "items": _listed(lists, items),
            "scores": pa.ListArray.from_arrays(_offsets(kept), flat),
        }
    )


def item_ids(products: Products, whole_numbers: bool) -> pa.Array:
    """The id of every product by its row; as int64 where that is asked for and all of them are whole numbers."""
    ids = products.ids
    if whole_numbers and ids and all(_is_whole(name) for name in ids):
        return pa.array([int(name) for name in ids], pa.int64())
    return pa.array(ids, pa.string())


def _is_whole(name: str) -> bool:
    """Whether the number's text is the id again: 007 is not 7."""
    return name.isascii() and name.isdigit() and len(name) <= 18 and (name == "0" or name[0] != "0")


def write(table: pa.Table, path: Path) -> None:
    """Beside the target first, so that nobody finds half a file."""
    work = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        pq.write_table(table, work)
        work.replace(path)
        give(path)
    except OSError as error:
        raise LabError(f"{path} can't be written: {error.strerror or error}; choose another --out") from None
    finally:
        work.unlink(missing_ok=True)


def _listed(lists: Ints, items: pa.Array) -> pa.ListArray:
    kept = lists >= 0
    return pa.ListArray.from_arrays(_offsets(kept), items.take(pa.array(lists[kept])))


def _offsets(kept: NDArray[np.bool_]) -> pa.Array:
    return pa.array(np.concatenate([[0], np.cumsum(kept.sum(axis=1))]), pa.int32())

"""The SQL by which DuckDB makes the tables of `./lab analyse`."""

import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path

_FILE = Path(__file__).with_name("tables.sql")
_MARK = "-- table: "


def statements(edges: Sequence[float]) -> Iterator[tuple[str, str]]:
    """Table and the query that makes it from those before, in order. edges: the bounds of the price bands."""
    for part in _FILE.read_text().split(_MARK)[1:]:
        name, _, query = part.partition("\n")
        yield name, query.strip().removesuffix(";").replace("$band", band(edges))


def band(edges: Sequence[float]) -> str:
    """SQL of a list price's band, as behaviour.funnels names it; null without prices."""
    if not edges:
        return "NULL"
    words = ["0", *(f"{edge:.10g}" for edge in edges)]
    below = " ".join(f"WHEN list_price < {high} THEN '{low}-{high}'" for low, high in itertools.pairwise(words))
    return f"CASE {below} WHEN list_price IS NOT NULL THEN '{words[-1]}+' END"

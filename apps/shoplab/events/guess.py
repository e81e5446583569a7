"""Which of the maps that ship with the package a file is of, told by its columns and words."""

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar
from urllib.parse import unquote

import orjson

from shoplab.core.errors import LabError
from shoplab.core.schemas import SOURCE_COLUMNS
from shoplab.events.containers import Member
from shoplab.events.dialect import Dialect, split_line
from shoplab.events.hints import ours as known_as
from shoplab.events.mapping import Mapping, load_mapping, shipped

USE_A_MAP = "say which is which with --map FILE.yaml: ./lab map FILE writes one to edit"
_KNOWN_WORDS = 0.9  # share of a column without a name that must be event types
_Found = TypeVar("_Found")
_NEVER_EVENTS = {
    frozenset({"order_id", "product_id", "add_to_cart_order"}): "order lines as Instacart's, without times and users:"
    " join them with the orders, give each a time, and take that in",
    frozenset({"order_id", "order_number", "order_dow"}): "orders as Instacart's, without products: join them with the"
    " order lines, give each a time, and take that in",
}


def by_columns(read: Callable[[Mapping], _Found]) -> tuple[str, Mapping, _Found]:
    """The first map by which `read` can tell a file's columns: its name, itself, and what was read. LabError, that of
    the lab's own map, where none fits.
    """
    refusals = []
    for name in shipped():
        mapping = load_mapping(name)
        try:
            return name, mapping, read(mapping)
        except LabError as error:
            refusals.append(error)
    raise refusals[0]


def words_fit(lines: Sequence[str], dialect: Dialect, mapping: Mapping) -> bool:
    """Whether a column that only its place makes the event type holds event types."""
    if dialect.json or mapping.header is not False:
        return True
    found, known = list(_event_types(lines, dialect, mapping)), mapping.words
    return sum(word in known for word in found) >= _KNOWN_WORDS * max(len(found), 1)


def _event_types(lines: Sequence[str], dialect: Dialect, mapping: Mapping) -> Iterator[str]:
    place = list(dialect.names).index(mapping.source_of("event_type", dialect.names))
    for line in lines:
        values = split_line(line, dialect.delimiter, dialect.escape) or []
        if len(values) > place:
            yield values[place].strip().lower()


def what_else(names: Sequence[str]) -> str:
    """What a table is that is known, but holds no events; "" for any other."""
    return next((words for columns, words in _NEVER_EVENTS.items() if columns <= set(names)), "")


def advice(dialect: Dialect, lines: Sequence[str]) -> str:
    """What to do about a text without the columns needed."""
    if not dialect.json:
        if len(dialect.names) > 1:
            return USE_A_MAP
        return (
            "it is no table, or its columns are parted by another sign than , ; | or tabs: a map's delimiter: names it"
        )
    try:
        first = orjson.loads(lines[0])
    except orjson.JSONDecodeError:
        return USE_A_MAP
    for key, value in first.items():
        if isinstance(value, list) and value and all(isinstance(inner, dict) for inner in value):
            return f"if {key} is the list of its events, say each: {json.dumps(key)} in a map"
    inside = max(_within(first), key=lambda found: found[1], default=None)
    if inside:
        return f"what stands within {inside[0]} is not looked at; bring it out, such as with: jq -c '.{inside[0]}' FILE"
    return USE_A_MAP


def _within(found: dict[str, Any], deep: int = 3) -> Iterator[tuple[str, int]]:
    """Each object in an object, by its path, and how many of an event's columns it seems to have."""
    for key, value in found.items():
        if isinstance(value, dict):
            yield key, sum(known_as("columns", name) is not None for name in value)
            if deep > 1:
                yield from ((f"{key}.{path}", columns) for path, columns in _within(value, deep - 1))


def refuse_partition(member: Member, names: Sequence[str], mapping: Mapping) -> None:
    """Spark and Hive write a column that files are parted by into the folders' names only: brand=acme/part-0.parquet"""
    for folder in member.path.parent.parts:
        key, sign, value = folder.partition("=")
        for ours in SOURCE_COLUMNS if sign else ():
            if key in mapping.known(ours) and not mapping.gives(ours, list(names)):
                raise LabError(
                    f"{member} has its {key} only in the folder's name; take that folder in by itself, with a map that"
                    f" says constants: {{{ours}: {json.dumps(unquote(value))}}}"
                )

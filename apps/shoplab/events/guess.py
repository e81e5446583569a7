"""Which of the maps that ship with the package a file is of, told by its columns and words."""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from shoplab.core.errors import LabError
from shoplab.events.dialect import Dialect, split_line
from shoplab.events.mapping import REES46, Mapping, load_mapping, shipped

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
    if dialect.header or dialect.json or mapping == load_mapping(REES46):
        return True
    found = list(_event_types(lines, dialect, mapping))
    return sum(word in mapping.words for word in found) >= _KNOWN_WORDS * max(len(found), 1)


def _event_types(lines: Sequence[str], dialect: Dialect, mapping: Mapping) -> Iterator[str]:
    place = list(dialect.names).index(mapping.source_of("event_type", dialect.names))
    for line in lines:
        values = split_line(line, dialect.delimiter, dialect.escape) or []
        if len(values) > place:
            yield values[place].strip().lower()


def what_else(names: Sequence[str]) -> str:
    """What a table is that is known, but holds no events; "" for any other."""
    return next((words for columns, words in _NEVER_EVENTS.items() if columns <= set(names)), "")

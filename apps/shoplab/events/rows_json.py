"""A JSON object a line -> rows, by name. Where a map says `each`, a line holds a list of events: one row each."""

import json
import re
from collections.abc import Iterator
from typing import Any, BinaryIO

import orjson

from shoplab.core.schemas import SOURCE_COLUMNS
from shoplab.events.dialect import Dialect
from shoplab.events.json_lines import events_in
from shoplab.events.mapping import Mapping
from shoplab.events.rows import Batches, Rows, Values, as_text

BATCH = 50_000  # rows
_KEY = re.compile(rb'"\s*:')
_BOM = b"\xef\xbb\xbf"


class NotAnEvent(ValueError):
    """Says why."""


def read_json(stream: BinaryIO, dialect: Dialect, mapping: Mapping) -> Batches:
    """Numbers become the text they are written as; null and a name that is not there are no value."""
    picks, rows = _picks(dialect, mapping), Rows(mapping)
    for line, raw in enumerate(stream, 1):
        raw = raw.rstrip(b"\r\n")
        if not (text := raw.removeprefix(_BOM)).strip():
            continue
        try:
            for values in list(_values(text, picks, mapping)):  # all events of a line, or none
                rows.add(line, raw, values)
        except (orjson.JSONDecodeError, AttributeError, TypeError, RecursionError):
            rows.fault(line, raw, "not a JSON object of an event")
        except NotAnEvent as error:
            rows.fault(line, raw, str(error))
        if len(rows.lines) >= BATCH:
            yield rows.batch()
            rows = Rows(mapping)
    if rows.lines:
        yield rows.batch()


Picks = list[tuple[str | None, list[str]]]


def _picks(dialect: Dialect, mapping: Mapping) -> Picks:
    """Of each column its constant, or the names it may have: that of the first lines, or any that may yet come."""
    origins = mapping.origins(dialect.names)
    return [
        (origins[ours].constant, [theirs] if (theirs := origins[ours].column) else mapping.known(ours))
        for ours in SOURCE_COLUMNS
    ]


def _values(text: bytes, picks: Picks, mapping: Mapping) -> Iterator[Values]:
    events = list(events_in(found := orjson.loads(text), mapping.each))
    inside = sum(map(len, found[mapping.each])) if mapping.each in found else 0
    if len(_KEY.findall(text)) > len(found) + inside:  # nested, or a name twice
        json.loads(text, object_pairs_hook=_each_once)
    for event in events:
        yield [constant if constant is not None else _text(event, names) for constant, names in picks]


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) < len(pairs):
        raise NotAnEvent("a key stands twice in it")
    return dict(pairs)


def _text(event: dict[str, Any], names: list[str]) -> str | None:
    for name in names:
        value = event.get(name)
        if isinstance(value, dict | list):
            raise NotAnEvent(f"{name} is not a single value")
        if value is not None:
            return as_text(value)
    return None

"""The first lines of a file of JSON -> their events and keys."""

from collections.abc import Iterator, Sequence
from typing import Any

import orjson

from shoplab.core.errors import LabError
from shoplab.events.mapping import REQUIRED_COLUMNS, Mapping

_LONG = 1_000_000  # characters: about all that is looked at


def keys_of(what: str, lines: Sequence[str], mapping: Mapping) -> tuple[str, ...]:
    """The names in the first lines. LabError where they hold no events, or not as a line each with a value each."""
    events: list[dict[str, Any]] = []
    for line in lines:
        try:
            events += events_in(orjson.loads(line), mapping.each)
        except (orjson.JSONDecodeError, AttributeError, TypeError):
            continue
    keys = tuple(dict.fromkeys(key for event in events for key in event))
    if not keys and len(lines) == 1 and len(lines[0]) > _LONG:
        raise LabError(f"{what} has all in one line; write one event a line, such as with: jq -c '.[]' FILE")
    if not keys:
        raise LabError(
            f"{what} starts like JSON, but has no JSON object a line; write one event a line, such as with:"
            " jq -c . FILE"
        )
    origins = mapping.origins(keys)
    for name in filter(None, (origins[column].column for column in REQUIRED_COLUMNS)):
        if all(isinstance(event.get(name), dict) for event in events):
            raise LabError(f"{what} {_instead_of_values(name, events[0][name])}")
    return keys


def _instead_of_values(name: str, found: dict[str, Any]) -> str:
    if len(found) != 1 or next(iter(found)) == "0":
        rows = 'with pandas: to_json(FILE, orient="records", lines=True)'
        return f"has a table by its columns ({name} is the whole of one); write a line for each event, {rows}"
    return (
        f'has each {name} within an object, {{"{next(iter(found))}": …}}; take the values out, such as with: jq -c'
        " 'map_values(if type == \"object\" then .[] else . end)' FILE"
    )


def events_in(found: Any, each: str | None) -> Iterator[dict[str, Any]]:
    """The events of a line. AttributeError, TypeError: it is no object, or holds something else than events."""
    around = dict(found.items())
    inside = around.pop(each, None) if each else None
    if inside is None:
        yield around
        return
    if not isinstance(inside, list) or not all(isinstance(event, dict) for event in inside):
        raise TypeError
    yield from ({**around, **event} for event in inside)

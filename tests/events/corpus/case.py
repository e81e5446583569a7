"""One input: how it is made, and the right outcome of each of its rows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

NAMES = (
    "event_time",
    "event_type",
    "product_id",
    "category_id",
    "category_code",
    "brand",
    "price",
    "user_id",
    "user_session",
)
_PLAIN = dict(
    zip(NAMES, ("2019-10-01 00:00:00 UTC", "view", "1", "10", "toys.cubes", "acme", "9.99", "7", "s1"), strict=True)
)
_EVENT: dict[str, object] = {**_PLAIN, "event_time": "2019-10-01 00:00:00", "price": 9.99, "quantity": None}

Row = dict[str, str]
Event = dict[str, object]
Outcome = Event | str  # an event's values, or the reason why a row is rejected


@dataclass(frozen=True)
class Case:
    """One file. make: writes it into a folder. rows: what becomes of its rows, in order. refused: instead, words of
    the line that refuses the file. map: YAML.
    """

    name: str
    make: Callable[[Path], Path]
    rows: Sequence[Outcome] = ()
    refused: str = ""
    map: str = ""


def row(**values: str) -> Row:
    """A row as a file has it: REES46's columns, as plain as can be but for these."""
    return _PLAIN | values


def event(**values: object) -> Event:
    """What becomes of `row()`, but for these."""
    return _EVENT | values


def csv(*rows: Row, names: Sequence[str] = NAMES, header: bool = True, delimiter: str = ",", end: str = "\n") -> str:
    """Rows as lines without a quote."""
    lines = [delimiter.join(each[name] for name in names) for each in rows]
    return "".join(line + end for line in ([delimiter.join(names), *lines] if header else lines))


def written(
    name: str, content: str | bytes, *rows: Outcome, refused: str = "", map: str = "", file: str = "events.csv"
) -> Case:
    """A file of this content."""
    data = content.encode() if isinstance(content, str) else content

    def make(folder: Path) -> Path:
        (folder / file).write_bytes(data)
        return folder / file

    return Case(name, make, rows, refused, map)


def probes(name: str, column: str, outcomes: dict[str, object], map: str = "") -> Case:
    """A row for each text in a column. Outcomes: the value it becomes; where it is no string starting with "!", else
    the reason.
    """
    content = csv(*[row(**{column: text}) for text in outcomes])
    return written(
        name,
        content,
        *[
            outcome[1:] if isinstance(outcome, str) and outcome.startswith("!") else event(**{column: outcome})
            for outcome in outcomes.values()
        ],
        map=map,
    )

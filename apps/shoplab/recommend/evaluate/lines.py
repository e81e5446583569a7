"""Session files without a clock: a session per line, its item ids in click order (the layout of SR-GNN and LESSR)."""

import gzip
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from shoplab.core.errors import LabError
from shoplab.recommend.data.arrays import DAY_S
from shoplab.recommend.data.feedback import CURRENT
from shoplab.recommend.data.log import Log, build_log
from shoplab.recommend.data.products import Product, Products

TRAIN_DAYS = 30  # what the training lines are taken to span, evenly, oldest first
_ID = r"[\w.:/#+-]+"
_SESSION = re.compile(rf"{_ID}(?:(?:\s*,\s*|\s+){_ID})*")
_BETWEEN = re.compile(r"[,\s]+")
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}")
_BINARY = (b"PK\x03\x04", b"PAR1")


@dataclass(frozen=True)
class Sessions:
    """items: per session its ids in click order. numbers: the session's line in the file, from 1."""

    path: Path
    items: list[list[str]]
    numbers: list[int]

    def texts(self) -> list[str]:
        return [" ".join(items) for items in self.items]


def is_lines(path: Path) -> bool:
    """Whether the first line with anything in it holds ids alone: every word has a digit, none is a date."""
    try:
        with path.open("rb") as reader:
            if reader.read(4) in _BINARY:
                return False
        first = next((text for _, text in _texts(path)), "")
    except (OSError, EOFError, LabError):
        return False  # the reader of event files says what is wrong
    words = _BETWEEN.split(first)
    return bool(_SESSION.fullmatch(first)) and all(re.search(r"\d", word) and not _TIME.match(word) for word in words)


def read_sessions(path: Path) -> Sessions:
    """LabError names the first line that is no list of ids. Blank lines are passed over."""
    items, numbers = [], []
    try:
        for number, text in _texts(path):
            if not _SESSION.fullmatch(text):
                raise LabError(
                    f"{path}, line {number}: {text[:40]!r} is no list of item ids with commas or spaces between;"
                    " mend or remove the line"
                )
            items.append(_BETWEEN.split(text))
            numbers.append(number)
    except (OSError, EOFError) as error:
        raise LabError(f"{path} is damaged or cut short ({error}); fetch it again") from None
    if not items:
        raise LabError(f"{path} has no session in it; give a file with a line of item ids per session")
    return Sessions(path, items, numbers)


def _texts(path: Path) -> Iterator[tuple[int, str]]:
    """Number and text of every line that is not blank."""
    with path.open("rb") as reader:
        packed = reader.read(2) == b"\x1f\x8b"
    with gzip.open(path) if packed else path.open("rb") as reader:
        for number, line in enumerate(reader, start=1):
            try:
                text = line.decode("utf-8-sig" if number == 1 else "utf-8").strip()
            except UnicodeDecodeError:
                raise LabError(f"{path}, line {number} is not text in UTF-8; fetch the file again") from None
            if text:
                yield number, text


def products_of(sessions: Sessions) -> Products:
    """Every item met; nothing but its id is known."""
    ids = sorted({item for items in sessions.items for item in items})
    return Products(tuple(Product(name, None, None, None, None) for name in ids))


def log_of(sessions: Sessions, products: Products, after: Sessions | None = None) -> Log:
    """Nobody's views. `after`: the training sessions, at whose end and pace these go on."""
    pace = TRAIN_DAYS * DAY_S / len((after or sessions).items)
    lengths = [len(items) for items in sessions.items]
    begin = len(after.items) if after else 0
    times = (begin + np.repeat(np.arange(len(lengths)), lengths)).astype(np.float64) * pace
    names = [str(number) for number, size in zip(sessions.numbers, lengths, strict=True) for _ in range(size)]
    items = [item for session in sessions.items for item in session]
    kinds = np.full(len(items), CURRENT.view, dtype=np.int8)
    return build_log(products, [None] * len(items), names, items, kinds, times)

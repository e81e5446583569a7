"""What a report is made of: sections of cards. A chart that has nothing to show says so in a word and is left out."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import pandas as pd
from markupsafe import Markup, escape

from shoplab.core.catalog import Catalog
from shoplab.core.errors import LabError

Material = TypeVar("Material")
Tile = tuple[str, str]


class NothingToShow(Exception):
    """Why a chart has nothing to show."""


@dataclass(frozen=True)
class Chart(Generic[Material]):
    """A card to be made from a section's tables or manifest. caption: one sentence that says how to read it."""

    title: str
    caption: str
    draw: Callable[[Material], str]
    wide: bool = False


@dataclass(frozen=True)
class Card:
    title: str
    caption: str
    body: Markup
    wide: bool = False


@dataclass
class Section:
    """A heading with its words, rows of tiles (label, value) and cards. left_out: what could not be shown, and why."""

    title: str
    words: list[str] = field(default_factory=list)
    tiles: list[list[Tile]] = field(default_factory=list)
    cards: list[Card] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)

    @property
    def anchor(self) -> str:
        return self.title.lower().replace(" ", "-")

    def add(self, charts: Sequence[Chart[Material]], source: Material) -> None:
        """Makes the cards; one that has nothing to show becomes a line in left_out."""
        for chart in charts:
            try:
                body = _labelled(chart.draw(source), f"{chart.title}. {chart.caption}")
                self.cards.append(Card(chart.title, chart.caption, body, chart.wide))
            except NothingToShow as why:
                self.left_out.append(f"{chart.title}: {why}")


class Tables:
    """The analysis tables, each read once. NothingToShow where one is missing, empty or of an older version."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._read: dict[str, pd.DataFrame] = {}

    def __call__(self, name: str, *columns: str) -> pd.DataFrame:
        table = self._frame(name)
        missing = [column for column in columns if column not in table.columns]
        if missing:
            raise NothingToShow(f"the table {name} has no {', '.join(missing)} yet; ./lab analyse makes it anew")
        if table.empty:
            raise NothingToShow("the log has nothing of this")
        return table.copy()

    def _frame(self, name: str) -> pd.DataFrame:
        if name not in self._read:
            try:
                self._read[name] = self._catalog.table(f"analysis/{name}")
            except LabError as missing:
                if self._catalog.has(f"analysis/{name}"):  # it is there, so HDFS itself has failed
                    raise
                raise NothingToShow(f"no table {name} yet; ./lab analyse makes it") from missing
        return self._read[name]


def key(values: Any, name: str, maker: str) -> Any:
    """A manifest's value. NothingToShow where it is missing, empty or null; maker: the command that writes it."""
    found = values.get(name)
    if found is None or found == {} or found == []:
        raise NothingToShow(f"not in the tables; {maker} makes it where it can")
    return found


def _labelled(drawn: str, label: str) -> Markup:
    """Every SVG says to a screen reader what it shows: the card's words, where it does not say so itself."""
    spoken = f'<svg role="img" aria-label="{escape(label)}" '
    return Markup(re.sub("<svg (?!role=)", lambda _: spoken, drawn))

"""Tables, heatmaps and path charts as HTML: text that can be searched and read aloud, in the page's colours."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from shoplab.report.flows import Diagram
from shoplab.report.formats import FILTERS

PAGES = Environment(
    loader=PackageLoader("shoplab.report", "templates"),
    autoescape=select_autoescape(["html", "svg"]),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
PAGES.filters |= FILTERS

_STRONGEST = 70  # % of the hue in a cell: the text must stay readable on it, in light and dark


@dataclass(frozen=True)
class Cell:
    """A cell of a table: its text, a second line, and what is drawn behind it.

    heat: -1 (orange) to 1 (blue); bar: 0 to 1 of the cell's width; hint: shown under the mouse.
    """

    text: str
    small: str = ""
    heat: float | None = None
    bar: float | None = None
    hint: str = ""

    @property
    def style(self) -> str:
        if self.heat is not None:
            strength = round(_STRONGEST * min(1.0, abs(self.heat)), 1)
            hue = "var(--cold)" if self.heat < 0 else "var(--hot)"
            return f"background:color-mix(in srgb,{hue} {strength}%,transparent)"
        return f"--bar:{100 * min(1.0, max(0.0, self.bar)):.1f}%" if self.bar is not None else ""


Row = Sequence[str | Cell]


def table(heads: Sequence[str], rows: Sequence[Row], words: bool = False) -> Markup:
    """The first cell of a row names it. words: the others hold words too, not numbers."""
    return _render("table.html", heads=heads, rows=_cells(rows), kind="words" if words else "", head=0, least=0)


def heatmap(
    heads: Sequence[str], rows: Sequence[Row], cell: float = 3.4, head: float = 8.5, upright: bool = False
) -> Markup:
    """A table of equally wide cells with heat. cell: their least width, head: that of a row's name (rem); upright:
    column heads run from bottom to top.
    """
    kind, least = "heat upright" if upright else "heat", round(head + cell * (len(heads) - 1), 1)
    return _render("table.html", heads=heads, rows=_cells(rows), kind=kind, head=head, least=least)


def flow_chart(diagrams: Mapping[str, Diagram]) -> Markup:
    """A path chart (Sankey diagram) each, one below the other, under its name."""
    return _render("flows.html", diagrams=diagrams)


def side_by_side(parts: Mapping[str, Markup]) -> Markup:
    """Blocks beside each other where there is room, each under its name."""
    return _render("side_by_side.html", parts=parts)


def _cells(rows: Sequence[Row]) -> list[list[Cell]]:
    return [[cell if isinstance(cell, Cell) else Cell(cell) for cell in row] for row in rows]


def _render(template: str, **values: object) -> Markup:
    return Markup(PAGES.get_template(template).render(**values))

"""The customer value section: who is still a customer, and what they will bring. From the segments' manifest."""

from typing import Any

from markupsafe import Markup

from shoplab.core.catalog import Catalog
from shoplab.report import blocks
from shoplab.report.cards import Chart, Section, Tile, key
from shoplab.report.formats import count, decimal, figure, known, share, short
from shoplab.report.plots import value as plots
from shoplab.report.segments import MADE_BY

Value = dict[str, Any]
_FIGURES = {
    "p_alive": "P(alive), mean",
    "expected_orders": "orders expected",
    "expected_order_value": "value of an order",
    "clv": "value of a customer",
}


def value(catalog: Catalog) -> Section:
    section = Section("Customer value")
    segments = catalog.manifest("segments")
    made: Value | None = segments.get("value")
    if not made:
        why = [text for text in segments.get("left_out") or [] if text.startswith("no lifetime value")]
        section.words = [f"Not estimated; {MADE_BY} does it where there are purchases enough.", *why]
        return section
    section.words = [
        f"What buyers will do in the next {made.get('horizon_days', 30)} days, from how often and how lately they"
        " bought (BG/NBD) and what they paid (Gamma-Gamma). The value of a customer is the money expected in that time."
    ]
    section.left_out = [short(text, 300) for text in made.get("left_out") or []]
    section.tiles = [tiles for tiles in [_tiles(made.get("holdout") or {})] if tiles]
    section.add(CHARTS, made)
    return section


def _tiles(holdout: Value) -> list[Tile]:
    if not holdout:
        return []
    return [
        ("holdout from", short(holdout.get("from"), 10)),
        ("to", short(holdout.get("to"), 10)),
        ("orders predicted", count(holdout.get("predicted"))),
        ("orders made", count(holdout.get("actual"))),
        ("correction factor", decimal(holdout.get("factor"))),
    ]


def _rows(made: Value) -> list[Value]:
    rows: list[Value] = key(made, "segments", MADE_BY)
    return rows


def _panels(made: Value) -> str:
    rows = _rows(made)
    numbers = {}
    for name, title in _FIGURES.items():
        found: list[Any] = [row.get(name) for row in rows]
        if any(map(known, found)):  # no money without prices
            numbers[title] = [float(number) if known(number) else 0.0 for number in found]
    return plots.by_segment([row["segment_name"] for row in rows], numbers)


def _table(made: Value) -> Markup:
    heads = ["segment", "buyers", *_FIGURES.values()]
    body = [
        [
            short(row["segment_name"]),
            count(row.get("buyers")),
            share(row.get("p_alive"), 0),
            *(figure(row.get(name)) for name in ("expected_orders", "expected_order_value", "clv")),
        ]
        for row in _rows(made)
    ]
    return blocks.table(heads, body)


def _holdout(made: Value) -> str:
    rows = key(key(made, "holdout", MADE_BY), "by_segment", MADE_BY)
    names, *numbers = ([row[name] for row in rows] for name in ("segment_name", "predicted", "actual"))
    return plots.holdout(names, *numbers)


def _curve(made: Value) -> str:
    rows = sorted(key(key(made, "holdout", MADE_BY), "curve", MADE_BY), key=lambda row: float(row["repeat_orders"]))
    return plots.curve(*([row[name] for row in rows] for name in ("repeat_orders", "predicted", "actual")))


CHARTS: tuple[Chart[Value], ...] = (
    Chart(
        "By segment",
        "Means over a segment's buyers: the chance that they are still customers, their orders to come, what an order"
        " and what a customer brings.",
        _panels,
        wide=True,
    ),
    Chart("In figures", "The same as numbers, with how many buyers they are means of.", _table, wide=True),
    Chart(
        "Predicted and made",
        "The model saw only the time before the holdout period; the closer a pair of bars, the better it foresaw.",
        _holdout,
    ),
    Chart(
        "By habit",
        "Mean orders in the holdout period by repeat orders before it; a good model's lines lie on each other.",
        _curve,
    ),
)

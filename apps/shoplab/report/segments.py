"""The segments section: how many, how large, what makes each, and the RFM grid of the buyers. From the manifest."""

from typing import Any

from markupsafe import Markup

from shoplab.core.catalog import Catalog
from shoplab.report import blocks
from shoplab.report.blocks import Cell, Row
from shoplab.report.cards import Chart, NothingToShow, Section, key
from shoplab.report.formats import count, decimal, figure, known, ratio, share, short
from shoplab.report.plots import segments as plots

Manifest = dict[str, Any]
MADE_BY = "./lab segment"
_NON_BUYER = "non-buyer"


def segments(catalog: Catalog) -> Section:
    made = catalog.manifest("segments")
    words = (
        f"{count(made['users'])} users in {len(made['segments'])} segments (k-means by {made['engine']}), as of"
        f" {made['as_of']}. Features are scaled and their skew is taken out before the fit."
    )
    section = Section("Segments", [words], left_out=[short(text, 300) for text in made.get("left_out") or []])
    if made.get("robots"):
        section.words.append(f"{count(made['robots'])} users act like robots and took no part in the fit.")
    section.add(CHARTS, made)
    return section


def _rules(made: Manifest) -> Markup:
    rows = made["segments"]
    if not any(row.get("rule") for row in rows):
        key(made, "rules", MADE_BY)
    return blocks.table(
        ["segment", "rule"], [[short(row["name"]), short(row.get("rule"), 160)] for row in rows], words=True
    )


def _centres(made: Manifest) -> Markup:
    rows = made["segments"]
    if not all(row.get("centre") and row.get("scaled") for row in rows):
        raise NothingToShow(f"not in the tables; {MADE_BY} makes it")
    features = [name for name in made.get("features") or rows[0]["centre"] if name in rows[0]["centre"]]
    most = max(
        (abs(row["scaled"][name]) for row in rows for name in features if known(row["scaled"].get(name))), default=1
    )
    body: list[Row] = [
        [name.replace("_", " "), *(_deviation(row["centre"].get(name), row["scaled"].get(name), most) for row in rows)]
        for name in features
    ]
    return blocks.heatmap(["feature", *(short(row["name"]) for row in rows)], body, cell=5)


def _deviation(value: Any, deviations: Any, most: float) -> Cell:
    if not known(deviations):
        return Cell(figure(value))
    return Cell(figure(value), f"{round(deviations, 1) + 0.0:+.1f} sd", heat=ratio(deviations, min(most, 2.5)))


def _grid(made: Manifest) -> Markup:
    """Recency down, frequency to the right, best in the upper right corner."""
    cells = {(cell["r"], cell["f"]): cell for cell in key(made, "rfm_grid", MADE_BY)}
    most = max(cell["users"] for cell in cells.values())
    paid = any(cell.get("monetary") for cell in cells.values())
    body: list[Row] = [
        [f"r {r}{' (recent)' if r == 5 else ''}", *(_grid_cell(cells.get((r, f)), most, paid) for f in range(1, 6))]
        for r in range(5, 0, -1)
    ]
    return blocks.heatmap(["", *(f"f {f}{' (often)' if f == 5 else ''}" for f in range(1, 6))], body)


def _grid_cell(cell: dict[str, Any] | None, most: float, paid: bool) -> Cell:
    if cell is None or not cell["users"]:
        return Cell("0")
    return Cell(
        count(cell["users"]), f"⌀ {figure(cell.get('monetary'))}" if paid else "", heat=ratio(cell["users"], most)
    )


def _classes(made: Manifest) -> str:
    buyers = {name: users for name, users in made["rfm"].items() if name != _NON_BUYER}
    if not buyers:
        raise NothingToShow("nobody bought")
    return plots.classes(buyers)


def _profiles(made: Manifest) -> Markup:
    rows = made["segments"]
    paid = any(row.get("revenue") for row in rows)
    priced = any(known(row.get("price_level")) for row in rows)
    heads = ["segment", "users", "share", "buyers", "visits", "orders", "visits with a cart"]
    heads += ["revenue"] * paid + ["price level"] * priced
    body = [
        _profile(row) + [figure(row["revenue"])] * paid + [decimal(row.get("price_level"))] * priced for row in rows
    ]
    return blocks.table(heads, body)


def _profile(row: dict[str, Any]) -> list[str | Cell]:
    sizes: list[str | Cell] = [
        count(row["users"]),
        Cell(share(row["share"]), bar=row["share"]),
        share(row["buyers"], 0),
    ]
    return [short(row["name"]), *sizes, decimal(row["sessions"], 1), decimal(row["orders"]), share(row["cart_rate"], 0)]


CHARTS: tuple[Chart[Manifest], ...] = (
    Chart(
        "Size of the segments",
        "Share of all users in each segment, those who come often and buy first.",
        lambda made: plots.sizes([row["name"] for row in made["segments"]], [row["share"] for row in made["segments"]]),
    ),
    Chart(
        "How many segments",
        "Mean silhouette (how much nearer users are to their own segment than to the next) by k; of those about as good"
        " as the best, the largest is taken.",
        lambda made: plots.silhouettes(
            {int(k): value for k, value in key(made, "silhouettes", f"{MADE_BY} without --k").items()}, int(made["k"])
        ),
    ),
    Chart(
        "What a segment is like",
        "Figures are means per user; the price level runs from 0, the cheapest of a category, to 1, its dearest.",
        _profiles,
        wide=True,
    ),
    Chart(
        "Centres",
        "What sets the segments apart: a centre in the feature's unit, and its distance from the mean user in standard"
        " deviations; blue is above the mean, orange below.",
        _centres,
        wide=True,
    ),
    Chart("Why they are called so", "The rule on the centre that gave each segment its name.", _rules, wide=True),
    Chart(
        "RFM grid",
        "Buyers by recency r and frequency f, each in fifths from 1 to 5: their number and the mean sum they paid.",
        _grid,
    ),
    Chart(
        "RFM classes",
        "Buyers by the usual class names, which follow from r and f; users who never bought are not shown.",
        _classes,
    ),
)

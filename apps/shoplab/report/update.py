"""The month-on-month section: who moved between segments, and whether the model still fits. From the manifest."""

from typing import Any

from markupsafe import Markup

from shoplab.core.catalog import Catalog
from shoplab.report import blocks
from shoplab.report.blocks import Cell, Row
from shoplab.report.cards import Chart, Section, Tile, key
from shoplab.report.formats import count, decimal, known, ratio, share, short
from shoplab.report.plots import update as plots

Update = dict[str, Any]
MADE_BY = "./lab segment --update"


def update(catalog: Catalog) -> Section:
    section = Section("Month on month")
    made: Update | None = catalog.manifest("segments").get("update")
    if not made:
        section.words = [
            f"These segments were fitted anew. After the next month's ./lab ingest and ./lab analyse: {MADE_BY}"
        ]
        return section
    section.words = [
        f"Compared with the segments as of {made.get('from_as_of', 'before')}, from whose centres this fit started.",
        _advice(made),
    ]
    section.tiles = [_tiles(made)]
    section.add(CHARTS, made)
    return section


def _advice(made: Update) -> str:
    if made.get("advice"):
        return f"Advice: {short(made['advice'], 300)}"
    return "The users have drifted from the model." if made.get("drift") else "No drift: the model may stay."


def _tiles(made: Update) -> list[Tile]:
    fit = made.get("silhouette") or {}
    tiles = [
        ("users in both", count(made.get("shared_users"))),
        ("newcomers", count(made.get("newcomers"))),
        ("adjusted Rand index", decimal(made.get("ari"))),
        ("silhouette", f"{decimal(fit.get('before'))} → {decimal(fit.get('after'))}"),
        ("PSI of the segments", decimal((made.get("psi") or {}).get("segments"), 3)),
        ("drift", "yes" if made.get("drift") else "no"),
    ]
    return [tile for tile in tiles if any(letter.isalnum() for letter in tile[1])]


def _migration(made: Update) -> Markup:
    table = key(made, "migration", MADE_BY)
    names = [short(name) for name in table["names"]]
    body: list[Row] = [
        [name, *(Cell(share(ratio(n, sum(users)), 0), f"{count(n)}", heat=ratio(n, sum(users))) for n in users)]
        for name, users in zip(names, table["users"], strict=True)
    ]
    return blocks.heatmap(["before \\ now", *names], body, cell=5)


def _known(made: Update, name: str) -> dict[str, float]:
    found: dict[str, float] = {k: v for k, v in (made.get(name) or {}).items() if known(v)}
    key({name: found}, name, MADE_BY)
    return found


CHARTS: tuple[Chart[Update], ...] = (
    Chart(
        "Who moved",
        "Read along a row: of the users who were in that segment before, the share (and number) that is in each now; a"
        " strong diagonal means stable segments.",
        _migration,
        wide=True,
    ),
    Chart(
        "Segments growing and shrinking",
        "Relative change of each segment's size between the two fits.",
        lambda made: plots.size_change(_known(made, "size_change")),
    ),
    Chart(
        "Has the population changed?",
        "Population stability index of each feature: under 0.1 stable, from 0.25 on so different that a refit is due.",
        lambda made: plots.stability(_known(made, "psi")),
    ),
)

"""The leaderboard on the screen."""

import click

from shoplab.core.console import table
from shoplab.recommend.evaluate.ablation import LOOKED_AT, Removed
from shoplab.recommend.evaluate.leaderboard import Board, Row
from shoplab.recommend.measures import Interval

_SHORT = {
    "segment popularity": "segment", "fixed blend": "fixed", "learned blend": "learned", "spread blend": "spread",
    "discovery blend": "discovery", "implicit item-kNN": "item-kNN", "implicit BPR": "BPR",
}  # fmt: skip


def show(board: Board, removed: list[Removed], ablated: int) -> None:
    """Prints all tables, then what to beware of."""
    title = f"first 20, {board.cases:,} cases, with 95 % bootstrap intervals; * the default, as validation chose"
    quality = ("ranking", "Recall", "HR", "NDCG", "MRR")
    rows = [_first_20(_marked(row.name, board.default), row, "recall") for row in board.rows]
    table((*quality, "learned blend ahead in Recall"), rows, title)
    variety = ("coverage@20", "novelty@20 (bits)", "Gini@20", "categories@20")
    table(
        (*quality, *variety),
        [_first_10(row, board.default) for row in board.rows],
        "\nfirst 10, and how varied the first 20 are",
    )
    title = f"\nonly what was not met before, first 20, {board.new_cases:,} cases"
    rows = [_first_20(row.name, row, "NDCG") for row in board.new_rows]
    table((*quality, "discovery blend ahead in NDCG"), rows, title)
    names = [row.name for row in board.rows]
    slices = [(one.name, one.cases, *(f"{one.recall[name]:.3f}" for name in names)) for one in board.slices]
    table(("slice", "cases", *(_SHORT.get(name, name) for name in names)), slices, "\nRecall@20 by slice")
    if removed:
        _show_ablation(board.default, removed, ablated)
    for warning in board.warnings:
        click.echo(f"warning: {warning}")


def _first_20(name: str, row: Row, compared: str) -> tuple[str, ...]:
    found, ahead = row.measures, row.ahead[f"{compared}@20"]
    spans = (_span(found[f"{kind}@20"]) for kind in ("recall", "NDCG", "MRR"))
    recall, ndcg, mrr = spans
    gap = _span(ahead, "+.3f") if any(ahead) else ""  # nothing between a ranking and itself
    return (name, recall, f"{found['hit rate@20'].value:.3f}", ndcg, mrr, gap)


def _first_10(row: Row, default: str) -> tuple[str, ...]:
    found = (f"{row.measures[f'{kind}@10'].value:.3f}" for kind in ("recall", "hit rate", "NDCG", "MRR"))
    return (_marked(row.name, default), *found, f"{row.coverage:.1%}", f"{row.novelty:.2f}", f"{row.gini:.3f}",
            f"{row.categories:.1f}")  # fmt: skip


def _marked(name: str, default: str) -> str:
    return f"{name} *" if name == default else name


def _show_ablation(default: str, removed: list[Removed], cases: int) -> None:
    columns = ["without", *(word for name in LOOKED_AT for word in (name, "change")), "so the source"]
    rows = []
    for one in removed:
        figures = [
            t for name in LOOKED_AT for t in (f"{one.measures[name].value:.4f}", _span(one.change[name], "+.4f"))
        ]
        rows.append((one.source, *figures, one.verdict))
    table(columns, rows, f"\n{default} with each source removed, {cases:,} cases, paired 95 % intervals of the change")


def _span(found: Interval, form: str = ".3f") -> str:
    return f"{found.value:{form}} ({found.low:{form}} … {found.high:{form}})"

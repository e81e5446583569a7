"""Moves between steps -> geometry of a path chart (Sankey diagram): nodes by position, links wide as their share."""

from dataclasses import dataclass

import pandas as pd

from shoplab.core.vocabulary import EVENTS, NAMES
from shoplab.report.formats import share, short

EXIT = "exit"
STEPS = ("start", *NAMES, EXIT)
_COLOURS = {event.name: event.hue for event in EVENTS} | {EXIT: "f"}
WIDTH, HEIGHT = 1000.0, 290.0
_TOP, _RIGHT, _NODE, _GAP = 26.0, 130.0, 10.0, 14.0
_LEAST_LABELLED, _LEAST_DRAWN = 0.012, 0.002  # of all sessions


@dataclass
class Node:
    """A step at a position. x, y: its upper left corner; filled_*: how much of its height links have taken so far."""

    position: int
    step: str
    share: float = 0.0
    x: float = 0.0
    y: float = 0.0
    height: float = 0.0
    filled_in: float = 0.0
    filled_out: float = 0.0

    @property
    def label(self) -> str:
        return (
            f"{short(self.step, 18).replace('_', ' ')} {share(self.share, 0)}" if self.share >= _LEAST_LABELLED else ""
        )

    @property
    def colour(self) -> str:
        return _COLOURS.get(self.step.rstrip("+"), "e")


@dataclass(frozen=True)
class Link:
    path: str
    width: float
    colour: str
    hint: str


@dataclass(frozen=True)
class Diagram:
    nodes: list[Node]
    links: list[Link]
    heads: list[tuple[float, str]]
    sessions: int
    width: float = WIDTH
    height: float = HEIGHT


def layout(flows: pd.DataFrame) -> Diagram:
    """From rows (position, step, next, sessions) of one group. Heights are shares of the sessions at position 1."""
    total = float(flows.loc[flows["position"] == 1, "sessions"].sum()) or 1.0
    moves = flows.assign(share=flows["sessions"] / total).sort_values("share", ascending=False)
    nodes = _nodes(moves)
    last = max(node.position for node in nodes.values())
    _place(nodes, last)
    heads = [(_x(p, last), f"step {p}" if p < last else "then") for p in range(1, last + 1)]
    return Diagram(list(nodes.values()), _links(moves, nodes), heads, round(total))


def _nodes(moves: pd.DataFrame) -> dict[tuple[int, str], Node]:
    nodes: dict[tuple[int, str], Node] = {}
    arriving = moves.assign(position=moves["position"] + 1).groupby(["position", "next"])["share"].sum()
    leaving = moves.groupby(["position", "step"])["share"].sum()
    for part in (leaving, arriving):
        for place, size in part.items():
            position, step = int(place[0]), str(place[1])  # type: ignore[index]
            node = nodes.setdefault((position, step), Node(position, step))
            node.share = max(node.share, float(size))
    return nodes


def _rank(node: Node) -> tuple[int, str]:
    step = node.step.rstrip("+")
    return (STEPS.index(step) if step in STEPS else len(STEPS) - 2, node.step)


def _x(position: int, last: int) -> float:
    return round((WIDTH - _RIGHT) * (position - 1) / max(1, last - 1), 1)


def _place(nodes: dict[tuple[int, str], Node], last: int) -> None:
    columns = [sorted((n for n in nodes.values() if n.position == p), key=_rank) for p in range(1, last + 1)]
    gaps = max(len(column) for column in columns) - 1
    scale = (HEIGHT - _TOP - _GAP * gaps) / max(sum(node.share for node in column) for column in columns)
    for column in columns:
        y = _TOP
        for node in column:
            node.x, node.y, node.height = _x(node.position, last), y, max(0.5, node.share * scale)
            y += node.height + _GAP


def _links(moves: pd.DataFrame, nodes: dict[tuple[int, str], Node]) -> list[Link]:
    """Drawn from top to bottom at both ends, so that links of one node do not cross each other."""
    rows = moves[["position", "step", "next", "share"]].to_numpy().tolist()
    pairs = [(nodes[position, step], nodes[position + 1, after], size) for position, step, after, size in rows]
    pairs.sort(key=lambda pair: (pair[0].position, _rank(pair[0]), _rank(pair[1])))
    return [_link(source, target, size) for source, target, size in pairs if size >= _LEAST_DRAWN]


def _link(source: Node, target: Node, size: float) -> Link:
    width = size * source.height / source.share
    y0, y1 = source.y + source.filled_out + width / 2, target.y + target.filled_in + width / 2
    source.filled_out += width
    target.filled_in += width
    x0, x1 = source.x + _NODE, target.x
    middle = (x0 + x1) / 2
    path = f"M{x0:.1f},{y0:.1f} C{middle:.1f},{y0:.1f} {middle:.1f},{y1:.1f} {x1:.1f},{y1:.1f}"
    hint = f"{short(source.step, 18)} → {short(target.step, 18)}: {share(size)} of sessions"
    return Link(path, round(max(0.5, width), 2), target.colour, hint)

"""How every chart is drawn: matplotlib's SVG, in the page's text colour, with names from a log taken as plain text."""

import io
import re
import warnings
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import matplotlib as mpl
from cycler import cycler

mpl.use("svg")
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

_INK = "#010203"  # stands for the page's own text colour, and is replaced by it in the SVG
COLOURS = ["#3b7dd8", "#e08a1e", "#2a9d6f", "#c2478d", "#7a63c9", "#8a8f98"]
WIDTH = 6.0
_STYLE: Any = {
    "svg.fonttype": "none",
    "text.parse_math": False,  # a brand may have a $ in it
    "font.family": "sans-serif",
    "font.size": 10,
    "text.color": _INK,
    "axes.edgecolor": _INK,
    "axes.labelcolor": _INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.prop_cycle": cycler(color=COLOURS),
    "xtick.color": _INK,
    "ytick.color": _INK,
    "legend.frameon": False,
}


def svg(draw: Callable[[Axes], Any], height: float = 3.0, width: float = WIDTH) -> str:
    """Draws on one set of axes and returns the SVG element. Sizes in inches."""

    @wraps(draw)
    def draw_one(axes: list[Axes]) -> None:
        draw(axes[0])

    return panels(draw_one, 1, height, width=width)


def panels(draw: Callable[[list[Axes]], Any], columns: int, height: float, rows: int = 1, width: float = WIDTH) -> str:
    """The same on a grid of axes, given row by row."""
    # The name makes ids of one chart differ from those of another, and the same data give the same file
    with plt.rc_context(_STYLE | {"svg.hashsalt": draw.__qualname__}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph")  # the browser has the letters that matplotlib's font lacks
        figure, axes = plt.subplots(rows, columns, figsize=(width, height), layout="constrained", squeeze=False)
        draw(list(axes.flat))
        return _element(figure)


def _element(figure: Figure) -> str:
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    plt.close(figure)
    text = buffer.getvalue()
    text = re.sub(r'<g id="[A-Za-z0-9_. ]+">', "<g>", text[text.index("<svg") :])  # "axes_1" stands in every chart
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    return text.replace(_INK, "currentColor")


def percent(axis: Any, decimals: int | None = None) -> None:
    axis.set_major_formatter(PercentFormatter(1.0, decimals=decimals))


def barh(axes: Axes, labels: Sequence[str], values: Sequence[float], texts: Sequence[str], **options: Any) -> None:
    """Horizontal bars from top to bottom, with these texts at their ends. Labels may repeat."""
    places = range(len(labels))
    bars = axes.barh(places, values, **options)
    if texts:
        axes.bar_label(bars, labels=list(texts), padding=3)
    axes.set_yticks(places, list(labels))
    axes.invert_yaxis()
    axes.margins(x=0.2)


def tall(rows: int, each: float = 0.3, rest: float = 0.75) -> float:
    """Height in inches of a chart with this many rows."""
    return max(1.6, each * rows + rest)

"""Charts of the customer value section."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from shoplab.report.formats import figure, short
from shoplab.report.plots.figure import COLOURS, barh, panels, svg, tall


def by_segment(names: list[str], values: dict[str, list[float]]) -> str:
    """A panel a figure, over the same segments."""

    def draw(all_axes: list[Axes]) -> None:
        for index, (axes, (title, numbers)) in enumerate(zip(all_axes, values.items(), strict=True)):
            barh(axes, [short(n) for n in names], numbers, [figure(v) for v in numbers], color=COLOURS[index])
            axes.set_title(title, fontsize=10, loc="left")
            axes.margins(x=0.35)
            axes.xaxis.set_major_locator(MaxNLocator(3))
            if index:
                axes.set_yticks([])

    return panels(draw, len(values), tall(len(names), 0.32), width=12.0)


def holdout(names: list[str], predicted: list[float], actual: list[float]) -> str:
    """Orders by segment in the holdout period: predicted beside actual."""
    places = np.arange(len(names))

    def draw(axes: Axes) -> None:
        for shift, numbers, label in ((-0.2, predicted, "predicted"), (0.2, actual, "actual")):
            bars = axes.barh(places + shift, numbers, 0.38, label=label)
            axes.bar_label(bars, labels=[figure(value) for value in numbers], padding=3)
        axes.set_yticks(places, [short(name) for name in names])
        axes.invert_yaxis()
        axes.margins(x=0.2)
        axes.set_xlabel("orders in the holdout period")
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2)

    return svg(draw, tall(len(names), 0.5, 1.0))


def curve(repeat_orders: list[float], predicted: list[float], actual: list[float]) -> str:
    """Mean orders a buyer makes in the holdout period, by repeat orders before it."""

    def draw(axes: Axes) -> None:
        axes.plot(repeat_orders, predicted, marker="o", label="predicted")
        axes.plot(repeat_orders, actual, marker="o", ls="--", label="actual")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set_xlabel("repeat orders before the holdout period")
        axes.set_ylabel("mean orders in it")
        axes.set_ylim(bottom=0)
        axes.legend()

    return svg(draw)

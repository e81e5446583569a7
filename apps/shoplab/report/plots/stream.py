"""The chart of the stream section."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from shoplab.report.plots.figure import COLOURS, svg


def batches(accounts: pd.DataFrame) -> str:
    """streaming.job.BatchAccount rows: events a batch as bars, seconds as lines."""
    table = accounts.sort_values("batch")

    def draw(axes: Axes) -> None:
        axes.bar(table["batch"], table["rows"], color=COLOURS[5], alpha=0.5, label="events")
        axes.set_xlabel("micro-batch")
        axes.set_ylabel("events")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        right = axes.twinx()
        right.plot(table["batch"], table["duration_ms"] / 1000, marker="o", label="processing")
        right.plot(table["batch"], table["latency_p50_ms"] / 1000, marker="o", label="latency, median event")
        right.set_ylabel("seconds")
        right.set_ylim(bottom=0)
        right.spines["right"].set_visible(True)
        right.legend(loc="upper right")

    return svg(draw, width=12.0)

"""The report's plots, each a pandas table -> an inline SVG that takes the page's text colour."""

import io
from collections.abc import Callable
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from cycler import cycler

mpl.use("svg")
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

_INK = "#010203"  # stands for the page's own text colour, and is replaced by it in the SVG
COLOURS = ["#3b7dd8", "#e08a1e", "#2a9d6f", "#c2478d", "#7a63c9", "#8a8f98"]
_DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
_STYLE: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "shoplab",  # the same data gives the same file
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


def svg(draw: Callable[[Axes], Any], width: float = 7.0, height: float = 3.2) -> str:
    """Draws on one set of axes and returns the SVG element. Sizes in inches."""
    with plt.rc_context(_STYLE):
        figure, axes = plt.subplots(figsize=(width, height), layout="constrained")
        draw(axes)
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
        plt.close(figure)
    text = buffer.getvalue()
    return text[text.index("<svg") :].replace(_INK, "currentColor")


def funnel(table: pd.DataFrame) -> str:
    """behaviour.activity.funnel: share of sessions that reach each step, by month."""
    steps = ["viewed", "carted", "purchased"]

    def draw(axes: Axes) -> None:
        height = 0.8 / len(table)
        for index, row in enumerate(table.sort_values("month").itertuples()):
            places = np.arange(len(steps)) + index * height
            shares = [getattr(row, step) / row.sessions for step in steps]
            bars = axes.barh(places, shares, height * 0.9, label=row.month)
            axes.bar_label(bars, labels=[f"{share:.1%}" for share in shares], padding=3)
        axes.set_yticks(np.arange(len(steps)) + 0.4 - height / 2, [f"sessions that {step}" for step in steps])
        axes.invert_yaxis()
        axes.xaxis.set_major_formatter(mpl.ticker.PercentFormatter(1.0))
        axes.set_xlim(0, 1.12)
        axes.legend(loc="lower right")

    return svg(draw)


def days(activity: pd.DataFrame) -> str:
    """behaviour.activity.activity: events a day, and purchases on the right axis."""
    by_day = activity.set_index("hour")[["events", "purchases"]].resample("D").sum()

    def draw(axes: Axes) -> None:
        axes.plot(by_day.index, by_day["events"], label="events")
        axes.set_ylabel("events a day")
        axes.set_ylim(bottom=0)
        right = axes.twinx()
        right.plot(by_day.index, by_day["purchases"], color=COLOURS[1], label="purchases")
        right.set_ylabel("purchases a day")
        right.set_ylim(bottom=0)
        right.spines["right"].set_visible(True)
        axes.xaxis.set_major_formatter(lambda day, _: f"{pd.Timestamp(day, unit='D'):%d %b}")
        axes.legend(handles=[*axes.lines, *right.lines], loc="lower center", ncols=2)

    return svg(draw)


def week(activity: pd.DataFrame) -> str:
    """behaviour.activity.activity: mean events by weekday and hour (UTC)."""
    hours = activity["hour"].dt
    grid = activity.groupby([hours.dayofweek, hours.hour])["events"].mean().unstack(fill_value=0)
    grid = grid.reindex(index=range(7), columns=range(24), fill_value=0)

    def draw(axes: Axes) -> None:
        image = axes.imshow(grid.to_numpy(), aspect="auto", cmap="viridis")
        axes.set_yticks(range(7), _DAYS)
        axes.set_xticks(range(0, 24, 3), [f"{hour}:00" for hour in range(0, 24, 3)])
        bar = plt.colorbar(image, ax=axes, label="events an hour")
        bar.outline.set_visible(False)

    return svg(draw, height=2.8)


def lengths(session_lengths: pd.DataFrame) -> str:
    """behaviour.activity.session_lengths: sessions by their number of events."""
    table = session_lengths.sort_values("length")

    def draw(axes: Axes) -> None:
        axes.bar(table["length"], table["sessions"], label="all sessions")
        axes.bar(table["length"], table["with_purchase"], label="with a purchase")
        axes.set_yscale("log")
        axes.set_xlabel("events in the session (50: and more)")
        axes.set_ylabel("sessions")
        axes.legend()

    return svg(draw)


def visits(table: pd.DataFrame) -> str:
    """behaviour.activity.visits: users by their number of sessions in a month."""

    def draw(axes: Axes) -> None:
        months = table.sort_values("visits").groupby("month")
        for index, (month, rows) in enumerate(months):
            axes.plot(rows["visits"], rows["users"] / rows["users"].sum(), marker="o", ms=3, label=str(month))
            axes.plot(
                rows["visits"],
                rows["buyers"] / rows["users"].sum(),
                ls="--",
                color=COLOURS[index],
                label=f"{month}, buyers",
            )
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter(mpl.ticker.PercentFormatter(1.0))
        axes.set_xlabel("visits in the month (20: and more)")
        axes.set_ylabel("share of users")
        axes.legend()

    return svg(draw)


def transitions(table: pd.DataFrame) -> str:
    """behaviour.paths.transitions: what follows what, as shares of each row."""
    order = ["start", "view", "cart", "remove_from_cart", "purchase", "exit"]
    grid = table.pivot(index="step", columns="next", values="share").fillna(0.0)
    grid = grid.reindex(index=[s for s in order if s in grid.index], columns=[s for s in order if s in grid.columns])

    def draw(axes: Axes) -> None:
        axes.imshow(grid.to_numpy(), cmap="Blues", vmin=0, vmax=1, aspect="auto")
        for (i, j), share in np.ndenumerate(grid.to_numpy()):
            axes.text(j, i, f"{share:.0%}", ha="center", va="center", color="white" if share > 0.5 else "#123")
        axes.set_xticks(range(len(grid.columns)), grid.columns)
        axes.set_yticks(range(len(grid.index)), grid.index)
        axes.set_xlabel("then")

    return svg(draw, height=2.8)


def bars(labels: list[str], values: list[float], label: str, percent: bool = False) -> str:
    """Horizontal bars, in the order given."""

    def draw(axes: Axes) -> None:
        drawn = axes.barh(labels, values)
        axes.bar_label(drawn, labels=[f"{v:.1%}" if percent else f"{v:,.0f}" for v in values], padding=3)
        axes.invert_yaxis()
        axes.set_xlabel(label)
        axes.margins(x=0.15)
        if percent:
            axes.xaxis.set_major_formatter(mpl.ticker.PercentFormatter(1.0))

    return svg(draw, height=max(1.6, 0.32 * len(labels) + 0.8))


def batches(accounts: pd.DataFrame) -> str:
    """streaming.job.BatchAccount rows: events a batch as bars, seconds as lines."""
    table = accounts.sort_values("batch")

    def draw(axes: Axes) -> None:
        axes.bar(table["batch"], table["rows"], color=COLOURS[5], alpha=0.5, label="events")
        axes.set_xlabel("micro-batch")
        axes.set_ylabel("events")
        axes.xaxis.set_major_locator(mpl.ticker.MaxNLocator(integer=True))
        right = axes.twinx()
        right.plot(table["batch"], table["duration_ms"] / 1000, marker="o", label="processing")
        right.plot(table["batch"], table["latency_p50_ms"] / 1000, marker="o", label="latency, median event")
        right.set_ylabel("seconds")
        right.set_ylim(bottom=0)
        right.spines["right"].set_visible(True)
        right.legend(loc="upper right")

    return svg(draw)

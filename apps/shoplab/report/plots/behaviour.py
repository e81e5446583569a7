"""Charts of the behaviour section."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator

from shoplab.report.formats import compact, ratio, share, short
from shoplab.report.plots.figure import COLOURS, panels, percent, svg, tall

FUNNEL_STEPS = {
    "viewed": "a view",
    "carted": "a cart",
    "purchased": "a purchase",
    "any_order": "all three,\nin any order",
    "strict_order": "one product viewed,\ncarted and bought\nin that order",
}


def funnel(table: pd.DataFrame) -> str:
    """Table funnel: share of sessions that have each step, by month."""
    steps = [step for step in FUNNEL_STEPS if step in table]
    thick = 0.8 / len(table)

    def draw(axes: Axes) -> None:
        for index, (_, row) in enumerate(table.sort_values("month").iterrows()):
            shares = [ratio(row[step], row["sessions"]) for step in steps]
            places = np.arange(len(steps)) + index * thick
            bars = axes.barh(places, shares, thick * 0.9, label=short(row["month"]), color=COLOURS[index % 6])
            axes.bar_label(bars, labels=[share(value) for value in shares], padding=3)
        axes.set_yticks(np.arange(len(steps)) + 0.4 - thick / 2, [FUNNEL_STEPS[step] for step in steps])
        axes.invert_yaxis()
        percent(axes.xaxis)
        axes.set_xlim(0, 1.15)
        axes.legend(loc="lower right")

    return svg(draw, tall(len(steps), 0.2 + 0.28 * min(len(table), 4), 0.5))


def days(activity: pd.DataFrame) -> str:
    """Table activity: events a day, and below them purchases."""
    by_day = activity.set_index("hour")[["events", "purchases"]].resample("D").sum()

    def draw(both: list[Axes]) -> None:
        for axes, name, colour in zip(both, by_day.columns, COLOURS, strict=False):
            axes.fill_between(by_day.index, by_day[name], color=colour, alpha=0.25, lw=0)
            axes.plot(by_day.index, by_day[name], color=colour, marker="o" if len(by_day) == 1 else "")
            axes.set_ylabel(f"{name} a day")
            axes.set_ylim(bottom=0)
            axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: compact(value)))
            axes.xaxis.set_major_locator(MaxNLocator(6))
            axes.xaxis.set_major_formatter(FuncFormatter(lambda day, _: f"{pd.Timestamp(day, unit='D'):%d %b}"))

    return panels(draw, 1, 4.0, rows=2)


def lengths(session_lengths: pd.DataFrame) -> str:
    """Table session_lengths: sessions by their number of events."""
    table = session_lengths.sort_values("length")

    def draw(axes: Axes) -> None:
        axes.bar(table["length"], table["sessions"], label="all sessions")
        axes.bar(table["length"], table["with_purchase"], label="with a purchase")
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: compact(value)))
        axes.set_xlabel("events in the session (50: and more)")
        axes.set_ylabel("sessions")
        axes.legend()

    return svg(draw)


def visits(table: pd.DataFrame) -> str:
    """Table visits: users by their number of sessions in a month."""

    def draw(axes: Axes) -> None:
        for index, (month, rows) in enumerate(table.sort_values("visits").groupby("month")):
            total, colour = rows["users"].sum(), COLOURS[index % 6]
            buyers = rows["buyers"].where(rows["buyers"] > 0)
            axes.plot(rows["visits"], rows["users"] / total, marker="o", ms=3, color=colour, label=str(month))
            axes.plot(rows["visits"], buyers / total, ls="--", color=colour, label=f"{month}, buyers")
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter(FuncFormatter(lambda part, _: f"{100 * part:.3g}%"))
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set_xlabel("visits in the month (20: and more)")
        axes.set_ylabel("share of users")
        axes.legend()

    return svg(draw)


def rates(rows: pd.DataFrame, axis: str) -> str:
    """Rows of funnel_by of one dimension, in the order of position: steps reached per 100 sessions that viewed it."""
    rows = rows.sort_values("position")
    steps = {"carted": "put into the cart", "purchased": "bought", "strict_order": "viewed, carted, bought in order"}

    def draw(axes: Axes) -> None:
        for index, (step, name) in enumerate(steps.items()):
            known = [ratio(part, whole) for part, whole in zip(rows[step], rows["viewed"], strict=True)]
            axes.plot(range(len(rows)), known, marker="o", ms=4, label=name, color=COLOURS[index + 1])
        every = max(1, len(rows) // 8)
        axes.set_xticks(range(0, len(rows), every), [short(value, 14) for value in rows["value"][::every]])
        axes.set_xlabel(axis)
        axes.set_ylabel("of the sessions that viewed")
        percent(axes.yaxis)
        axes.set_ylim(bottom=0)
        axes.legend(loc="upper left", bbox_to_anchor=(0, 1.18), ncols=3, columnspacing=1, handlelength=1)

    return svg(draw)


def histogram(bins: pd.DataFrame) -> str:
    """Rows of distributions of one name: the share of the values in each bin."""
    unit = short(bins["unit"].iloc[0])

    def draw(axes: Axes) -> None:
        parts = bins["count"] / max(1, bins["count"].sum())
        axes.bar(bins["lower"], parts, width=0.92 * (bins["upper"] - bins["lower"]), align="edge")
        axes.set_xlim(left=0)
        axes.xaxis.set_major_locator(MaxNLocator(6))
        axes.set_xlabel(unit)
        percent(axes.yaxis)

    return svg(draw, 2.2, 4.2)

"""The behaviour section's tables, heatmaps and path charts: analysis tables -> HTML."""

from collections.abc import Iterable

import pandas as pd
from markupsafe import Markup, escape

from shoplab.report import blocks
from shoplab.report.blocks import Cell, Row
from shoplab.report.cards import NothingToShow
from shoplab.report.flows import STEPS, layout
from shoplab.report.formats import compact, count, known, ratio, share, short, times
from shoplab.report.plots.behaviour import histogram

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MOST_ROWS = 14
_MOST_STEPS = 30
_MOST_WEEKS = 26
_MOST_CHANGES = 8
_STRONG_CHANGE = 2.0  # log2: four times as many, or a quarter


def week(activity: pd.DataFrame) -> Markup:
    """Mean events by weekday and hour; an hour without events counts as 0."""
    hourly = activity.set_index("hour")["events"].resample("h").sum()
    times = pd.DatetimeIndex(hourly.index)
    grid = hourly.groupby([times.dayofweek, times.hour]).mean().unstack()
    grid = grid.reindex(index=range(7), columns=range(24))
    most = grid.max().max() or 1.0
    rows: list[Row] = [
        [day, *(Cell(compact(n), heat=ratio(n, most), hint=f"{day} {hour:02}:00") for hour, n in enumerate(hours))]
        for day, hours in zip(_DAYS, grid.to_numpy().tolist(), strict=True)
    ]
    return blocks.heatmap(["", *(f"{hour:02}" for hour in range(24))], rows, cell=1.9, head=3)


def funnel_rates(rows: pd.DataFrame, name: str) -> Markup:
    """Rows of funnel_by of one dimension: sessions that viewed, and shares of them; bars relative to the largest."""
    rows = rows.sort_values("position").head(_MOST_ROWS)
    steps = ["carted", "purchased", "strict_order"]
    rates = pd.DataFrame({step: rows[step] / rows["viewed"].where(rows["viewed"] > 0) for step in steps})
    most = rates.max().max()
    body: list[Row] = [
        [short(value), count(viewed), *(Cell(share(rate), bar=ratio(rate, most)) for rate in row)]
        for value, viewed, row in zip(rows["value"], rows["viewed"], rates.to_numpy().tolist(), strict=True)
    ]
    return blocks.table([name, "viewed", "into the cart", "bought", "in order"], body)


def flow_chart(flows: pd.DataFrame) -> Markup:
    """Buyers above, the others below."""
    return blocks.flow_chart({title: layout(rows) for title, rows in _groups(flows)})


def paths_side_by_side(paths: pd.DataFrame) -> Markup:
    return blocks.side_by_side({title: typical_paths(rows) for title, rows in _groups(paths)})


def _groups(rows: pd.DataFrame) -> Iterable[tuple[str, pd.DataFrame]]:
    for title, wanted in (("Buyers", True), ("Others", False)):
        part = rows[rows["buyers"] == wanted]
        if not part.empty:
            yield title, part


def typical_paths(paths: pd.DataFrame) -> Markup:
    rows = paths.sort_values("sessions", ascending=False, kind="stable").head(_MOST_ROWS)
    return _counted("path", rows)


def _counted(name: str, rows: pd.DataFrame) -> Markup:
    """A row's name, its sessions and their share, with bars relative to the largest."""
    most = rows["share"].max()
    body: list[Row] = [
        [short(text, 90), count(sessions), Cell(share(part), bar=ratio(part, most))]
        for text, sessions, part in zip(rows[name], rows["sessions"], rows["share"], strict=True)
    ]
    return blocks.table([name, "sessions", "share"], body)


def distributions(bins: pd.DataFrame) -> Markup:
    """A small histogram each."""
    parts = {}
    for name, rows in bins.groupby("name"):
        words = short(name).replace("_", " ")
        drawn = histogram(rows).replace("<svg ", f'<svg role="img" aria-label="Histogram of {escape(words)}" ')
        parts[words.capitalize()] = Markup(drawn)
    return blocks.side_by_side(parts)


def changes(trends: pd.DataFrame) -> Markup:
    """Rows of trends of one kind: those that rose most beside those that fell most."""
    rising = trends[trends["trend"] > 0].sort_values("trend", ascending=False, kind="stable").head(_MOST_CHANGES)
    falling = trends[trends["trend"] < 0].sort_values("trend", kind="stable").head(_MOST_CHANGES)
    named = {"Rising": rising, "Falling": falling}
    return blocks.side_by_side({title: _changes(rows) for title, rows in named.items() if not rows.empty})


def _changes(rows: pd.DataFrame) -> Markup:
    columns = (rows[name] for name in ("label", "earlier_views", "recent_views", "trend"))
    body: list[Row] = [
        [short(label, 60), count(earlier), count(recent), Cell(times(trend), heat=trend / _STRONG_CHANGE)]
        for label, earlier, recent, trend in zip(*columns, strict=True)
    ]
    return blocks.table(["", "views before", "views now", "a day"], body)


def frequent_sequences(sequences: pd.DataFrame) -> Markup:
    """Those of two steps and more, most frequent first, by kind."""
    parts = {}
    for kind, rows in sequences[sequences["length"] > 1].groupby("kind", sort=False):
        rows = rows.sort_values(["sessions", "length"], ascending=False, kind="stable").head(_MOST_ROWS)
        parts[f"By {short(kind)}"] = _counted("sequence", rows)
    if not parts:
        raise NothingToShow("no sequence of two steps is frequent enough")
    return blocks.side_by_side(parts)


def step_matrix(transitions: pd.DataFrame) -> Markup:
    """Shares of the moves out of each event type."""
    steps, nexts = (_ordered(transitions[name].unique()) for name in ("step", "next"))
    grid = transitions.pivot(index="step", columns="next", values="share").reindex(index=steps, columns=nexts).fillna(0)
    body: list[Row] = [
        [_words(step), *(Cell(share(part, 0), heat=part) for part in shares)]
        for step, shares in zip(steps, grid.to_numpy().tolist(), strict=True)
    ]
    return blocks.heatmap(["from \\ to", *map(_words, nexts)], body, cell=4.8)


def category_matrix(moves: pd.DataFrame) -> Markup:
    """The steps with most moves, named alike in rows and columns."""
    out, into = moves.groupby("step")["moves"].sum(), moves.groupby("next")["moves"].sum()
    order = out.add(into, fill_value=0).sort_values(ascending=False, kind="stable").index[:_MOST_STEPS]
    steps, nexts = _ordered(step for step in order if step in out), _ordered(step for step in order if step in into)
    grid = moves.pivot(index="step", columns="next", values="share").reindex(index=steps, columns=nexts)
    body: list[Row] = [
        [_words(step), *(_percent_cell(step, after, part) for after, part in zip(nexts, shares, strict=True))]
        for step, shares in zip(steps, grid.to_numpy().tolist(), strict=True)
    ]
    return blocks.heatmap(["from \\ to", *map(_words, nexts)], body, cell=1.7, head=11, upright=True)


def _percent_cell(step: str, following: str, part: float) -> Cell:
    if not known(part) or part < 0.01:
        return Cell("")
    return Cell(f"{100 * part:.0f}", heat=part, hint=f"{short(step)} → {short(following)}: {share(part)}")


def _ordered(steps: Iterable[str]) -> list[str]:
    """start first, exit last, between them by event type, then as given."""
    kinds = {kind: place for place, kind in enumerate(STEPS)}
    return sorted(steps, key=lambda step: kinds.get(step.split(" ")[0], len(kinds) - 2))


def _words(step: str) -> str:
    return short(step, 34).replace("_", " ")


def cohorts(table: pd.DataFrame) -> Markup:
    """The retention triangle of the newest weeks. Colour is relative to the best share after week 0, which has none."""
    grid = table.pivot(index="cohort", columns="weeks_after", values="retention").sort_index().tail(_MOST_WEEKS)
    grid = grid.reindex(columns=range(int(grid.columns.max()) + 1)).iloc[:, :_MOST_WEEKS]
    most = grid.iloc[:, 1:].max().max()
    users = table.groupby("cohort")["users"].max()
    body: list[Row] = [
        [
            f"{pd.Timestamp(str(week)):%d %b %Y}",
            count(users[week]),
            *(_kept(value, most if after else 0) for after, value in enumerate(row)),
        ]
        for week, row in zip(grid.index, grid.to_numpy().tolist(), strict=True)
    ]
    return blocks.heatmap(["first week", "users", *(f"+{weeks}" for weeks in grid.columns)], body)


def _kept(value: float, most: float) -> Cell:
    return Cell(share(value), heat=ratio(value, most)) if known(value) else Cell("")


def selling_categories(categories: pd.DataFrame) -> Markup:
    """Revenue is a column only where there is some."""
    rows = categories.sort_values("views", ascending=False, kind="stable").head(_MOST_ROWS)
    priced = "revenue" in rows and bool(rows["revenue"].fillna(0).any())
    heads = ["category", "views", "carts", "purchases", "bought / viewed", *(["revenue"] if priced else [])]
    body = []
    for row in rows.to_dict("records"):
        numbers = [count(row[name]) for name in ("views", "carts", "purchases")]
        bought = share(ratio(row["purchases"], row["views"]), 2) if row["views"] else "–"
        body.append([short(row["category"]), *numbers, bought, *([count(row["revenue"])] if priced else [])])
    return blocks.table(heads, body)

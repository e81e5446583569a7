"""How close a generated October comes to the real one: python -m shoplab.events.generator.calibration FILE.csv"""

import sys
from pathlib import Path
from typing import NamedTuple

import pandas as pd


class Measure(NamedTuple):
    """One number of a month. target: REES46's October 2019."""

    name: str
    target: float
    measured: float


def read_events(path: Path) -> pd.DataFrame:
    """A CSV in the REES46 format, with event_time as second of the Unix epoch in column `at`."""
    events = pd.read_csv(path, dtype={"event_type": "category", "category_code": "category", "brand": "category"})
    at = pd.to_datetime(events["event_time"], format="%Y-%m-%d %H:%M:%S UTC").astype("int64") // 10**9
    return events.assign(at=at).drop(columns="event_time")


def measure(events: pd.DataFrame) -> list[Measure]:
    """The calibrated numbers of a month's events."""
    return [*_event_types(events), *_visits(events), *_products(events), *_times(events)]


def _event_types(events: pd.DataFrame) -> list[Measure]:
    kind = events["event_type"].value_counts(normalize=True)
    price = events.groupby("event_type", observed=True)["price"].mean()
    return [
        Measure("views, share of events", 0.9607, kind["view"]),
        Measure("carts, share of events", 0.0218, kind["cart"]),
        Measure("purchases, share of events", 0.0175, kind["purchase"]),
        Measure("mean price of views", 288.98, price["view"]),
        Measure("mean price of carts", 333.83, price["cart"]),
        Measure("mean price of purchases", 309.56, price["purchase"]),
        Measure("highest price", 2574.07, events["price"].max()),
    ]


def _visits(events: pd.DataFrame) -> list[Measure]:
    grouped = events.groupby("user_session")["at"]
    length, minutes = grouped.size(), (grouped.max() - grouped.min()) / 60
    users = events["user_id"].nunique()
    return [
        Measure("events per user", 14.04, len(events) / users),
        Measure("sessions per user", 3.06, len(length) / users),
        Measure("events per session, mean", 4.59, length.mean()),
        Measure("events per session, sd", 6.77, length.std()),
        Measure("events per session, median", 2, length.median()),
        Measure("events per session, p75", 5, length.quantile(0.75)),
        Measure("session minutes, mean", 17.37, minutes.mean()),
        Measure("session minutes, median", 1.05, minutes.median()),
    ]


def _products(events: pd.DataFrame) -> list[Measure]:
    pairs = len(events[["user_id", "product_id"]].drop_duplicates())
    top = events["product_id"].value_counts(normalize=True)
    return [
        Measure("rows without category_code", 0.3184, events["category_code"].isna().mean()),
        Measure("rows without brand", 0.1440, events["brand"].isna().mean()),
        Measure("distinct user-product pairs / events", 0.55, pairs / len(events)),
        Measure("most viewed product, share (2 h slice)", 0.0118, top.iloc[0]),
    ]


def _times(events: pd.DataFrame) -> list[Measure]:
    hour, day = (events["at"] % 86_400 // 3600).value_counts(normalize=True), events["at"] // 86_400
    return [
        Measure("events at 3 h UTC, share", 0.0365, hour[3]),
        Measure("events at 8 h UTC, share", 0.0563, hour[8]),
        Measure("events on day 1, share", 0.0292, (day == day.min()).mean()),
    ]


def table(measures: list[Measure]) -> str:
    """The measures as a Markdown table."""
    rows = [f"| {name} | {target:,.4g} | {measured:,.4g} |" for name, target, measured in measures]
    return "\n".join(["| number | October 2019 | generated |", "|---|---:|---:|", *rows])


if __name__ == "__main__":
    print(table(measure(read_events(Path(sys.argv[1])))))

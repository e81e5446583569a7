"""A small shop's tables as `./lab analyse` and `./lab segment` leave them on HDFS, made up by hand and by formula."""

import datetime as dt
import io
import math
from typing import Any

import pandas as pd

from shoplab.core.catalog import Catalog

Frames = dict[str, pd.DataFrame]
HOSTILE = "<script>alert('$x^2$')</script>"
MONTHS = ("2019-10", "2019-11")
CATEGORIES = ("electronics", "appliances", "computers", "apparel", "furniture")
BRANDS = ("samsung", "apple", HOSTILE, "$\\frac{1}{0}$ & sons", "ブランド株式会社", "بيت التسوق", "x" * 300)
SEGMENTS = ("loyal", "one-off buyer", "cart abandoner", "window shopper, dear taste", "window shopper, cheap taste")
FEATURES = ("sessions", "events_per_session", "orders", "revenue", "cart_rate", "price_level")
PRICES = {
    "funnel": "revenue", "categories": "revenue", "activity": "revenue", "funnel_by": "revenue", "trends": "revenue"
}  # fmt: skip


def write(catalog: Catalog, frames: Frames, manifest: dict[str, Any] | None, left_out: tuple[str, ...]) -> None:
    """Puts the tables where the jobs would."""
    for name, frame in frames.items():
        buffer = io.BytesIO()
        frame.to_parquet(buffer)
        catalog.storage.write(catalog.path("analysis", name, "part-0.parquet"), buffer.getvalue())
    if left_out:
        catalog.storage.write_json(catalog.path("analysis", "left_out.json"), {"left_out": list(left_out)})
    if manifest is not None:
        catalog.publish("segments", lambda path: catalog.storage.write(f"{path}/part-0.parquet", b""), manifest)


def frames() -> Frames:
    """All tables of the analysis."""
    return {
        "activity": activity(), "funnel": funnel(), "funnel_by": funnel_by(), "categories": categories(),
        "session_lengths": session_lengths(), "visits": visits(), "transitions": transitions(),
        "transitions_by_category": transitions_by_category(), "paths": paths(), "paths_by_buyer": paths_by_buyer(),
        "flows": flows(), "sequences": sequences(), "cohorts": cohorts(), "trends": trends(),
        "distributions": distributions(),
    }  # fmt: skip


def without_prices() -> Frames:
    """A log without a price: no revenue, no price bands."""
    made = {name: frame.assign(**{PRICES[name]: 0.0}) if name in PRICES else frame for name, frame in frames().items()}
    made["funnel_by"] = made["funnel_by"].query("dimension != 'price_band'")
    made["distributions"] = made["distributions"].query("name != 'price_level'")
    return made


def activity() -> pd.DataFrame:
    hours = pd.date_range("2019-10-01", "2019-11-30 23:00", freq="h", tz="UTC")
    events = [round(40 + 30 * math.sin((hour.hour - 8) / 24 * 6.28) + 5 * hour.dayofweek) for hour in hours]
    return pd.DataFrame({"hour": hours, "events": events, "purchases": [n // 12 for n in events], "revenue": 1.0})


def funnel() -> pd.DataFrame:
    rows = [(month, 5000 + i, 4990, 800, 420, 390, 310, 400, 91234.5, 312.0, 95.0, 4.2, 2100 - i)
            for i, month in enumerate(MONTHS)]  # fmt: skip
    names = ("month", "sessions", "viewed", "carted", "purchased", "any_order", "strict_order", "abandoned", "revenue",
             "mean_duration_s", "median_duration_s", "mean_events", "users")  # fmt: skip
    return pd.DataFrame(rows, columns=list(names))


def funnel_by() -> pd.DataFrame:
    values = {
        "category": CATEGORIES, "brand": BRANDS, "price_band": ("0-25", "25-60", "60-150", "150-400", "400-2500"),
        "hour": tuple(f"{hour:02}" for hour in range(24)),
    }  # fmt: skip
    rows = [
        (dimension, value, place, 1000 - 7 * place, 160 - place, 80 - place, 60 - place, 1000.0)
        for dimension, names in values.items()
        for place, value in enumerate(names)
    ]
    names = ("dimension", "value", "position", "viewed", "carted", "purchased", "strict_order", "revenue")
    return pd.DataFrame(rows, columns=list(names))


def categories() -> pd.DataFrame:
    rows = [(name, 9000 // (i + 1), 800 // (i + 1), 300 // (i + 1), 700, 5000.0) for i, name in
            enumerate((*CATEGORIES, None))]  # fmt: skip
    return pd.DataFrame(rows, columns=["category", "views", "carts", "purchases", "users", "revenue"])


def session_lengths() -> pd.DataFrame:
    return pd.DataFrame([(n, 6000 // n**2, 300 // n**2) for n in range(1, 51)],
                        columns=["length", "sessions", "with_purchase"])  # fmt: skip


def visits() -> pd.DataFrame:
    rows = [(month, n, 2000 // n**2 + 1, 200 // n**2) for month in MONTHS for n in range(1, 21)]
    return pd.DataFrame(rows, columns=["month", "visits", "users", "buyers"])


def _moves(steps: list[str]) -> pd.DataFrame:
    rows = [(step, following, 10 * (i + j + 1)) for i, step in enumerate(["start", *steps])
            for j, following in enumerate([*steps, "exit"])]  # fmt: skip
    table = pd.DataFrame(rows, columns=["step", "next", "moves"])
    return table.assign(share=table["moves"] / table.groupby("step")["moves"].transform("sum"))


def transitions() -> pd.DataFrame:
    return _moves(["view", "cart", "remove_from_cart", "purchase"])


def transitions_by_category() -> pd.DataFrame:
    return _moves([f"{kind} {name}" for name in (*CATEGORIES, "other") for kind in ("view", "cart", "purchase")])


def paths() -> pd.DataFrame:
    rows = [("view", 3000, 0.6), ("view+", 1000, 0.2), ("view+ > cart > purchase", 250, 0.05)]
    return pd.DataFrame(rows, columns=["path", "sessions", "share"])


def paths_by_buyer() -> pd.DataFrame:
    return pd.concat([paths().assign(buyers=flag) for flag in (True, False)], ignore_index=True)


def flows() -> pd.DataFrame:
    """Sessions of a view, then a cart or not, then a purchase or not; every second one leaves at each step."""
    rows = []
    for buyers, sessions in ((True, 640), (False, 4160)):
        left = sessions
        for position, step in enumerate(("view", "cart", "view", "purchase", "view", "cart"), start=1):
            following = ("cart", "view", "purchase", "view", "cart", "view")[position - 1]
            rows += [(buyers, position, step, following, left // 2), (buyers, position, step, "exit", left - left // 2)]
            left //= 2
    return pd.DataFrame(rows, columns=["buyers", "position", "step", "next", "sessions"])


def sequences() -> pd.DataFrame:
    rows = [("event", "view", 1, 4000, 0.8), ("event", "view > cart", 2, 700, 0.14),
            ("event", "view > cart > purchase", 3, 400, 0.08),
            ("event and category", "view electronics > cart electronics", 2, 200, 0.04)]  # fmt: skip
    return pd.DataFrame(rows, columns=["kind", "sequence", "length", "sessions", "share"])


def cohorts() -> pd.DataFrame:
    first = dt.date(2019, 9, 30)
    rows = [(first + dt.timedelta(weeks=week), after, 500, 500 >> (after + 1 if after else 0))
            for week in range(9) for after in range(9 - week)]  # fmt: skip
    table = pd.DataFrame(rows, columns=["cohort", "weeks_after", "users", "active"])
    return table.assign(retention=table["active"] / table["users"])


def trends() -> pd.DataFrame:
    kinds = {"product": [f"{brand} phone" for brand in (*BRANDS, *"abcdefghij")], "category": list(CATEGORIES)}
    rows = [
        (kind, str(i), label, 900, 30, 100.0, 70 + i, 70, (len(labels) / 2 - i) / 4)
        for kind, labels in kinds.items()
        for i, label in enumerate(labels)
    ]
    names = ("kind", "name", "label", "views", "purchases", "revenue", "recent_views", "earlier_views", "trend")
    return pd.DataFrame(rows, columns=list(names))


def distributions() -> pd.DataFrame:
    units = {"session_minutes": "minutes", "hours_between_visits": "hours", "minutes_to_purchase": "minutes",
             "price_level": "0 cheapest, 1 dearest", "discount_share": "share", "category_loyalty": "share",
             "brand_loyalty": "share", "visits_per_week": "visits"}  # fmt: skip
    rows = [(name, unit, i / 4, (i + 1) / 4, 1000 >> i) for name, unit in units.items()
            for i in range(9)]  # fmt: skip
    return pd.DataFrame(rows, columns=["name", "unit", "lower", "upper", "count"])


def manifest() -> dict[str, Any]:
    """Of `./lab segment --update` with a model of customer value."""
    return {
        "version": "20191201T000000000", "as_of": "2019-11-30", "users": 3000, "engine": "scikit-learn",
        "k": len(SEGMENTS), "features": list(FEATURES), "robots": 3, "left_out": [],
        "silhouettes": {str(k): 0.5 - abs(k - 5) / 40 for k in range(3, 11)},
        "segments": [segment(i, name) for i, name in enumerate(SEGMENTS)],
        "rfm": {"non-buyer": 2500, "champion": 90, "loyal": 110, "at risk": 120, "lost": 180},
        "rfm_grid": [{"r": r, "f": f, "users": 5 * r * f, "monetary": 80.0 * f} for r in range(1, 6)
                     for f in (1, 3, 5)],
        "value": value(), "update": update(),
    }  # fmt: skip


def segment(number: int, name: str) -> dict[str, Any]:
    return {
        "segment": number, "name": name, "rule": "orders >= 1.5 and sessions >= 2.5" if number == 0 else "otherwise",
        "users": 600, "share": 0.2, "buyers": 1 / (number + 1), "sessions": 4.5, "orders": 1.25, "revenue": 310.5,
        "cart_rate": 0.31, "price_level": 0.5 if number else None,
        "centre": dict.fromkeys(FEATURES, 1.5 * (number + 1)),
        "scaled": dict.fromkeys(FEATURES, 1.5 - number * 0.8),
    }  # fmt: skip


def value() -> dict[str, Any]:
    return {
        "horizon_days": 30,
        "segments": [{"segment_name": name, "buyers": 100, "p_alive": 0.9 - i / 10, "expected_orders": 1.2 - i / 5,
                      "expected_order_value": 250.0, "clv": 300.0 - 50 * i} for i, name in enumerate(SEGMENTS[:3])],
        "holdout": {
            "from": "2019-11-16", "to": "2019-11-30", "predicted": 210.4, "actual": 198, "factor": 0.94,
            "by_segment": [{"segment_name": name, "predicted": 70.1 - i, "actual": 66 + i}
                           for i, name in enumerate(SEGMENTS[:3])],
            "curve": [{"repeat_orders": n, "predicted": 0.3 * n + 0.1, "actual": 0.28 * n, "buyers": 200 >> n}
                      for n in range(6)],
        },
    }  # fmt: skip


def update() -> dict[str, Any]:
    moved = [[400 if i == j else 25 for j in range(len(SEGMENTS))] for i in range(len(SEGMENTS))]
    return {
        "from_version": "20191101T000000000", "from_as_of": "2019-10-31", "shared_users": 2500, "newcomers": 500,
        "migration": {"names": list(SEGMENTS), "users": moved}, "ari": 0.71,
        "psi": {"sessions": 0.02, "orders": 0.31, "revenue": 0.12, "segments": 0.04},
        "silhouette": {"before": 0.41, "after": 0.39}, "drift": True,
        "size_change": {name: 0.2 - i / 10 for i, name in enumerate(SEGMENTS)},
        "advice": "orders drifted (PSI 0.31); fit anew: ./lab segment",
    }  # fmt: skip

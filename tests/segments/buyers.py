"""Buyers drawn from the models' own stories, with numpy alone: what the fits must find again."""

import datetime as dt

import numpy as np
import pandas as pd

FIRST_DAY = dt.date(2019, 1, 1)


def drawn_purchase_days(buyers: int, r: float, alpha: float, a: float, b: float, days: int, seed: int) -> pd.DataFrame:
    """buyer, day (number from 0): one row per day on which a buyer bought, over so many days. A buyer's first purchase
    falls on any day but the last; then purchases come at a rate from Gamma(r, alpha) until the buyer leaves, after each
    repeat purchase with a chance from Beta(a, b).
    """
    rng = np.random.default_rng(seed)
    rate, chance_to_leave = rng.gamma(r, 1 / alpha, buyers), rng.beta(a, b, buyers)
    time = rng.uniform(0, days - 1, buyers)
    active = np.ones(buyers, bool)
    rows = [np.column_stack([np.arange(buyers), np.floor(time)])]
    while active.any():
        time = time + rng.exponential(1, buyers) / np.maximum(rate, 1e-12)
        active &= time < days
        rows.append(np.column_stack([np.flatnonzero(active), np.floor(time[active])]))
        active &= rng.random(buyers) >= chance_to_leave
    return pd.DataFrame(np.concatenate(rows).astype(int), columns=["buyer", "day"]).drop_duplicates(ignore_index=True)


def per_buyer(days: pd.DataFrame, until: int) -> pd.DataFrame:
    """x, t_x, T by buyer, as of a day's number."""
    by_buyer = days[days["day"] <= until].groupby("buyer")["day"]
    first = by_buyer.min()
    return pd.DataFrame({"x": by_buyer.count() - 1, "t_x": by_buyer.max() - first, "T": until - first})


def triples(days: pd.DataFrame, until: int) -> pd.DataFrame:
    """x, t_x, T, buyers."""
    return per_buyer(days, until).groupby(["x", "t_x", "T"]).size().rename("buyers").reset_index()


def drawn_order_values(buyers: int, p: float, q: float, v: float, seed: int) -> pd.DataFrame:
    """n, mean_value: a buyer's orders are Gamma(p, nu), nu over buyers Gamma(q, v)."""
    rng = np.random.default_rng(seed)
    n = rng.integers(2, 8, buyers)
    return pd.DataFrame({"n": n, "mean_value": rng.gamma(p * n) / rng.gamma(q, 1 / v, buyers) / n})

"""Events of a small shop with two tastes: phones and shoes."""

import datetime as dt

from tests.data import event as event_row

SHELVES = {"p": ("electronics.smartphone", "xiaomi", 300.0), "s": ("apparel.shoes", "nike", 80.0)}
PER_SHELF, SHOPPERS = 15, 40


def event(user: str, product: str, kind: str = "view", minute: int = 0) -> tuple[object, ...]:
    """An EVENT row. A product's first letter says its shelf: p phones, s shoes."""
    category, brand, price = SHELVES[product[0]]
    time = f"{dt.datetime(2019, 10, 1) + dt.timedelta(minutes=minute):%m-%d %H:%M:%S}"
    return event_row(time, kind, product, user, f"session-{user}", price, category, brand, f"id-{category}")

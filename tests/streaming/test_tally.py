import datetime as dt

import pyarrow as pa

from shoplab.core.schemas import EVENT
from shoplab.core.schemas.arrow import arrow_schema
from shoplab.streaming.tally import tally

NOON = dt.datetime(2019, 11, 1, 12, tzinfo=dt.UTC)


def event(kind: str, product: str, price: float | None, quantity: int | None = None) -> dict[str, object]:
    return {"event_time": NOON, "event_type": kind, "product_id": product, "price": price, "quantity": quantity,
            "user_id": "u", "user_session": "s", "date": NOON.date()}  # fmt: skip


def test_offsets_arrivals_revenue_and_products() -> None:
    rows = pa.table({"partition": [0, 0, 2], "offset": [7, 8, 0],
                     "arrived": [NOON, NOON + dt.timedelta(seconds=4), NOON + dt.timedelta(seconds=1)]})  # fmt: skip
    events = [event("purchase", "p1", 2.5, 3), event("purchase", "p2", 1.0), event("refund", "p9", 2.5, 1),
              event("purchase", "p2", None)]  # fmt: skip
    found = tally(rows, pa.Table.from_pylist(events, arrow_schema(EVENT)))
    assert found.offsets == {"0": [7, 9], "2": [0, 1]}
    assert [found.median_ms - found.first_ms, found.last_ms - found.first_ms] == [1000, 4000]
    assert found.by_type == {"purchase": (3, 8.5), "refund": (1, -2.5)}
    assert found.top == [("p2", 2), ("p1", 1)]  # a refund is no visit


def test_a_batch_without_new_events() -> None:
    rows = pa.table({"partition": [0], "offset": [7], "arrived": [NOON]})
    found = tally(rows, arrow_schema(EVENT).empty_table())
    assert (found.by_type, found.top) == ({}, [])

"""What the batches of a stream leave, laid down without one."""

import io

import pyarrow as pa
import pyarrow.parquet as pq

from shoplab.core.catalog import Catalog
from shoplab.core.schemas import EVENT
from shoplab.core.schemas.arrow import arrow_schema
from shoplab.streaming.accounts import Accounts, BatchAccount
from shoplab.streaming.compaction import Compaction
from shoplab.streaming.lease import stream_lease
from shoplab.streaming.publish import Publisher

DAY, BEFORE = "2019-11-01", "2019-10-31"
MOMENT = 1_572_566_400_000_000  # 2019-11-01 00:00:00 UTC


def account(batch: int, days: dict[str, int]) -> BatchAccount:
    new = sum(days.values())
    return BatchAccount(batch, "t", {"0": [0, 0]}, new, new, 0, 0, 0, 0, 1, days, "", "", 0, 0, 0, {})


def rows(batch: int, day: str, number: int) -> pa.Table:
    first = MOMENT + batch * 10_000_000 - (86_400_000_000 if day == BEFORE else 0)
    columns = {
        "event_time": [first + n * 1_001 for n in range(number)],
        "event_type": ["view"] * number,
        "product_id": [str(n % 7) for n in range(number)],
        "category_id": [None] * number,
        "category_code": [None if n % 2 else "a.b" for n in range(number)],
        "brand": ["Bütow"] * number,
        "price": [None if n % 3 else n + 0.1 for n in range(number)],
        "quantity": [None] * number,
        "user_id": [str(batch * 100 + n % 3) for n in range(number)],
        "user_session": ["s"] * number,
    }
    schema = arrow_schema(EVENT)
    arrays = [pa.array(columns[name], schema.field(name).type) for name in columns]
    date = pa.array(columns["event_time"], pa.timestamp("us")).cast(pa.date32())
    return pa.table([*arrays, date], names=[*columns, "date"])


def lay(catalog: Catalog, batches: range) -> list[BatchAccount]:
    """What a stream's batches leave: events of one day, and each third of the day before too."""
    accounts = []
    for batch in batches:
        days = {DAY: batch % 5 + 1} | ({BEFORE: 2} if batch % 3 == 0 else {})
        for day, number in days.items():
            Publisher(catalog).write_events(batch, day, rows(batch, day, number))
        accounts.append(account(batch, days))
        Accounts(catalog).write(accounts[-1])
    return accounts


def compacted(catalog: Catalog, accounts: list[BatchAccount]) -> None:
    compaction = Compaction(catalog, stream_lease(catalog, catalog.settings))
    for one in accounts:
        compaction.take(one)


def names(catalog: Catalog, day: str = DAY) -> list[str]:
    return [path.rsplit("/", 1)[1] for path in catalog.files("events", f"date={day}")]


def table(catalog: Catalog, day: str) -> pa.Table:
    """In the order of batches."""
    paths = sorted(catalog.files("events", f"date={day}"))
    return pa.concat_tables(pq.read_table(io.BytesIO(catalog.storage.read(path))) for path in paths)

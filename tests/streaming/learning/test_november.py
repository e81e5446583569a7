"""The generator's November in a shop trained on its October: learning finds more of what is clicked, and is kept."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pytest

from shoplab.core.schemas import EVENT
from shoplab.core.schemas.arrow import arrow_schema
from shoplab.events.generator.month import generate
from shoplab.recommend.data.feedback import CURRENT
from shoplab.recommend.data.log import Log, build_log
from shoplab.recommend.data.products import Product, Products
from shoplab.recommend.model.increment_files import Increments
from shoplab.streaming.learning.cases import sample
from shoplab.streaming.learning.line import Line
from shoplab.streaming.learning.prequential import ALL, BASE, POPULAR, SERVED, figures
from shoplab.streaming.learning.telling import seconds
from shoplab.streaming.recent import RecentEvents
from tests.streaming.learning.shop import memory_catalog, trained

OCTOBER, NOVEMBER, BATCH = 30_000, 6_000, 200


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Line:
    """After November: every fourth event was judged, an increment published after each batch."""
    folder = tmp_path_factory.mktemp("months")
    october, november = month(folder, "2019-10", OCTOBER), month(folder, "2019-11", NOVEMBER)
    found, recent = Line(trained(log_of(october)), Increments(memory_catalog()), every=0), RecentEvents()
    for number, first in enumerate(range(0, NOVEMBER, BATCH)):
        batch = november.slice(first, BATCH)
        found.judge(sample(batch, CURRENT, recent.of, BATCH // 4, number), float(number))
        recent.add(batch)
        found.learn(number, batch, {})
    return found


def month(folder: Path, name: str, events: int) -> pa.Table:
    """EVENT rows of a generated month."""
    path = generate(folder / f"{name}.csv", name, events).path
    texts = dict.fromkeys(set(EVENT.names) - {"price"}, pa.string())
    options = pyarrow.csv.ConvertOptions(column_types=texts, strings_can_be_null=True)
    rows = pyarrow.csv.read_csv(path, convert_options=options)
    time = pc.strptime(pc.utf8_rtrim(rows["event_time"], " UTC"), "%Y-%m-%d %H:%M:%S", "us")
    rows = rows.set_column(0, "event_time", pc.assume_timezone(time, "UTC"))
    rows = rows.append_column("quantity", pa.nulls(len(rows), pa.int32()))
    return rows.append_column("date", pc.cast(time, pa.date32())).select(EVENT.names).cast(arrow_schema(EVENT))


def log_of(rows: pa.Table) -> Log:
    last = {row["product_id"]: row for row in rows.select(list(Product._fields)).to_pylist()}
    columns = (rows[name].to_pylist() for name in ("user_id", "user_session", "product_id"))
    kinds = np.array([CURRENT.kinds[name] for name in rows["event_type"].to_pylist()], np.int8)
    return build_log(Products(tuple(Product(**last[name]) for name in sorted(last))), *columns, kinds, seconds(rows))


def test_learning_finds_more_than_the_model_alone(line: Line) -> None:
    judged = line.window.by_segment()[ALL]
    served, base, popular = (figures(judged, name) for name in (SERVED, BASE, POPULAR))
    assert served.cases == NOVEMBER // 4
    assert served.hit > base.hit > popular.hit
    assert served.mrr > base.mrr


def test_it_is_never_withdrawn(line: Line) -> None:
    assert line.withdrawn == 0
    assert line.served.increment == NOVEMBER // BATCH

"""A recommender of the size that the API's bench asks for, fitted without Spark on what the generator makes."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
from numpy.typing import NDArray

from shoplab.core.console import Say
from shoplab.core.schemas import RAW_COLUMNS
from shoplab.events.generator import generate
from shoplab.recommend.data.feedback import CURRENT
from shoplab.recommend.data.log import Log, build_log
from shoplab.recommend.data.products import Product, Products
from shoplab.recommend.data.shoppers import Shoppers
from shoplab.recommend.model.recommender import Recommender
from shoplab.recommend.ranking.fit import fit
from shoplab.recommend.sources.als import Als

SEGMENTS = ("loyal customers", "browsers", "bargain hunters", "newcomers")
RANK = 32
_HISTORY = 50  # events of a user that a model keeps, at most
_FIRST_COPY = 900_000_000  # id of the first user who is another's copy


def make_model(folder: Path, events: int, users: int, say: Say) -> Recommender:
    """Fitted on so many events of October; where they have fewer users, the others are copies of those under ids of
    their own: what a user costs is the same.
    """
    say(f"a model of {events:,} events")
    log = _log(folder, events)
    segments = np.random.default_rng(7).integers(0, len(SEGMENTS), len(log.user_ids)).astype(np.int16)
    durable = np.random.default_rng(7).random(len(log.products)) < 0.3
    ranker = fit(log, "live", segments, SEGMENTS, durable, RANK)
    model = Recommender(log.products, _shoppers(log, segments), replace(ranker, holdout=None, sample=None), SEGMENTS,
                        log.now)  # fmt: skip
    return _with_copies(model, users)


def _log(folder: Path, events: int) -> Log:
    file = folder / "model.csv"
    generate(file, "2019-10", events)
    texts = {name: pa.string() for name in RAW_COLUMNS if name != "price"}
    rows = pa.csv.read_csv(file, convert_options=pa.csv.ConvertOptions(column_types=texts))
    file.unlink()
    rows = rows.filter(pc.is_in(rows["event_type"], pa.array(CURRENT.types)))
    times = pc.strptime(pc.utf8_slice_codeunits(rows["event_time"], 0, 19), "%Y-%m-%d %H:%M:%S", "s")
    return log_of(rows.append_column("second", times.cast(pa.int64())), _products(rows))


def log_of(rows: pa.Table, products: pa.Table) -> Log:
    """rows: user_id, user_session, product_id, event_type (of the recommender's feedback), second (unix). products: the
    columns of Product.
    """
    kinds = np.array([CURRENT.kinds[name] for name in rows["event_type"].to_pylist()], np.int8)
    users, visits, items = (rows[name].to_pylist() for name in ("user_id", "user_session", "product_id"))
    return build_log(
        Products.from_arrow(products), users, visits, items, kinds, rows["second"].to_numpy().astype(float)
    )


def _products(rows: pa.Table) -> pa.Table:
    others = [name for name in Product._fields if name != "product_id"]
    found = rows.group_by("product_id").aggregate([(name, "max") for name in others])
    return found.select(["product_id", *[f"{name}_max" for name in others]]).rename_columns(list(Product._fields))


def _shoppers(log: Log, segments: NDArray[np.int16]) -> Shoppers:
    users = log.users[log.visit_of]
    order = np.lexsort((log.times, users))
    order = order[(users[order] >= 0) & (log.items[order] >= 0)]
    starts = np.searchsorted(users[order], np.arange(len(log.user_ids) + 1))
    left = np.repeat(starts[1:], np.diff(starts)) - np.arange(len(order))
    order = order[left <= _HISTORY]
    starts = np.searchsorted(users[order], np.arange(len(log.user_ids) + 1))
    return Shoppers(log.user_ids, segments, starts, log.items[order].astype(np.int32), log.kinds[order])


def _with_copies(model: Recommender, users: int) -> Recommender:
    known, shoppers = len(model.shoppers.ids), model.shoppers
    copied = np.arange(users - known) % known if users > known else np.empty(0, np.int64)
    rows = np.concatenate([np.arange(known), copied]).astype(np.int64)
    sizes = np.diff(shoppers.starts)[rows]
    places = np.repeat(shoppers.starts[rows] + sizes - np.cumsum(sizes), sizes) + np.arange(sizes.sum())
    ids = (*shoppers.ids, *(str(_FIRST_COPY + number) for number in range(len(copied))))
    starts = np.concatenate([[0], np.cumsum(sizes)])
    more = Shoppers(ids, shoppers.segments[rows], starts, shoppers.items[places], shoppers.kinds[places])
    sources = tuple(
        Als(replace(source.factors, user_factors=source.factors.user_factors[rows])) if isinstance(source, Als)
        else source
        for source in model.ranker.finder.sources
    )  # fmt: skip
    finder = replace(model.ranker.finder, sources=sources)
    return replace(model, shoppers=more, ranker=replace(model.ranker, finder=finder))

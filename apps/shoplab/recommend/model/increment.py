"""What the stream learned since a model was trained, and the model with that: a small set of arrays for one version."""

from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import csr_matrix

from shoplab.recommend.data.arrays import DAY_S, Bools, Floats
from shoplab.recommend.data.products import Product, Products
from shoplab.recommend.model.recommender import Recommender
from shoplab.recommend.sources.base import Newer
from shoplab.recommend.sources.popularity import HALF_LIFE_DAYS, Popularity


@dataclass(frozen=True)
class Increment:
    """For the model version `base` only; `number` grows by one with each. until: unix seconds of the newest event it
    learned from. batch: the last micro-batch of the stream in it.

    new: products that the model lacks, rows after the model's own. demand: as of `until`, shape (segments + 1,
    products), the last row the whole shop's. pairs, firm: co-visits as of `until`, of all events and of those stronger
    than the weakest, shape (products, products), symmetric. factors: ALS vectors of the new products.
    """

    base: str
    number: int
    until: float
    batch: int
    new: tuple[Product, ...]
    demand: csr_matrix
    pairs: csr_matrix
    firm: csr_matrix
    factors: Floats

    @property
    def name(self) -> str:
        """ "20191101T000000000+12"."""
        return f"{self.base}+{self.number}"


def apply(recommender: Recommender, increment: Increment) -> Recommender:
    """A recommender that has learned on; the given one stays as it is, and is the answer for an increment of another
    version. Stream and API both take increments up by this, so the same one gives the same lists.
    """
    if increment.base != recommender.version:
        return recommender
    products, finder = recommender.products.extended(increment.new), recommender.ranker.finder
    newer = _newer(recommender, increment, products)
    grown = replace(
        finder, products=products, sources=tuple(source.grown(newer) for source in finder.sources),
        durable=_durable(finder.durable, products),
    )  # fmt: skip
    ranker = replace(recommender.ranker, finder=grown, holdout=None, sample=None)
    return replace(recommender, products=products, ranker=ranker, increment=increment.number)


def _newer(recommender: Recommender, increment: Increment, products: Products) -> Newer:
    fade = 2.0 ** (-max(0.0, increment.until - recommender.until) / DAY_S / HALF_LIFE_DAYS)
    demand = increment.demand.toarray().astype(np.float32)
    wanted = demand[-1].copy()
    for source in recommender.ranker.finder.sources:
        if isinstance(source, Popularity):
            wanted[: len(source.scores)] += fade * source.demand
    return Newer(products, fade, demand, wanted, increment.pairs, increment.firm, increment.factors)


def _durable(known: Bools, products: Products) -> Bools:
    """A new product is as its category's others are; in a new category as most of the shop's."""
    codes, size = products.category_codes, len(known)
    count = np.bincount(codes[:size], minlength=int(codes.max(initial=-1)) + 1)
    lasting = np.bincount(codes[:size], known, minlength=len(count))
    most = known.mean() > 0.5 if size else True
    of_category = np.where(count > 0, 2 * lasting > count, most)
    return np.append(known, of_category[codes[size:]])


def nothing(recommender: Recommender) -> Increment:
    """The increment before the first: no event learned."""
    products = len(recommender.products)
    empty = csr_matrix((products, products), dtype=np.float32)
    demand = csr_matrix((len(recommender.segment_names) + 1, products), dtype=np.float32)
    factors = np.empty((0, recommender.factors.rank), dtype=np.float32)
    return Increment(recommender.version, 0, recommender.until, -1, (), demand, empty, empty, factors)

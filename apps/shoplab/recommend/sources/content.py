"""Content as a source: products like those met, by TF-IDF over category path, brand and price band, and cosine."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, vstack

from shoplab.recommend.data.arrays import UNKNOWN, Floats, Ints
from shoplab.recommend.data.histories import Histories
from shoplab.recommend.data.products import Product, Products
from shoplab.recommend.sources.base import (
    Arrays,
    Group,
    Newer,
    Pairs,
    Source,
    Training,
    from_pairs,
    packed,
    unpacked,
)
from shoplab.recommend.sources.popularity import decayed_demand

PRICE_BANDS = 5
FROM_SHELF, FROM_CATEGORY, SEEDS = 15, 25, 5
DECAY = 0.9
SIZE = 40


@dataclass(frozen=True)
class Content(Source):
    """TF-IDF vectors of unit length, shape (products, terms), and per product the codes of its shelf (category and
    brand) and category with the best sellers of each. Products of the last 5 shelves and categories met are compared:
    the best sellers stand for the rest.
    """

    vectors: csr_matrix
    codes: Ints
    best: tuple[Ints, Ints]
    name: ClassVar[str] = "content"
    group: ClassVar[Group] = "content"
    features: ClassVar[tuple[str, ...]] = ("content cosine", "same category", "same shelf", "price ratio")

    @classmethod
    def fit(cls, training: Training) -> Self:
        products, given = training.log.products, training.given.get(cls.name)
        vectors = tf_idf(tokens_of(products)) if given is None else given
        return cls._of_demand(vectors, products, decayed_demand(training.log))

    @classmethod
    def _of_demand(cls, vectors: csr_matrix, products: Products, wanted: Floats) -> Self:
        shelf = best_of_each(products.shelf_codes, wanted, FROM_SHELF)
        category = best_of_each(products.category_codes, wanted, FROM_CATEGORY)
        codes = np.stack([products.shelf_codes, products.category_codes]).astype(np.int64)
        return cls(vectors, codes, (shelf, category))

    def lists(self, histories: Histories) -> csr_matrix:
        shape = (len(histories), self.vectors.shape[0])
        seeds = histories.ages < SEEDS
        owners, items = histories.owners[seeds], histories.items[seeds]
        found = [np.empty(0, np.int64)]
        for codes, best in zip(self.codes, self.best, strict=True):
            near = best[codes[items]]
            found.append((owners[:, None] * shape[1] + near)[near >= 0])
        keys = np.unique(np.concatenate(found))
        owners, items = keys // max(1, shape[1]), keys % max(1, shape[1])
        return from_pairs(owners, items, self.similarity(histories, owners, items), shape, SIZE)

    def similarity(self, histories: Histories, owners: Ints, items: Ints) -> Floats:
        """Cosine of what case owners[i] met and product items[i], in [0, 1]; 0 where neither category nor brand is
        known.
        """
        if not self.vectors.nnz:
            return np.zeros(len(owners), dtype=np.float32)
        profiles = self._profiles(histories.matrix(self.vectors.shape[0], DECAY))
        rows = self.vectors[items]
        row_of_term = np.repeat(np.arange(len(items)), np.diff(rows.indptr))
        products = rows.data * profiles[owners[row_of_term], rows.indices]
        return np.bincount(row_of_term, products, minlength=len(items)).astype(np.float32)

    def _profiles(self, met: csr_matrix) -> Floats:
        """Weighted sum of the vectors of what was met, unit length, shape (cases, terms); zeros for no history."""
        summed: Floats = (met @ self.vectors).toarray()
        lengths = np.sqrt(np.einsum("ij,ij->i", summed, summed, dtype=np.float64))[:, None].astype(np.float32)
        summed /= np.where(lengths > 0, lengths, 1)
        return summed

    def describe(self, pairs: Pairs) -> Floats:
        """Against the newest product met: whether category and shelf are the same, and the difference of log prices."""
        newest, items, products = pairs.histories.newest()[pairs.owners], pairs.items, pairs.products
        any_met = newest >= 0
        categories, shelves, prices = products.category_codes, products.shelf_codes, products.log_prices
        return np.column_stack([
            self.similarity(pairs.histories, pairs.owners, items),
            any_met & (categories[items] == categories[newest]),
            any_met & (shelves[items] == shelves[newest]),
            np.where(any_met, np.nan_to_num(prices[items] - prices[newest]), 0),
        ]).astype(np.float32)  # fmt: skip

    def grown(self, newer: Newer) -> Self:
        """A new product has the vector of the known one that is most like it: on its shelf, else in its category, the
        one nearest in price.
        """
        alike = most_alike(newer.products, self.vectors.shape[0])
        empty = csr_matrix((1, self.vectors.shape[1]), dtype=np.float32)
        vectors = csr_matrix(vstack([self.vectors, vstack([self.vectors, empty]).tocsr()[alike]]))
        return self._of_demand(vectors, newer.products, newer.wanted)

    def arrays(self) -> Arrays:
        shelf, category = self.best
        return packed("vectors", self.vectors) | {"codes": self.codes, "shelf": shelf, "category": category}

    @classmethod
    def of(cls, arrays: Arrays) -> Self:
        return cls(unpacked("vectors", arrays), arrays["codes"], (arrays["shelf"], arrays["category"]))


def most_alike(products: Products, known: int) -> Ints:
    """Per product from row `known` on the row of the one before that is most like it; UNKNOWN for a new category."""
    found = np.full(len(products) - known, UNKNOWN, dtype=np.int64)
    prices = np.nan_to_num(products.log_prices)
    for codes in (products.category_codes, products.shelf_codes):  # the shelf has the last word
        order = np.argsort(codes[:known], kind="stable")
        starts = np.searchsorted(codes[order], [codes[known:], codes[known:] + 1])
        for place, (first, last) in enumerate(starts.T.tolist()):
            if last > first:
                rows = order[first:last]
                found[place] = rows[np.abs(prices[rows] - prices[known + place]).argmin()]
    return found


def best_of_each(codes: NDArray[np.int32], scores: Floats, size: int) -> Ints:
    """Rows of every code's `size` best products, best first, shape (codes, size); UNKNOWN where there are fewer."""
    order = np.lexsort((-scores, codes))
    starts = np.searchsorted(codes[order], np.arange(codes.max(initial=-1) + 1))
    place = np.arange(len(codes)) - starts[codes[order]]
    kept = place < size
    table = np.full((len(starts), size), UNKNOWN, dtype=np.int64)
    table[codes[order][kept], place[kept]] = order[kept]
    return table


def tf_idf(tokens: list[list[str]]) -> csr_matrix:
    """TF-IDF (Salton and Buckley 1988), smoothed: idf = ln((1 + n) / (1 + df)) + 1; rows of unit length. By
    scikit-learn; but for the order of the terms content_spark gives the same.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer

    return csr_matrix(TfidfVectorizer(analyzer=_as_they_are, dtype=np.float32).fit_transform(tokens))


def _as_they_are(tokens: list[str]) -> list[str]:
    return tokens


def tokens_of(products: Products) -> list[list[str]]:
    """The terms of every product."""
    bands = _bands(products)
    return [list(_tokens(product, band)) for product, band in zip(products.rows, bands, strict=True)]


def _tokens(product: Product, band: int) -> Iterator[str]:
    """Every level of the category path, so that neighbours up the tree still share something."""
    path = product.category_code.split(".") if product.category_code else []
    yield from (f"category {'.'.join(path[: depth + 1])}" for depth in range(len(path)))
    if product.category_id:
        yield f"category id {product.category_id}"
    yield f"brand {product.brand or 'unknown'}"
    if band:
        yield f"price {product.category} {band}"


def _bands(products: Products) -> list[int]:
    """1 (cheapest fifth of its category) to 5; 0 where the price is unknown."""
    import pandas as pd

    prices = pd.Series([product.price for product in products.rows], dtype="float64")
    position = prices.groupby(products.category_codes).rank(pct=True)
    return [0 if np.isnan(share) else int(np.ceil(share * PRICE_BANDS)) for share in position]

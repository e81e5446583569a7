"""Content similarity: TF-IDF over category path, brand and price band; cosine on demand."""

import io
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, load_npz, save_npz

from shoplab.recommend.als import Floats
from shoplab.recommend.catalogue import Catalogue, Product

Ints = NDArray[np.int64]
PRICE_BANDS = 5


@dataclass(frozen=True)
class Content:
    """TF-IDF vectors of unit length, shape (products, terms)."""

    vectors: csr_matrix

    def profiles(self, user_items: csr_matrix) -> Floats:
        """Weighted sum of the vectors of what users met, unit length, shape (users, terms); zeros for no history."""
        summed: Floats = (user_items @ self.vectors).toarray()
        lengths = np.linalg.norm(summed, axis=1, keepdims=True)
        summed /= np.where(lengths > 0, lengths, 1)
        return summed

    def similarity(self, profiles: Floats, owners: Ints, items: Ints) -> Floats:
        """Cosine of profile owners[i] and product items[i], in [0, 1]."""
        rows = self.vectors[items]
        row_of_term = np.repeat(np.arange(len(items)), np.diff(rows.indptr))
        products = rows.data * profiles[owners[row_of_term], rows.indices]
        return np.bincount(row_of_term, products, minlength=len(items)).astype(np.float32)

    def to_bytes(self) -> bytes:
        sink = io.BytesIO()
        save_npz(sink, self.vectors)
        return sink.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> "Content":
        return cls(csr_matrix(load_npz(io.BytesIO(data))))


def fit_content(catalogue: Catalogue) -> Content:
    """TF-IDF (Salton and Buckley 1988), smoothed as in scikit-learn: idf = ln((1 + n) / (1 + df)) + 1; unit rows."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    tokens = [list(_tokens(product, band)) for product, band in zip(catalogue.products, _bands(catalogue), strict=True)]
    vectors = TfidfVectorizer(analyzer=_as_they_are, dtype=np.float32).fit_transform(tokens)
    return Content(csr_matrix(vectors))


def _as_they_are(tokens: list[str]) -> list[str]:
    return tokens


def _tokens(product: Product, band: int) -> Iterator[str]:
    """Every level of the category path, so that neighbours up the tree still share something."""
    path = product.category_code.split(".") if product.category_code else []
    yield from (f"category {'.'.join(path[: depth + 1])}" for depth in range(len(path)))
    if product.category_id:
        yield f"category id {product.category_id}"
    yield f"brand {product.brand or 'unknown'}"
    if band:
        yield f"price {product.category} {band}"


def _bands(catalogue: Catalogue) -> list[int]:
    """1 (cheapest fifth of its category) to 5; 0 where the price is unknown."""
    import pandas as pd

    prices = pd.Series([product.price for product in catalogue.products], dtype="float64")
    position = prices.groupby(catalogue.category_codes).rank(pct=True)
    return [0 if np.isnan(share) else int(np.ceil(share * PRICE_BANDS)) for share in position]

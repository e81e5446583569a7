"""Content similarity: TF-IDF over category path, brand and price band; cosine on demand."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from shoplab.recommend.als import Floats
from shoplab.recommend.catalogue import Catalogue, Product

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

Ints = NDArray[np.int64]
PRICE_BANDS = 5
_MOST_TERMS = 1 << 20


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


def fit_content(catalogue: Catalogue, spark: "SparkSession | None" = None) -> Content:
    """TF-IDF (Salton and Buckley 1988), smoothed: idf = ln((1 + n) / (1 + df)) + 1; unit rows. By Spark ML on `spark`,
    else by scikit-learn: but for the order of the terms both give the same.
    """
    tokens = [list(_tokens(product, band)) for product, band in zip(catalogue.products, _bands(catalogue), strict=True)]
    return Content(_by_spark(spark, tokens) if spark and tokens else _by_sklearn(tokens))


def _by_sklearn(tokens: list[list[str]]) -> csr_matrix:
    from sklearn.feature_extraction.text import TfidfVectorizer

    return csr_matrix(TfidfVectorizer(analyzer=_as_they_are, dtype=np.float32).fit_transform(tokens))


def _by_spark(spark: "SparkSession", tokens: list[list[str]]) -> csr_matrix:
    """Spark's own idf lacks the + 1, without which a term that all products share would say nothing even of itself."""
    from pyspark.ml.feature import IDF, CountVectorizer, ElementwiseProduct, Normalizer
    from pyspark.ml.linalg import Vectors

    rows = spark.createDataFrame(list(enumerate(tokens)), "row int, tokens array<string>")
    counter = CountVectorizer(inputCol="tokens", outputCol="counts", vocabSize=_MOST_TERMS, minDF=1.0).fit(rows)
    counted = counter.transform(rows)
    idf = IDF(inputCol="counts", outputCol="weighted").fit(counted).idf.toArray() + 1
    weigh = ElementwiseProduct(scalingVec=Vectors.dense(idf), inputCol="counts", outputCol="scaled")
    unit = Normalizer(inputCol="scaled", outputCol="vector").transform(weigh.transform(counted))
    found = unit.select("row", "vector").orderBy("row").collect()
    starts = np.concatenate([[0], np.cumsum([len(row.vector.indices) for row in found])])
    columns = np.concatenate([row.vector.indices for row in found])
    values = np.concatenate([row.vector.values for row in found]).astype(np.float32)
    return csr_matrix((values, columns, starts), shape=(len(tokens), len(idf)))


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

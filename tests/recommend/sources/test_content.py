import numpy as np
from pyspark.sql import SparkSession

from shoplab.recommend.data.histories import of_users, prefixes
from shoplab.recommend.data.products import Product, Products, words_for
from shoplab.recommend.sources.base import Training
from shoplab.recommend.sources.content import Content, tf_idf, tokens_of
from shoplab.recommend.sources.content_spark import tf_idf_on_spark
from tests.recommend.logs import log_of

PRODUCTS = Products(
    (
        Product("1", "10", "electronics.smartphone", "xiaomi", 100.0),
        Product("2", "10", "electronics.smartphone", "xiaomi", 110.0),
        Product("3", "10", "electronics.smartphone", "apple", 900.0),
        Product("4", "20", "electronics.audio.headphone", "xiaomi", 20.0),
        Product("5", "30", "apparel.shoes", None, None),
        Product("6", None, None, None, None),
    )
)


def fitted() -> Content:
    return Content.fit(Training(log_of(products=PRODUCTS), np.empty(0, np.int16)))


def similarities(content: Content, product: int) -> list[float]:
    """Of whoever met this product alone to every product."""
    met = prefixes(log_of((None, f"{product + 1} {product + 1}"), products=PRODUCTS))[0]
    everything = np.arange(len(PRODUCTS))
    return content.similarity(met, np.zeros_like(everything), everything).tolist()


def test_closer_products_are_more_alike() -> None:
    content = fitted()
    itself, same, other_brand, other_category, shoes, unknown = similarities(content, 0)
    assert itself == np.float32(1) or abs(itself - 1) < 1e-6
    assert itself > same > other_brand > other_category > shoes >= unknown == 0


def test_equals_the_dense_cosine() -> None:
    content = fitted()
    dense = content.vectors.toarray()
    np.testing.assert_allclose(similarities(content, 3), dense @ dense[3], atol=1e-6)


def test_without_history_nothing_is_alike() -> None:
    content = fitted()
    nobody = of_users(log_of(products=PRODUCTS), np.array([-1]))
    assert content.similarity(nobody, np.zeros(6, dtype=np.int64), np.arange(6)).tolist() == [0.0] * 6


def test_words_for_a_product() -> None:
    assert words_for(PRODUCTS[0]) == "xiaomi smartphones"
    assert words_for(PRODUCTS[0], brand=False) == "smartphones"
    assert words_for(PRODUCTS[4]) == "shoes"
    assert words_for(PRODUCTS[5]) == "products"


def test_products_survive_saving() -> None:
    assert Products.from_arrow(PRODUCTS.to_arrow()) == PRODUCTS
    assert Products.from_arrow(Products(()).to_arrow()) == Products(())


def test_spark_and_scikit_learn_give_the_same(spark: SparkSession) -> None:
    """Their terms stand in different columns: so what products have in common is compared."""
    tokens = tokens_of(PRODUCTS)
    ours, theirs = tf_idf_on_spark(spark, tokens), tf_idf(tokens)
    assert ours.shape == theirs.shape
    np.testing.assert_allclose((ours @ ours.T).toarray(), (theirs @ theirs.T).toarray(), atol=1e-6)
    np.testing.assert_allclose(np.sort(ours.toarray(), axis=1), np.sort(theirs.toarray(), axis=1), atol=1e-6)
    assert tf_idf_on_spark(spark, tokens_of(Products((PRODUCTS[5],)))).shape == (1, 1)

import numpy as np
from pyspark.sql import SparkSession
from scipy.sparse import csr_matrix

from shoplab.recommend.catalogue import Catalogue, Product, words_for
from shoplab.recommend.content import Content, fit_content

CATALOGUE = Catalogue(
    (
        Product("1", "10", "electronics.smartphone", "xiaomi", 100.0),
        Product("2", "10", "electronics.smartphone", "xiaomi", 110.0),
        Product("3", "10", "electronics.smartphone", "apple", 900.0),
        Product("4", "20", "electronics.audio.headphone", "xiaomi", 20.0),
        Product("5", "30", "apparel.shoes", None, None),
        Product("6", None, None, None, None),
    )
)


def similarities(content: Content, product: int) -> list[float]:
    seen = csr_matrix(([1.0], ([0], [product])), shape=(1, len(CATALOGUE)))
    everything = np.arange(len(CATALOGUE))
    return content.similarity(content.profiles(seen), np.zeros_like(everything), everything).tolist()


def test_closer_products_are_more_alike() -> None:
    content = fit_content(CATALOGUE)
    itself, same, other_brand, other_category, shoes, unknown = similarities(content, 0)
    assert itself == np.float32(1) or abs(itself - 1) < 1e-6
    assert itself > same > other_brand > other_category > shoes >= unknown == 0


def test_equals_the_dense_cosine() -> None:
    content = fit_content(CATALOGUE)
    dense = content.vectors.toarray()
    np.testing.assert_allclose(similarities(content, 3), dense @ dense[3], atol=1e-6)


def test_without_history_nothing_is_alike() -> None:
    content = fit_content(CATALOGUE)
    nobody = content.profiles(csr_matrix((1, len(CATALOGUE))))
    assert content.similarity(nobody, np.zeros(6, dtype=np.int64), np.arange(6)).tolist() == [0.0] * 6


def test_words_for_a_product() -> None:
    assert words_for(CATALOGUE["1"]) == "xiaomi smartphones"
    assert words_for(CATALOGUE["1"], brand=False) == "smartphones"
    assert words_for(CATALOGUE["5"]) == "shoes"
    assert words_for(CATALOGUE["6"]) == "products"


def test_catalogue_survives_saving() -> None:
    assert Catalogue.from_arrow(CATALOGUE.to_arrow()) == CATALOGUE
    assert Catalogue.from_arrow(Catalogue(()).to_arrow()) == Catalogue(())


def test_spark_and_scikit_learn_give_the_same(spark: SparkSession) -> None:
    """Their terms stand in different columns: so what products have in common is compared."""
    ours, theirs = fit_content(CATALOGUE, spark).vectors, fit_content(CATALOGUE).vectors
    assert ours.shape == theirs.shape
    np.testing.assert_allclose((ours @ ours.T).toarray(), (theirs @ theirs.T).toarray(), atol=1e-6)
    np.testing.assert_allclose(np.sort(ours.toarray(), axis=1), np.sort(theirs.toarray(), axis=1), atol=1e-6)
    assert fit_content(Catalogue((CATALOGUE.products[5],)), spark).vectors.shape == (1, 1)

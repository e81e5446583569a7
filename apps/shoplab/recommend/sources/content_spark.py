"""TF-IDF by Spark ML: equal to `content.tf_idf`, but for the order of the terms."""

import numpy as np
from pyspark.sql import SparkSession
from scipy.sparse import csr_matrix

_MOST_TERMS = 1 << 20


def tf_idf_on_spark(spark: SparkSession, tokens: list[list[str]]) -> csr_matrix:
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

"""The segment model as a Spark ML pipeline, for jobs that know nothing of shoplab."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pyspark.sql import SparkSession

from shoplab.segments.kmeans import SegmentModel

if TYPE_CHECKING:
    from pyspark.ml import PipelineModel


def as_pipeline(model: SegmentModel, spark: SparkSession) -> "PipelineModel":
    """Features in SQL, VectorAssembler, KMeansModel: `transform` adds `segment` to a table with history's columns.

    PySpark has no way to make a KMeansModel of given centres, Java has: whichever engine fitted, this is what it gives.
    """
    from pyspark.ml import PipelineModel
    from pyspark.ml.clustering import KMeansModel
    from pyspark.ml.feature import SQLTransformer, VectorAssembler

    scaled = {f"{name}_scaled": text for name, text in model.scaling.sql().items()}
    columns = ", ".join(f"{text} AS {name}" for name, text in scaled.items())
    kmeans = KMeansModel(_java_model(model, spark)).setFeaturesCol("features").setPredictionCol("segment")
    return PipelineModel(
        [
            SQLTransformer(statement=f"SELECT *, {columns} FROM __THIS__"),
            VectorAssembler(inputCols=list(scaled), outputCol="features"),
            kmeans,
        ]
    )


def _java_model(model: SegmentModel, spark: SparkSession) -> Any:
    jvm: Any = spark._jvm
    mllib = jvm.org.apache.spark.mllib
    vectors = [mllib.linalg.Vectors.dense(_array(spark, jvm.double, centre)) for centre in model.centres]
    parent = mllib.clustering.KMeansModel(_array(spark, mllib.linalg.Vector, vectors))
    return jvm.org.apache.spark.ml.clustering.KMeansModel("shoplab-segments", parent)


def _array(spark: SparkSession, kind: Any, values: Sequence[Any]) -> Any:
    gateway: Any = spark.sparkContext._gateway
    array = gateway.new_array(kind, len(values))
    for i, value in enumerate(values):
        array[i] = value
    return array

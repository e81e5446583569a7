from pyspark.sql import SparkSession

from shoplab.core.frames import SparkCatalog
from shoplab.core.settings import Settings
from shoplab.recommend.job import train
from shoplab.rollback import roll_back_segments
from shoplab.segments.job import SegmentRequest, segment
from shoplab.streaming.models import Models


def test_newer_models_and_older_ones_are_taken_up_by_the_next_batch(live: Settings, spark: SparkSession) -> None:
    models, catalog = Models(), SparkCatalog(live, spark)
    older = _taken_up(models, catalog)
    train(catalog)
    segment(catalog, SegmentRequest(k=4))
    newer = _taken_up(models, catalog)
    assert newer[0] > older[0]
    assert [len(found) for found in (*older[1:], *newer[1:])] == [3, 3, 4, 4]
    catalog.rollback("models/recommender")
    roll_back_segments(catalog)
    assert _taken_up(models, catalog) == older


def _taken_up(models: Models, catalog: SparkCatalog) -> tuple[str, set[str], set[str]]:
    """The recommender's version, the segments of the model, and those whose sizes are counted."""
    models.refresh(catalog)
    assert models.recommender is not None
    assert models.segmentation is not None
    assert models._sizes is not None
    assert models._earlier.dtypes["last_purchase"] == "datetime64[ns, UTC]"
    return models.recommender.version, set(models.segmentation.kmeans.names), set(models._sizes._users)

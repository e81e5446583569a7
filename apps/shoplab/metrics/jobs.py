"""A batch job's points, written when the job is done. The job never fails for them."""

import logging
from collections.abc import Callable, Sequence

from shoplab.core.catalog import Catalog
from shoplab.core.settings import Settings
from shoplab.metrics.point import Point
from shoplab.metrics.spool import write_or_spool
from shoplab.metrics.store import open_store

log = logging.getLogger(__name__)


def write_job_points(settings: Settings, job: str, measure: Callable[[], Sequence[Point]]) -> None:
    """Measures and writes. Points that the store cannot take now wait in the job's own spool for its next run."""
    try:
        catalog = Catalog(settings)
        store = open_store(settings)
        try:
            write_or_spool(store, catalog.storage, catalog.path("temp", f"metrics-spool-{job}"), measure())
        finally:
            store.close()
    except Exception as error:  # whatever it is: what the job made is published, and stays so
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
        log.warning("the job is done, but not its metrics: %s; run ./lab %s again to write them", reason, job)

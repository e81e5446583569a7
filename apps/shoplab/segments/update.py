"""Last month's segments on this month's users: the same segments, moved on, and how far they moved."""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from shoplab.core.errors import LabError
from shoplab.core.frames import SparkCatalog, kept
from shoplab.segments import clustering, drift
from shoplab.segments.kmeans import SegmentModel
from shoplab.segments.model import Segmentation, is_robot, read_segments
from shoplab.segments.period import Period, history_in
from shoplab.segments.summary import SegmentSummary


@dataclass(frozen=True)
class Earlier:
    """The version that an update goes on from."""

    version: str
    as_of: dt.date
    shares: dict[str, float]
    model: Segmentation
    rows: DataFrame


def earlier_version(catalog: SparkCatalog, model: Segmentation) -> Earlier:
    """The published one."""
    manifest = catalog.manifest("segments")
    shares = {row["name"]: row["share"] for row in manifest["segments"]}
    day = dt.date.fromisoformat(manifest["as_of"])
    return Earlier(manifest["version"], day, shares, model, read_segments(catalog))


def report_update(
    catalog: SparkCatalog, earlier: Earlier, moved: SegmentModel, segmented: DataFrame, summary: SegmentSummary
) -> dict[str, Any]:
    """What the manifest says under "update". Users seen since the earlier version's day are compared: with what they
    were (migration, adjusted Rand index), and their behaviour since with what the segments were fitted on (psi).
    """
    since = earlier.as_of + dt.timedelta(days=1)
    active = segmented.where(F.col("last_seen") >= F.lit(since))
    moves = drift.migration(earlier.rows, active, list(moved.names))
    now = {row.name: row.share for row in summary.segments}
    with _lately(catalog, Period(since, dt.date.fromisoformat(summary.as_of)), segmented) as lately:
        stability = drift.psi(earlier.model.bins, moved.scaling, lately)
    names = [name for name in moved.names if name in earlier.shares]
    stability["segments"] = drift.index_of([earlier.shares[name] for name in names], [now[name] for name in names])
    before, after = _silhouettes(earlier.model.kmeans, moved, segmented)
    ari = moves.ari()
    advice = _advice(stability, ari)
    return {
        "from_version": earlier.version,
        "from_as_of": str(earlier.as_of),
        "shared_users": moves.shared,
        "newcomers": segmented.join(earlier.rows.select("user_id"), on="user_id", how="left_anti").count(),
        "migration": {"names": moves.names, "users": moves.users},
        "ari": ari,
        "psi": stability,
        "silhouette": {"before": before, "after": after},
        "size_change": drift.size_change(earlier.shares, now),
        "drift": advice is not None,
        "advice": advice,
    }


@contextmanager
def _lately(catalog: SparkCatalog, period: Period, segmented: DataFrame) -> Iterator[DataFrame]:
    """The behaviour since the earlier version; of all users where nothing is newer."""
    try:
        rows = history_in(catalog, period).where(~is_robot())
    except LabError:
        yield segmented
        return
    with kept(rows) as lately:
        yield lately


def _silhouettes(before: SegmentModel, after: SegmentModel, history: DataFrame) -> tuple[float | None, float | None]:
    sample = clustering.sample_of(history.where(~is_robot()).select(*after.scaling.columns()), after.seed)
    first, second = (
        clustering.silhouette(sample, clustering.labels(sample, model.matrix), after.seed) for model in (before, after)
    )
    return first, second


def _advice(psi: dict[str, float], ari: float | None) -> str | None:
    """None where the segments still fit."""
    signs = [
        f"{name} has PSI {value:.2f} (over {drift.MOST_PSI})" for name, value in psi.items() if value > drift.MOST_PSI
    ]
    if ari is not None and ari < drift.LEAST_ARI:
        signs.append(f"the adjusted Rand index with the earlier segments is {ari:.2f} (under {drift.LEAST_ARI})")
    return f"the segments drifted: {'; '.join(signs)}; fit them anew: ./lab segment" if signs else None

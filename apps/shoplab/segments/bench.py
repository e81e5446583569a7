"""Measures the segments on made-up shops whose users' profiles are known."""

import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pyspark.sql import DataFrame, SparkSession

from shoplab.behaviour.products import products
from shoplab.behaviour.users import users_of
from shoplab.core.frames import kept
from shoplab.core.settings import Settings
from shoplab.events import clean
from shoplab.events.generator import generate
from shoplab.events.rows_spark import read_staged, staged
from shoplab.events.sources import inspect
from shoplab.segments.history import user_history
from shoplab.segments.kmeans import EngineName, SegmentModel, apply_segments, fit_segments

MONTH = "2019-10"
ENGINES: tuple[EngineName, ...] = ("scikit-learn", "spark")
FREQUENT = 5  # sessions: less says little of a habit


@dataclass(frozen=True)
class SegmentFigures:
    """One shop, one engine. ari: adjusted Rand index of segments and planted profiles over all users, ari_frequent:
    over those with 5 sessions or more. inertia_ratio: to that of scikit-learn's best of 10 starts with the same k.
    names_agree: how many of `fits` with other seeds gave the same names.
    """

    shop: int
    engine: str
    users: int
    k: int
    ari: float
    ari_frequent: float
    inertia_ratio: float
    names_agree: int
    fits: int
    seconds: float

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def measure(spark: SparkSession, events: int, shops: int, fits: int) -> Iterator[SegmentFigures]:
    """Makes so many shops with so many October events each, and segments each of them by both engines."""
    for shop in range(1, shops + 1):
        with tempfile.TemporaryDirectory(prefix="shoplab-bench-") as folder:
            rows, truth = _shop(spark, Path(folder), events, shop)
            with kept(rows) as history:
                history.count()  # no engine's time
                for engine in ENGINES:
                    yield _measure(history, truth, shop, engine, fits)


def _shop(spark: SparkSession, folder: Path, events: int, seed: int) -> tuple[DataFrame, "pd.Series[str]"]:
    generate(folder / "events.parquet", MONTH, events, seed, folder / "truth.csv")
    source = inspect(folder / "events.parquet")
    rows = read_staged(spark, [path.as_uri() for path, _ in staged(source, folder)], source)
    clicks = clean.good(clean.typed(rows, source.mapping, Settings().days))
    history = user_history(users_of(clicks, products(clicks)))
    return history, pd.read_csv(folder / "truth.csv", dtype=str).set_index("user_id")["profile"]


def _measure(history: DataFrame, truth: "pd.Series[str]", shop: int, engine: EngineName, fits: int) -> SegmentFigures:
    from sklearn.metrics import adjusted_rand_score

    started = time.monotonic()
    model = fit_segments(history, engine=engine)
    seconds = time.monotonic() - started
    found = apply_segments(model, history).select("user_id", "segment", "distance", "sessions").toPandas()
    planted = truth.reindex(found["user_id"]).to_numpy()
    often = (found["sessions"] >= FREQUENT).to_numpy()
    again = [fit_segments(history, model.k, engine, seed).names for seed in range(1, fits + 1)]
    return SegmentFigures(
        shop=shop,
        engine=engine,
        users=len(found),
        k=model.k,
        ari=float(adjusted_rand_score(planted, found["segment"])),
        ari_frequent=float(adjusted_rand_score(planted[often], found["segment"][often])),
        inertia_ratio=float((found["distance"] ** 2).sum()) / _best_inertia(model, history),
        names_agree=sum(names == model.names for names in again),
        fits=fits,
        seconds=round(seconds, 1),
    )


def _best_inertia(model: SegmentModel, history: DataFrame) -> float:
    from sklearn.cluster import KMeans

    rows = history.select(*model.scaling.columns()).toPandas().to_numpy(dtype=np.float64)
    return float(KMeans(model.k, n_init=10, random_state=1).fit(rows).inertia_)

"""A version's files on HDFS: written, checked, read. What this code can't read is named before anything is loaded."""

import io
from contextlib import suppress
from dataclasses import asdict
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from shoplab.core.catalog import Catalog, version_of
from shoplab.core.errors import LabError
from shoplab.core.storage import Storage
from shoplab.core.vocabulary import BY_NAME
from shoplab.recommend.data.feedback import Feedback
from shoplab.recommend.data.products import Products
from shoplab.recommend.data.shoppers import Shoppers
from shoplab.recommend.model.als_files import load_factors, save_factors
from shoplab.recommend.model.before import with_defaults
from shoplab.recommend.model.recommender import Recommender
from shoplab.recommend.ranking.blend import FixedBlend, LearnedBlend
from shoplab.recommend.ranking.candidates import Finder
from shoplab.recommend.ranking.features import Columns, reordered
from shoplab.recommend.ranking.ranker import Ranker
from shoplab.recommend.ranking.trees import Trees
from shoplab.recommend.sources import SOURCES, Source
from shoplab.recommend.sources.als import Als, Factors
from shoplab.recommend.sources.base import Arrays

DATASET = "models/recommender"
_TREES, _DISCOVERY = "trees.npz", "discovery.npz"


class UnreadableModel(LabError):
    """A model of another version of this code."""


def save(model: Recommender, storage: Storage, path: str) -> None:
    """Writes the model below path: als/ (what Spark's ALSModel.load reads), sources/NAME.npz, trees.npz, discovery.npz
    (trees too), products and users as Parquet, model.json.
    """
    ranker = model.ranker
    save_factors(storage, f"{path}/als", model.factors.user_factors, model.factors.item_factors)
    for source in ranker.finder.sources:
        if not isinstance(source, Als):
            storage.write(_file(path, source.name), to_npz(source.arrays()))
    for blend, name in ((ranker.learned, _TREES), (ranker.discovery, _DISCOVERY)):
        if blend:
            storage.write(f"{path}/{name}", to_npz(blend.trees.arrays()))
    storage.write(f"{path}/products.parquet", to_parquet(model.products.to_arrow()))
    storage.write(f"{path}/users.parquet", to_parquet(model.shoppers.to_arrow()))
    storage.write(f"{path}/durable.npz", to_npz({"durable": ranker.finder.durable}))
    facts = {
        "sources": list(ranker.finder.names), "columns": list(ranker.finder.columns.names),
        "feedback": model.feedback.as_dict(), "fixed": asdict(ranker.fixed), "learned": ranker.learned is not None,
        "discovery": ranker.discovery is not None, "validation": ranker.validation,
        "validation_of_new": ranker.validation_of_new, "segments": list(model.segment_names),
        "engine": model.factors.engine, "until": model.until, "most_of_category": ranker.most_of_category,
    }  # fmt: skip
    storage.write_json(f"{path}/model.json", facts)


def readable(catalog: Catalog) -> tuple[str, str]:
    """Path of the published version, or, where this code can't read that, of the newest one before it that it can read;
    and then what is wrong with the published one, else "". LabError where there is none at all.
    """
    current = catalog.current(DATASET)
    try:
        check(catalog.storage, current)
        return current, ""
    except UnreadableModel as error:
        problem = error
    for version in reversed(catalog.promoted_before(DATASET, version_of(current))):
        path = catalog.path(DATASET, f"version={version}")
        with suppress(UnreadableModel):
            check(catalog.storage, path)
            return path, f"{problem}; until then {version} goes on"
    raise problem


def check(storage: Storage, path: str) -> None:
    """UnreadableModel for a version that `load` would refuse. Reads one small file."""
    _known(with_defaults(storage.read_json(f"{path}/model.json")), version_of(path))


def load(storage: Storage, path: str) -> Recommender:
    """Reads what `save` wrote. The version is the directory's ("version=..."). UnreadableModel, before anything large
    is read, where this code lacks a source, feature or event type that the model knows.
    """
    version = version_of(path)
    facts = with_defaults(storage.read_json(f"{path}/model.json"))
    kinds, places = _known(facts, version)
    products = Products.from_arrow(from_parquet(storage.read(f"{path}/products.parquet")))
    shoppers = Shoppers.from_arrow(from_parquet(storage.read(f"{path}/users.parquet")))
    sources = tuple(_load_source(storage, path, kind, facts["engine"]) for kind in kinds)
    finder = Finder(products, sources, from_npz(storage.read(f"{path}/durable.npz"))["durable"])
    learned, discovery = (
        LearnedBlend(Trees.of(from_npz(storage.read(f"{path}/{name}"))).on(places)) if there else None
        for name, there in ((_TREES, facts["learned"]), (_DISCOVERY, facts["discovery"]))
    )
    ranker = Ranker(
        finder, FixedBlend(**facts["fixed"]), learned, facts["validation"], most_of_category=facts["most_of_category"],
        discovery=discovery, validation_of_new=facts["validation_of_new"],
    )  # fmt: skip
    pa.default_memory_pool().release_unused()  # what reading took, 30 MB, a small container's Python has no use for
    feedback = Feedback.of(facts["feedback"])
    return Recommender(products, shoppers, ranker, tuple(facts["segments"]), facts["until"], version, feedback)


def load_current(catalog: Catalog) -> Recommender:
    """The `readable` version. LabError with the command that makes one, where there is none."""
    return load(catalog.storage, readable(catalog)[0])


def _known(facts: dict[str, Any], version: str) -> tuple[list[type[Source]], list[int]]:
    """The model's sources, and per column of this code its place among the model's."""
    by_name = {kind.name: kind for kind in SOURCES}
    try:
        for name in (*facts["sources"], *facts["feedback"]):
            if name not in by_name and name not in BY_NAME:
                raise ValueError(f"{name!r} is gone")
        kinds = [by_name[name] for name in facts["sources"]]
        return kinds, reordered(facts["columns"], Columns(tuple(kinds)).names)
    except (ValueError, KeyError) as error:
        raise UnreadableModel(
            f"recommender {version} was made by another version of the lab and can't be read ({error}); make a new one:"
            " ./lab train, or go back to one that works: ./lab rollback"
        ) from None


def _load_source(storage: Storage, path: str, kind: type[Source], engine: str) -> Source:
    if kind is Als:
        return Als(Factors(*load_factors(storage, f"{path}/als"), engine))
    return kind.of(from_npz(storage.read(_file(path, kind.name))))


def _file(path: str, source: str) -> str:
    return f"{path}/sources/{source.replace(' ', '-')}.npz"


def to_npz(arrays: Arrays) -> bytes:
    """Arrays as one file."""
    sink = io.BytesIO()
    np.savez(sink, **arrays)  # type: ignore[arg-type]
    return sink.getvalue()


def from_npz(data: bytes) -> Arrays:
    """What `to_npz` made."""
    with np.load(io.BytesIO(data), allow_pickle=False) as stored:
        return dict(stored)


def to_parquet(table: pa.Table) -> bytes:
    """A small table as one file."""
    sink = io.BytesIO()
    pq.write_table(table, sink, compression="zstd")
    return sink.getvalue()


def from_parquet(data: bytes) -> Any:
    """What `to_parquet` made."""
    return pq.read_table(io.BytesIO(data))

"""A version's files on HDFS."""

import io
from dataclasses import asdict
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from shoplab.recommend.als import Factors
from shoplab.recommend.als_files import load_factors, save_factors
from shoplab.recommend.blend import Fixed, Learned
from shoplab.recommend.candidates import Finder
from shoplab.recommend.catalogue import Catalogue
from shoplab.recommend.recommender import Recommender
from shoplab.recommend.shoppers import Shoppers
from shoplab.recommend.sources import SOURCES, Source
from shoplab.recommend.sources.base import Arrays
from shoplab.recommend.sources.latent import Latent
from shoplab.recommend.trained import Trained
from shoplab.recommend.trees import Trees
from shoplab.storage import Storage


def save(model: Recommender, storage: Storage, path: str) -> None:
    """Writes the model below path: als/ (what Spark's ALSModel.load reads), sources/NAME.npz, trees.npz, products and
    users as Parquet, model.json.
    """
    trained = model.trained
    save_factors(storage, f"{path}/als", model.factors.user_factors, model.factors.item_factors)
    for source in trained.finder.sources:
        if not isinstance(source, Latent):
            storage.write(_file(path, source), _to_npz(source.arrays()))
    if trained.learned:
        storage.write(f"{path}/trees.npz", _to_npz(trained.learned.trees.arrays()))
    storage.write(f"{path}/products.parquet", _to_parquet(model.catalogue.to_arrow()))
    storage.write(f"{path}/users.parquet", _to_parquet(model.shoppers.to_arrow()))
    storage.write(f"{path}/durable.npz", _to_npz({"durable": trained.finder.durable}))
    facts = {"fixed": asdict(trained.fixed), "learned": trained.learned is not None, "validation": trained.validation,
             "segments": list(model.segment_names), "engine": model.factors.engine, "until": model.until,
             "most_of_category": trained.most_of_category}  # fmt: skip
    storage.write_json(f"{path}/model.json", facts)


def load(storage: Storage, path: str) -> Recommender:
    """Reads what `save` wrote. The version is the directory's ("version=...")."""
    facts = storage.read_json(f"{path}/model.json")
    catalogue = Catalogue.from_arrow(_from_parquet(storage.read(f"{path}/products.parquet")))
    shoppers = Shoppers.from_arrow(_from_parquet(storage.read(f"{path}/users.parquet")))
    factors = Factors([], [], *load_factors(storage, f"{path}/als"), facts["engine"])
    sources = tuple(
        Latent(factors) if kind is Latent else kind.of(_from_npz(storage.read(_file(path, kind)))) for kind in SOURCES
    )
    finder = Finder(catalogue, sources, _from_npz(storage.read(f"{path}/durable.npz"))["durable"])
    learned = Learned(Trees.of(_from_npz(storage.read(f"{path}/trees.npz")))) if facts["learned"] else None
    most = facts["most_of_category"]
    trained = Trained(finder, Fixed(**facts["fixed"]), learned, facts["validation"], most_of_category=most)
    pa.default_memory_pool().release_unused()  # what reading took, 30 MB, a small container's Python has no use for
    version = path.rsplit("=", 1)[-1]
    return Recommender(catalogue, shoppers, trained, tuple(facts["segments"]), facts["until"], version)


def _file(path: str, source: Source | type[Source]) -> str:
    return f"{path}/sources/{source.name.replace(' ', '-')}.npz"


def _to_npz(arrays: Arrays) -> bytes:
    sink = io.BytesIO()
    np.savez(sink, **arrays)  # type: ignore[arg-type]
    return sink.getvalue()


def _from_npz(data: bytes) -> Arrays:
    with np.load(io.BytesIO(data), allow_pickle=False) as stored:
        return dict(stored)


def _to_parquet(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink, compression="zstd")
    return sink.getvalue()


def _from_parquet(data: bytes) -> Any:
    return pq.read_table(io.BytesIO(data))

"""Increments on HDFS: written whole, then the pointer moves; the newest few stay, to go back to."""

import logging
from typing import NamedTuple
from zipfile import BadZipFile

from shoplab.core.catalog import Catalog
from shoplab.core.errors import LabError, ServiceError
from shoplab.recommend.data.products import Products
from shoplab.recommend.model.files import from_npz, from_parquet, to_npz, to_parquet
from shoplab.recommend.model.increment import Increment, apply
from shoplab.recommend.model.recommender import Recommender
from shoplab.recommend.sources.base import packed, unpacked

DATASET = "models/increments"
KEPT = 5  # of a version
_FORMAT = 1

log = logging.getLogger(__name__)


class Pointer(NamedTuple):
    """The increment in use: of which version, and its number; 0: none."""

    base: str
    number: int


class Increments:
    """Those of a lab: base=VERSION/number=N/{products.parquet, increment.npz, increment.json}, and CURRENT."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog, self._storage = catalog, catalog.storage

    def publish(self, increment: Increment) -> None:
        """Writes it, then points to it. Deletes what is older than the newest KEPT, and increments of other versions
        than its own.
        """
        folder = self._folder(increment.base, increment.number)
        arrays = {name: part for kind in ("demand", "pairs", "firm")
                  for name, part in packed(kind, getattr(increment, kind)).items()}  # fmt: skip
        self._storage.write(f"{folder}/increment.npz", to_npz(arrays | {"factors": increment.factors}))
        self._storage.write(f"{folder}/products.parquet", to_parquet(Products(increment.new).to_arrow()))
        facts = {"until": increment.until, "batch": increment.batch, "new": len(increment.new), "format": _FORMAT}
        self._storage.write_json(f"{folder}/increment.json", facts)
        self.point(increment.base, increment.number)
        self._prune(increment.base)

    def point(self, base: str, number: int) -> None:
        """From now on this one is in use; 0: none, the model as it was trained."""
        self._storage.write_json(self._catalog.path(DATASET, "CURRENT"), {"base": base, "number": number})

    def current(self) -> Pointer | None:
        """None before the first."""
        path = self._catalog.path(DATASET, "CURRENT")
        if not self._storage.exists(path):
            return None
        said = self._storage.read_json(path)
        return Pointer(said["base"], said["number"])

    def newest(self, base: str) -> int:
        """The highest number there is of a version, also where it was withdrawn; 0 for none."""
        names = self._storage.names(self._catalog.path(DATASET, f"base={base}"))
        return max((int(name.rsplit("=", 1)[-1]) for name in names), default=0)

    def load(self, base: str, number: int) -> Increment | None:
        """None for one that this code can't read, which the log then says."""
        try:
            return self._load(base, number)
        except ServiceError:  # HDFS is away: it is asked again
            raise
        except (LabError, KeyError, ValueError, TypeError, BadZipFile) as error:
            log.warning("increment %s+%d can't be read (%s); the model goes on without", base, number, error)
            return None

    def _load(self, base: str, number: int) -> Increment:
        folder = self._folder(base, number)
        facts = self._storage.read_json(f"{folder}/increment.json")
        if facts["format"] != _FORMAT:
            raise ValueError("it is of another version of the lab")
        arrays = from_npz(self._storage.read(f"{folder}/increment.npz"))
        table = from_parquet(self._storage.read(f"{folder}/products.parquet"))
        new = Products.from_arrow(table, in_order=True).rows
        demand, pairs, firm = (unpacked(kind, arrays) for kind in ("demand", "pairs", "firm"))
        return Increment(base, number, facts["until"], facts["batch"], new, demand, pairs, firm, arrays["factors"])

    def of(self, recommender: Recommender) -> Increment | None:
        """The one in use, if it is one of this version."""
        pointer = self.current()
        if pointer is None or pointer.base != recommender.version or not pointer.number:
            return None
        return self.load(*pointer)

    def grown(self, recommender: Recommender) -> Recommender:
        """With the increment in use; as it is where there is none, or none that can be read."""
        increment = self.of(recommender)
        return apply(recommender, increment) if increment else recommender

    def _folder(self, base: str, number: int) -> str:
        return self._catalog.path(DATASET, f"base={base}", f"number={number:010}")

    def _prune(self, base: str) -> None:
        self._catalog.prune(f"{DATASET}/base={base}", KEPT)
        for name in self._storage.names(self._catalog.path(DATASET)):
            if name.startswith("base=") and name != f"base={base}":
                self._storage.delete(self._catalog.path(DATASET, name))

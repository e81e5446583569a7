"""A model as a folder of arrays on this machine: made once from what HDFS holds, mapped by all that serve."""

import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import orjson
from numpy.typing import NDArray

from shoplab.recommend.compiled import CODE
from shoplab.recommend.data.feedback import Feedback
from shoplab.recommend.data.products import Product, Products
from shoplab.recommend.data.shoppers import Shoppers
from shoplab.recommend.fast import folder as files
from shoplab.recommend.fast.flat import Flat, flatten
from shoplab.recommend.fast.ids import Ids
from shoplab.recommend.model.recommender import Recommender
from shoplab.recommend.sources.base import Source

_FACTS = "facts.json"  # written last: a folder without it is not whole


class Catalogue(NamedTuple):
    """Products by their ids. shown: JSON of each, shown[starts[i]:starts[i + 1]]."""

    ids: Ids
    starts: NDArray[np.int64]
    shown: NDArray[np.uint8]

    def shown_as(self, row: int) -> bytes:
        """Product's fields but category_id, without the braces: a part of a JSON object."""
        return self.shown[self.starts[row] : self.starts[row + 1]].tobytes()

    def product(self, row: int) -> Product:
        fields = orjson.loads(b"{%b}" % self.shown_as(row))
        return Product(fields["product_id"], None, fields["category_code"], fields["brand"], fields["price"])


class Users(NamedTuple):
    """`Shoppers` by their ids."""

    ids: Ids
    segments: NDArray[np.int16]
    starts: NDArray[np.int64]
    items: NDArray[np.int32]
    kinds: NDArray[np.int8]


class Parts(NamedTuple):
    flat: Flat
    catalogue: Catalogue
    users: Users


@dataclass(frozen=True)
class Bundle:
    """until: unix seconds of the newest event that the model was trained on."""

    parts: Parts
    version: str
    increment: int
    until: float
    segment_names: tuple[str, ...]
    feedback: Feedback


def write(model: Recommender, folder: Path) -> Recommender:
    """Makes the folder. Returns the model with its arrays mapped from there, and without its users."""
    folder.mkdir(parents=True)
    users = _users(model.shoppers)
    for number, source in enumerate(model.ranker.finder.sources):
        for name, array in source.arrays().items():
            files.save(folder / f"source{number}.{name}.npy", array)
    lean = _lean(model, folder)
    files.write(folder, Parts(flatten(lean), _catalogue(lean.products), users))
    _write_facts(lean, folder)
    return lean


def write_grown(model: Recommender, folder: Path, base: Path) -> None:
    """Of a model that learned on from the base's: its users are the same files."""
    folder.mkdir(parents=True)
    users = files.read(base, Parts).users
    same = {name: base / f"{name}.npy" for name in _names(base) if name.startswith(("users.", "flat.vectors.users"))}
    files.write(folder, Parts(flatten(model), _catalogue(model.products), users), same)
    _write_facts(model, folder)


def read(folder: Path) -> Bundle:
    """Raises OSError, EOFError, ValueError or KeyError for a folder that is not whole, or of another version."""
    facts = orjson.loads((folder / _FACTS).read_bytes())
    if facts["code"] != CODE:
        raise ValueError("it is of another version of the lab")
    return Bundle(
        files.read(folder, Parts), facts["version"], facts["increment"], facts["until"],
        tuple(facts["segments"]), Feedback.of(facts["feedback"]),
    )  # fmt: skip


def is_whole(folder: Path) -> bool:
    try:
        return bool(orjson.loads((folder / _FACTS).read_bytes())["code"] == CODE)
    except (OSError, ValueError, KeyError):
        return False


def remove(folder: Path) -> None:
    """Who has it mapped goes on."""
    shutil.rmtree(folder, ignore_errors=True)


def _write_facts(model: Recommender, folder: Path) -> None:
    facts: dict[str, Any] = {
        "code": CODE, "version": model.version, "increment": model.increment, "until": model.until,
        "segments": list(model.segment_names), "feedback": model.feedback.as_dict(),
    }  # fmt: skip
    (folder / _FACTS).write_bytes(orjson.dumps(facts))


def _names(folder: Path) -> list[str]:
    return [file.name.removesuffix(".npy") for file in folder.glob("*.npy")]


def _lean(model: Recommender, folder: Path) -> Recommender:
    """The sources' arrays are mapped from the folder: an increment needs them, its copies would double the model."""
    sources = tuple(_mapped(source, folder, number) for number, source in enumerate(model.ranker.finder.sources))
    none = Shoppers((), np.empty(0, np.int16), np.zeros(1, np.int64), np.empty(0, np.int32), np.empty(0, np.int8))
    ranker = replace(model.ranker, finder=replace(model.ranker.finder, sources=sources))
    return replace(model, shoppers=none, ranker=ranker)


def _mapped(source: Source, folder: Path, number: int) -> Source:
    return source.of({name: files.mapped(folder / f"source{number}.{name}.npy") for name in source.arrays()})


def _catalogue(products: Products) -> Catalogue:
    shown = [_shown(product) for product in products.rows]
    starts = np.concatenate([[0], np.cumsum(np.fromiter(map(len, shown), np.int64, len(shown)))])
    return Catalogue(Ids.of(products.ids), starts, np.frombuffer(b"".join(shown), np.uint8))


def _shown(product: Product) -> bytes:
    return orjson.dumps({"product_id": product.product_id, "category_code": product.category_code,
                         "brand": product.brand, "price": product.price})[1:-1]  # fmt: skip


def _users(shoppers: Shoppers) -> Users:
    return Users(Ids.of(shoppers.ids), shoppers.segments, shoppers.starts, shoppers.items, shoppers.kinds)

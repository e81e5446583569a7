"""The hybrid: candidates from every source, one blended score, and the reason for each recommendation."""

import io
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from shoplab.recommend.als import Factors, Floats, fold_in
from shoplab.recommend.als_files import load_factors, save_factors
from shoplab.recommend.catalogue import Catalogue, Product
from shoplab.recommend.content import Content
from shoplab.recommend.popularity import Popularity
from shoplab.recommend.reasons import Reasons
from shoplab.recommend.shelves import best_of_each
from shoplab.recommend.shoppers import Shoppers
from shoplab.recommend.visits import UserContext, Visits, read_visits
from shoplab.storage import Storage

Ints = NDArray[np.int64]

_CHUNK = 256  # users ranked at once: bounds memory at users x products scores
_FROM_ALS, _FROM_SHELF, _FROM_CATEGORY, _SEEDS = 100, 15, 25, 5


@dataclass(frozen=True)
class Weights:
    """score = collaborative * c + content * t + segment * s, where c, t and s lie in [0, 1]."""

    collaborative: float = 0.5
    content: float = 0.3
    segment: float = 0.2


class Recommendation(NamedTuple):
    """One product for one user; collaborative, content and segment add up to score."""

    product_id: str
    score: float
    collaborative: float
    content: float
    segment: float
    why: str


@dataclass(frozen=True)
class Ranked:
    """Flat (owner, item) pairs sorted by owner, best first; parts: weighted contributions, shape (pairs, 3)."""

    owners: Ints
    items: Ints
    parts: Floats


@dataclass(frozen=True)
class Recommender:
    """A trained model. Row i of the factors, the TF-IDF vectors and the popularity belongs to catalogue.products[i]."""

    catalogue: Catalogue
    shoppers: Shoppers
    factors: Factors
    content: Content
    popularity: Popularity
    weights: Weights = Weights()
    version: str = ""

    def recommend(self, users: Sequence[UserContext], k: int = 10) -> list[list[Recommendation]]:
        """Up to k products per user, best first, none that the user bought; fewer only where the catalogue has no more.

        Newcomers are folded in after the first click; without events they get what is popular in their segment or shop.
        """
        answers: list[list[Recommendation]] = []
        for start in range(0, len(users), _CHUNK):
            visits = read_visits(users[start : start + _CHUNK], self.shoppers, self.catalogue)
            answers += self._answers(visits, self._rank(visits, k))
        return answers

    def product(self, product_id: str) -> Product | None:
        """What to show for a product, None for one the model doesn't know."""
        return self.catalogue[product_id] if product_id in self.catalogue.index else None

    def knows(self, user_id: str) -> bool:
        """Whether the model was trained on the user's events."""
        return user_id in self.shoppers.index

    # Ranking

    def _rank(self, visits: Visits, k: int) -> Ranked:
        vectors, rows = self._user_vectors(visits), self._popularity_rows(visits)
        owners, items = self._candidates(visits, vectors, rows)
        liked = np.einsum("ij,ij->i", vectors[owners], self.factors.item_factors[items])
        alike = self.content.similarity(self.content.profiles(visits.interest(len(self.catalogue))), owners, items)
        wanted = self.popularity.scores[rows[owners], items]
        parts = np.stack([_to_unit(liked, owners), _to_unit(alike, owners), _to_unit(wanted, owners)], axis=1)
        parts *= np.array(list(asdict(self.weights).values()), dtype=np.float32)
        order = np.lexsort((items, -parts.sum(axis=1), owners))
        place = np.arange(len(owners)) - np.searchsorted(owners, owners)
        best = order[place < k]
        return Ranked(owners[best], items[best], parts[best])

    def _user_vectors(self, visits: Visits) -> Floats:
        """Trained vectors; for users with live events, newcomers too, folded in from what they met; else zeros."""
        vectors = np.zeros((len(visits), self.factors.rank), dtype=np.float32)
        trained = (visits.known >= 0) & ~visits.live
        vectors[trained] = self.factors.user_factors[visits.known[trained]]
        if visits.live.any():
            vectors[visits.live] = fold_in(self.factors, visits.feedback(len(self.catalogue))[visits.live])
        return vectors

    def _popularity_rows(self, visits: Visits) -> Ints:
        return np.array([self.popularity.row(segment) for segment in visits.segments], dtype=np.int64)

    def _candidates(self, visits: Visits, vectors: Floats, rows: Ints) -> tuple[Ints, Ints]:
        """Distinct (owner, item) pairs, sorted by owner, without what the owner bought."""
        everyone = np.arange(len(visits))
        seeds = visits.ages < _SEEDS
        seed_owners, seed_items = visits.owners[seeds], visits.items[seeds]
        with_taste = np.flatnonzero(vectors.any(axis=1))
        sources = [
            (with_taste, self._nearest(vectors[with_taste])),
            (seed_owners, self._shelf[self.catalogue.shelf_codes[seed_items]]),
            (seed_owners, self._category[self.catalogue.category_codes[seed_items]]),
            (visits.owners, visits.items[:, None]),
            (everyone, self.popularity.top[rows]),
            (everyone, np.broadcast_to(self.popularity.top[-1], (len(visits), self.popularity.top.shape[1]))),
        ]
        size = len(self.catalogue)
        keys = np.concatenate([(owners[:, None] * size + items)[items >= 0] for owners, items in sources])
        bought = visits.bought[0] * size + visits.bought[1]
        left = np.setdiff1d(keys, bought)
        return left // size, left % size

    def _nearest(self, vectors: Floats) -> Ints:
        from implicit.cpu.topk import topk

        count = min(_FROM_ALS, len(self.catalogue))
        ids: Ints = topk(self.factors.item_factors, vectors, count)[0].astype(np.int64)
        return ids

    @cached_property
    def _shelf(self) -> Ints:
        return best_of_each(self.catalogue.shelf_codes, self.popularity.scores[-1], _FROM_SHELF)

    @cached_property
    def _category(self) -> Ints:
        return best_of_each(self.catalogue.category_codes, self.popularity.scores[-1], _FROM_CATEGORY)

    # Answers

    def _answers(self, visits: Visits, ranked: Ranked) -> list[list[Recommendation]]:
        reasons = Reasons(self.catalogue, self.popularity, visits)
        answers: list[list[Recommendation]] = [[] for _ in range(len(visits))]
        for owner, item, parts in zip(
            ranked.owners.tolist(), ranked.items.tolist(), ranked.parts.tolist(), strict=True
        ):
            why = reasons.why(owner, item, parts)
            product_id = self.catalogue.products[item].product_id
            collaborative, content, segment = parts
            answers[owner].append(Recommendation(product_id, sum(parts), collaborative, content, segment, why))
        return answers

    # Files

    def save(self, storage: Storage, path: str) -> None:
        """Writes the model below path; als/ is what Spark's ALSModel.load reads."""
        save_factors(storage, f"{path}/als", self.factors.user_factors, self.factors.item_factors)
        storage.write(f"{path}/products.parquet", _to_parquet(self.catalogue.to_arrow()))
        storage.write(f"{path}/users.parquet", _to_parquet(self.shoppers.to_arrow()))
        storage.write(f"{path}/content.npz", self.content.to_bytes())
        storage.write(f"{path}/popularity.npy", _to_npy(self.popularity.scores))
        names = dict(zip(map(str, self.popularity.segments), self.popularity.names, strict=True))
        facts = {"weights": asdict(self.weights), "segments": names, "engine": self.factors.engine}
        storage.write_json(f"{path}/model.json", facts)

    @classmethod
    def load(cls, storage: Storage, path: str) -> "Recommender":
        """Reads what `save` wrote. The version is the directory's ("version=...")."""
        facts = storage.read_json(f"{path}/model.json")
        catalogue = Catalogue.from_arrow(_from_parquet(storage.read(f"{path}/products.parquet")))
        shoppers = Shoppers.from_arrow(_from_parquet(storage.read(f"{path}/users.parquet")))
        item_ids = [product.product_id for product in catalogue.products]
        factors = Factors(list(shoppers.ids), item_ids, *load_factors(storage, f"{path}/als"), facts["engine"])
        scores = np.load(io.BytesIO(storage.read(f"{path}/popularity.npy")))
        names = {int(segment): name for segment, name in facts["segments"].items()}
        popularity = Popularity(tuple(names), tuple(names.values()), scores)
        content = Content.from_bytes(storage.read(f"{path}/content.npz"))
        version = path.rsplit("=", 1)[-1]
        return cls(catalogue, shoppers, factors, content, popularity, Weights(**facts["weights"]), version)


def _to_unit(scores: Floats, owners: Ints) -> Floats:
    """Each owner's scores over their largest, below zero cut off. Owners are sorted."""
    positive = np.maximum(scores, 0)
    if not len(owners):
        return positive
    starts = np.flatnonzero(np.diff(owners, prepend=-1))
    largest = np.repeat(np.maximum.reduceat(positive, starts), np.diff(starts, append=len(owners)))
    positive /= np.where(largest > 0, largest, 1)
    return positive


def _to_parquet(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink, compression="zstd")
    return sink.getvalue()


def _from_parquet(data: bytes) -> Any:
    return pq.read_table(io.BytesIO(data))


def _to_npy(array: Floats) -> bytes:
    sink = io.BytesIO()
    np.save(sink, array)
    return sink.getvalue()

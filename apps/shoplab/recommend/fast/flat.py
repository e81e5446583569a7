"""A recommender as flat arrays, one file each: mapped into memory, they are shared by all processes that serve."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from shoplab.core.errors import LabError
from shoplab.recommend.data.arrays import UNKNOWN, Bools, Floats
from shoplab.recommend.model.recommender import Recommender
from shoplab.recommend.ranking.blend import LearnedBlend
from shoplab.recommend.ranking.features import OF_CASE
from shoplab.recommend.ranking.ranker import Ranker
from shoplab.recommend.ranking.trees import Trees
from shoplab.recommend.sources import SOURCES
from shoplab.recommend.sources.als import Als
from shoplab.recommend.sources.base import Source
from shoplab.recommend.sources.content import Content
from shoplab.recommend.sources.covisits import Covisits
from shoplab.recommend.sources.neighbours import Neighbours
from shoplab.recommend.sources.popularity import TOP, Popularity
from shoplab.recommend.sources.segment_popularity import SegmentPopularity
from shoplab.recommend.topn import Csr

Singles = NDArray[np.int32]
Doubles = NDArray[np.float64]
NAMES = tuple(source.name for source in SOURCES)
RECENT, COVISITS, NEIGHBOURS, ALS, CONTENT, SEGMENT, POPULAR = range(len(NAMES))  # as the kernels know them


class Forest(NamedTuple):
    """`ranking.trees.Trees`; base: log-odds before the first tree, shape (1,); zeros: per column its first threshold
    that is not below 0.
    """

    thresholds: Doubles
    starts: NDArray[np.int64]
    masks: NDArray[np.uint16]
    values: Doubles
    base: Doubles
    zeros: NDArray[np.int64]


class Items(NamedTuple):
    """Per product: codes of its category, of that or UNKNOWN, and of its shelf; log1p of its price, popularity; whether
    it is bought once and not again.
    """

    category: Singles
    known_category: Singles
    shelf: Singles
    log_price: Floats
    popularity: Floats
    durable: Bools


class Vectors(NamedTuple):
    """ALS: item vectors by falling length, shape (products, rank); their products and lengths; per product its place
    among them; sum of the outer products of all, shape (rank, rank); users' vectors, shape (users, rank).
    """

    items: Floats
    product: Singles
    lengths: Floats
    place: Singles
    gram: Floats
    users: Floats


class Flat(NamedTuple):
    """All that ranking a case needs.

    columns: where each source's list begins in a row of features, then where its own features do, -1 for a source that
    the model lacks; then where the case's two are. owner: per column the place of its source among SOURCES, -1 for
    none. fixed: weight of each source in the fixed blend. weights: by kind. rules:
    learned blend (1) or fixed (0), most of a category, segments, kind of a purchase, whether the discovery blend
    answers where only products not met are asked for.
    """

    items: Items
    related: Csr
    by_product: Csr
    visits: Csr
    vectors: Vectors
    terms: Csr
    shelf_best: Singles
    category_best: Singles
    taste: Floats
    best: Csr
    popular: Singles
    forest: Forest
    discovery: Forest
    columns: NDArray[np.int64]
    owner: NDArray[np.int64]
    fixed: Floats
    weights: Floats
    rules: NDArray[np.int64]
    width: NDArray[np.int64]


def flatten(model: Recommender) -> Flat:
    """LabError for a source that has no kernel here."""
    ranker = model.ranker
    sources = {source.name: source for source in ranker.finder.sources}
    if strange := set(sources) - set(NAMES):
        raise LabError(f"the source {min(strange)!r} has no kernel yet, and can't be served; see docs/contributing.md")
    products = len(model.products)
    columns, owner = _columns(ranker)
    segment = sources.get(SegmentPopularity.name)
    taste, best = (segment.scores, segment.best) if isinstance(segment, SegmentPopularity) else _no_taste(products)
    shelf_best, category_best, terms = _content(sources.get(Content.name), products)
    learned = isinstance(ranker.blend, LearnedBlend)
    trees = ranker.learned.trees if ranker.learned else _no_trees(len(owner))
    discovery = ranker.discovery.trees if ranker.discovery else trees
    discovers = ranker.discovery is not None and ranker.blend_for(new=True) is ranker.discovery
    rules = [learned, ranker.most_of_category, len(taste) - 1, model.feedback.purchase, discovers]
    popularity = _popularity(sources.get(Popularity.name), products)
    return Flat(
        _items(model, popularity), *_visits(sources, products), _vectors(sources.get(Als.name), products), terms,
        shelf_best, category_best, np.asarray(taste, np.float32), _csr(best), _popular(popularity),
        _forest(trees), _forest(discovery), columns, owner, _fixed(ranker), model.feedback.weight_of,
        np.array(rules, np.int64), np.array([best.shape[0] // max(1, len(taste)), terms.columns.max(initial=0) + 1]),
    )  # fmt: skip


def _csr(matrix: csr_matrix) -> Csr:
    return Csr(matrix.indptr.astype(np.int64), matrix.indices.astype(np.int32), matrix.data.astype(np.float32))


def _items(model: Recommender, popularity: Floats) -> Items:
    products = model.products
    return Items(
        products.category_codes.astype(np.int32), products.known_categories.astype(np.int32),
        products.shelf_codes.astype(np.int32), products.log_prices.astype(np.float32), popularity,
        np.asarray(model.ranker.finder.durable, dtype=bool),
    )  # fmt: skip


def _visits(sources: dict[str, Source], products: int) -> tuple[Csr, Csr, Csr]:
    """Related products, and both ways between products and visits; a source that is not there has no rows."""
    near, visits = sources.get(Covisits.name), sources.get(Neighbours.name)
    none = csr_matrix((products, products), dtype=np.float32)
    related = near.related if isinstance(near, Covisits) else none
    if not isinstance(visits, Neighbours):
        return _csr(related), _csr(none), _csr(none)
    return _csr(related), _csr(visits.index), _csr(visits.visits)


def _vectors(als: Source | None, products: int) -> Vectors:
    if not isinstance(als, Als):
        empty = np.zeros((products, 0), np.float32)
        als_items, users, gram = empty, empty[:0], np.zeros((0, 0), np.float32)
    else:
        als_items, users, gram = als.factors.item_factors, als.factors.user_factors, als.factors.items_gram
    lengths = np.linalg.norm(als_items, axis=1).astype(np.float32)
    order = np.argsort(-lengths, kind="stable").astype(np.int32)
    place = np.empty(len(order), np.int32)
    place[order] = np.arange(len(order), dtype=np.int32)
    items = np.ascontiguousarray(als_items[order], dtype=np.float32)
    return Vectors(items, order, lengths[order], place, gram, np.ascontiguousarray(users, dtype=np.float32))


def _content(content: Source | None, products: int) -> tuple[Singles, Singles, Csr]:
    if not isinstance(content, Content):
        none = np.empty((0, 0), np.int32)
        return none, none, _csr(csr_matrix((products, 1), dtype=np.float32))
    shelf, category = content.best
    return shelf.astype(np.int32), category.astype(np.int32), _csr(content.vectors)


def _popularity(popularity: Source | None, products: int) -> Floats:
    if not isinstance(popularity, Popularity):
        return np.zeros(products, np.float32)
    return np.asarray(popularity.scores, np.float32)


def _popular(scores: Floats) -> Singles:
    """As `Popularity.lists`."""
    top = np.argsort(-scores, kind="stable")[:TOP]
    found: Singles = top[scores[top] > 0].astype(np.int32)
    return found


def _no_taste(products: int) -> tuple[Floats, csr_matrix]:
    return np.zeros((1, products), np.float32), csr_matrix((1, products), dtype=np.float32)


def _no_trees(columns: int) -> Trees:
    empty = np.empty(0)
    return Trees(empty, np.zeros(columns + 1, np.int64), np.zeros((columns, 0), np.uint16), np.empty((0, 16)), 0.0)


def _forest(trees: Trees) -> Forest:
    spans = zip(trees.starts[:-1].tolist(), trees.starts[1:].tolist(), strict=True)
    zeros = [first + int(np.searchsorted(trees.thresholds[first:end], 0.0)) for first, end in spans]
    return Forest(trees.thresholds, trees.starts.astype(np.int64), np.ascontiguousarray(trees.masks), trees.values,
                  np.array([trees.base]), np.array(zeros, np.int64))  # fmt: skip


def _columns(ranker: Ranker) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    columns = ranker.finder.columns
    lists, own = [], []
    for source in SOURCES:
        there = source.name in ranker.finder.names
        lists.append(3 * columns.place(source.name) if there else UNKNOWN)
        own.append(columns.feature(source.features[0]) if there and source.features else UNKNOWN)
    case = [columns.feature(name) for name in OF_CASE]
    owner = [UNKNOWN if name is None else NAMES.index(name) for name in columns.owners]
    return np.array([*lists, *own, *case], np.int64), np.array(owner, np.int64)


def _fixed(ranker: Ranker) -> Floats:
    """Per source of SOURCES."""
    own = ranker.fixed.weights(ranker.finder.columns)
    weights = np.zeros(len(SOURCES), np.float32)
    for name, weight in zip(ranker.finder.names, own, strict=True):
        weights[NAMES.index(name)] = weight
    return weights

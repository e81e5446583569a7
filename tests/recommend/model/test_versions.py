"""Models of other versions of this code: read where they can be, named where not, and an earlier one goes on."""

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from shoplab.core.catalog import Catalog
from shoplab.core.settings import Settings
from shoplab.recommend.data.histories import Histories, UserContext
from shoplab.recommend.data.log import Log
from shoplab.recommend.model import files
from shoplab.recommend.model.before import with_defaults
from shoplab.recommend.model.files import DATASET, UnreadableModel, load, load_current, readable, save
from shoplab.recommend.model.recommender import Recommender
from shoplab.recommend.ranking import fit as fitting
from shoplab.recommend.ranking.blend import LearnedBlend
from shoplab.recommend.ranking.fit import fit
from shoplab.recommend.ranking.ranker import Ranker
from shoplab.recommend.ranking.trees import Trees
from shoplab.recommend.sources import SOURCES, Source, Training, check
from shoplab.recommend.sources.base import Arrays, Group, Newer, Pairs
from shoplab.recommend.sources.popularity import Popularity
from tests.memory_hdfs import MemoryHdfs
from tests.recommend.logs import log_of

USERS = [UserContext("p0"), UserContext("s1", None, [("p3", "view")]), UserContext("new", 1), UserContext("x")]


@dataclass(frozen=True)
class Fresh(Source):
    """What was met last of all: a source of tomorrow's."""

    newest: Any
    name: ClassVar[str] = "fresh"
    group: ClassVar[Group] = "collaborative"
    features: ClassVar[tuple[str, ...]] = ("days since anybody met it",)

    @classmethod
    def fit(cls, training: Training) -> "Fresh":
        return cls(np.arange(len(training.log.products), dtype=np.float32))

    def lists(self, histories: Histories) -> csr_matrix:
        return csr_matrix(np.tile(1 + self.newest, (len(histories), 1)))

    def describe(self, pairs: Pairs) -> Any:
        return self.newest[pairs.items][:, None]

    def grown(self, newer: Newer) -> "Fresh":
        return self

    def arrays(self) -> Arrays:
        return {"newest": self.newest}

    @classmethod
    def of(cls, arrays: Arrays) -> "Fresh":
        return cls(arrays["newest"])


@pytest.fixture
def catalog(settings: Settings) -> Catalog:
    catalog = Catalog(settings)
    catalog.storage = MemoryHdfs()  # type: ignore[assignment]
    return catalog


def publish(catalog: Catalog, model: Recommender) -> str:
    return catalog.publish(DATASET, lambda path: save(model, catalog.storage, path))


def knows(monkeypatch: pytest.MonkeyPatch, *sources: type[Source]) -> None:
    """From here on, this is all the code knows."""
    for module in (files, fitting):
        monkeypatch.setattr(module, "SOURCES", sources)


def with_fresh(log: Log, monkeypatch: pytest.MonkeyPatch) -> Ranker:
    knows(monkeypatch, *SOURCES, Fresh)
    return fit(log, "next-item", rank=2)


def test_a_source_that_comes_later_leaves_older_models_as_they_were(
    model: Recommender, catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = publish(catalog, model)
    knows(monkeypatch, *SOURCES[:3], Fresh, *SOURCES[3:])
    loaded = load_current(catalog)
    assert loaded.version == version
    assert loaded.recommend(USERS, 8) == model.recommend(USERS, 8)


def test_a_later_source_takes_part_and_is_stored(
    model: Recommender, catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = log_of(*[(f"u{n % 20}", f"v{n} p{n % 7} p{(n + 1) % 7}") for n in range(60)])
    newer = with_fresh(log, monkeypatch)
    publish(catalog, Recommender(log.products, model.shoppers, newer))
    loaded = load_current(catalog).ranker
    assert loaded.names[-1] == "fresh"
    assert "days since anybody met it" in loaded.finder.columns.names


def test_a_model_with_a_source_this_code_lacks_is_named_and_the_one_before_it_goes_on(
    model: Recommender, catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    older, newer = publish(catalog, model), publish(catalog, model)
    path = catalog.path(DATASET, f"version={newer}/model.json")
    facts = catalog.storage.read_json(path)
    catalog.storage.write_json(path, facts | {"sources": [*facts["sources"], "fresh"]})
    with pytest.raises(UnreadableModel, match=rf"{newer} .*'fresh' is gone.*\./lab train.*\./lab rollback"):
        load(catalog.storage, catalog.current(DATASET))
    found, problem = readable(catalog)
    assert found.endswith(f"version={older}")
    assert newer in problem
    assert f"until then {older} goes on" in problem
    assert load_current(catalog).version == older
    assert catalog.rollback(DATASET) == (newer, older)
    assert readable(catalog) == (found, "")


@pytest.mark.parametrize(
    ("key", "value", "gone"),
    [
        ("columns", ["als scaled", "a feature of old"], "the feature 'a feature of old' is gone"),
        ("feedback", {"view": 1.0, "wish": 2.0}, "'wish' is gone"),
    ],
)
def test_a_model_that_learned_from_what_is_gone_is_refused(
    model: Recommender, catalog: Catalog, key: str, value: object, gone: str
) -> None:
    publish(catalog, model)
    path = f"{catalog.current(DATASET)}/model.json"
    catalog.storage.write_json(path, catalog.storage.read_json(path) | {key: value})
    with pytest.raises(UnreadableModel, match=gone):
        readable(catalog)


def test_a_model_of_before_its_sources_and_features_were_stored_is_read(model: Recommender, catalog: Catalog) -> None:
    """Its columns stood in another order: what its trees learned of one must not be read off another."""
    now, then = model.ranker.finder.columns.names, tuple(with_defaults({})["columns"])
    assert sorted(now) == sorted(then)
    assert now != then
    table = np.random.default_rng(1).random((2_000, len(then)), dtype=np.float32)
    moved = next(place for place, name in enumerate(then) if now[place] != name)
    hit = table[:, moved] > 0.5
    trees = Trees.fit(table, hit, np.ones(len(hit)), seed=1)
    publish(catalog, replace(model, ranker=replace(model.ranker, learned=LearnedBlend(trees))))
    path = f"{catalog.current(DATASET)}/model.json"
    said = {k: v for k, v in catalog.storage.read_json(path).items() if k not in ("sources", "columns", "feedback")}
    catalog.storage.write_json(path, said)
    loaded = load_current(catalog).ranker
    assert loaded.learned is not None
    as_now = np.ascontiguousarray(table[:, [then.index(name) for name in now]])
    assert np.allclose(loaded.learned.trees.log_odds(as_now), trees.log_odds(table))
    assert not np.allclose(trees.log_odds(as_now), trees.log_odds(table))


def test_a_model_of_before_there_was_a_discovery_blend_leaves_out_what_was_met(
    model: Recommender, catalog: Catalog
) -> None:
    publish(catalog, model)
    path = f"{catalog.current(DATASET)}/model.json"
    facts = catalog.storage.read_json(path)
    del facts["discovery"], facts["validation_of_new"]
    catalog.storage.write_json(path, facts)
    loaded = load_current(catalog)
    assert loaded.ranker.discovery is None
    assert loaded.ranker.blend_for(new=True) is loaded.ranker.blend
    found = zip(USERS, loaded.recommend(USERS, 30), loaded.recommend(USERS, 30, new=True), strict=True)
    for user, items, new in found:
        met = {product for product, _ in user.recent}
        if user.user_id in loaded.shoppers.index:
            history, _ = loaded.shoppers.history(loaded.shoppers.index[user.user_id])
            met |= {loaded.products[row].product_id for row in history.tolist()}
        assert [one.product_id for one in new] == [one.product_id for one in items if one.product_id not in met]


class OfAStrangeGroup(Popularity):
    name: ClassVar[str] = "strange"
    group: ClassVar[Any] = "weather"
    features: ClassVar[tuple[str, ...]] = ()


class WithoutWeight(Popularity):
    name: ClassVar[str] = "weightless"
    floor: ClassVar[float] = 0.0
    features: ClassVar[tuple[str, ...]] = ()


class OfAnothersFeature(Popularity):
    name: ClassVar[str] = "double"


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (OfAStrangeGroup, "source 'strange' is of the group 'weather'"),
        (WithoutWeight, "source 'weightless' weighs nothing"),
        (OfAnothersFeature, "has the feature 'popularity score', as another has"),
        (Popularity, "two sources are called 'popularity'"),
    ],
)
def test_a_source_that_no_blend_can_take_up_is_refused_at_start(source: type[Source], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        check([*SOURCES, source])

"""One case by the kernels is what thousands at once are by `ranking`: item by item, with scores, parts and reasons."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shoplab.recommend.data.histories import Histories, prefixes
from shoplab.recommend.data.log import Log
from shoplab.recommend.data.products import Product
from shoplab.recommend.fast import bundle
from shoplab.recommend.fast.case import CaseRanker
from shoplab.recommend.fast.flat import NAMES, flatten
from shoplab.recommend.fast.ids import Ids
from shoplab.recommend.model.increment import Increment, apply, nothing
from shoplab.recommend.model.recommender import Recommender, _listed
from shoplab.recommend.ranking.fit import fit
from shoplab.recommend.ranking.ranker import Ranker
from shoplab.recommend.sources import SOURCES
from tests.recommend.logs import shoppers_of, two_tastes
from tests.recommend.model.test_recommender import discovering

TOP = 12


@pytest.fixture(scope="module")
def log() -> Log:
    return two_tastes(300)


@pytest.fixture(scope="module")
def model(log: Log) -> Recommender:
    """With durable products, segments, and both blends."""
    segments = np.arange(len(log.user_ids)).astype(np.int16) % 3
    durable = np.arange(len(log.products)) % 3 == 0
    ranker = fit(log, "next-item", segments, ("a", "b", "c"), durable, rank=4)
    assert ranker.learned is not None
    return Recommender(log.products, shoppers_of(log, segments), ranker, ("a", "b", "c"), log.now, "v1")


def blends(model: Recommender) -> Iterator[tuple[str, Recommender]]:
    for name, ranker in (
        ("learned", replace(model.ranker, validation={})),
        ("fixed", replace(model.ranker, learned=None)),
        ("varied", replace(model.ranker, validation={}, most_of_category=2)),
    ):
        yield name, replace(model, ranker=ranker)


def cases(log: Log) -> Histories:
    found, _ = prefixes(log, log)
    rng = np.random.default_rng(3)
    return replace(found, live=rng.random(len(found)) < 0.5, segments=rng.integers(-1, 4, len(found)))


@pytest.mark.parametrize("blend", ["fixed", "learned", "varied"])
def test_lists_scores_and_parts_are_the_batches(model: Recommender, log: Log, blend: str) -> None:
    one, histories = dict(blends(model))[blend], cases(log)
    same = list(compare(one.ranker, CaseRanker(flatten(one)), histories))
    assert sum(same) == len(histories)


def test_what_is_new_is_what_the_batch_says_is_new(model: Recommender, log: Log) -> None:
    histories, ranker = cases(log), discovering(model.ranker)
    kernel = CaseRanker(flatten(replace(model, ranker=ranker)))
    lists, scores = ranker.recommend(histories, TOP, new=True)
    for case in range(0, len(histories), 7):
        mine = histories.owners == case
        items = histories.items[mine].astype(np.int32)
        known = -1 if histories.live[case] else int(histories.known[case])
        found = kernel.rank(items, histories.kinds[mine].astype(np.int8), TOP, known, int(histories.segments[case]),
                            items, new=True)  # fmt: skip
        size = int((lists[case] >= 0).sum())
        assert found.items.tolist() == lists[case][:size].tolist()
        np.testing.assert_allclose(found.scores, scores[case][:size], atol=1e-5)


def compare(ranker: Ranker, kernel: CaseRanker, histories: Histories) -> Iterator[bool]:
    """Per case whether list, scores and parts are equal."""
    candidates = ranker.finder.find(histories)
    lists, scores = ranker.order(candidates, len(histories), TOP)
    best, order = _listed(candidates, lists)
    parts, at = ranker.blend.parts(best)[order], 0
    for case in range(len(histories)):
        mine = histories.owners == case
        bought = histories.bought[1][histories.bought[0] == case]
        gone = bought[ranker.finder.durable[bought]].astype(np.int32)
        known = -1 if histories.live[case] else int(histories.known[case])
        found = kernel.rank(histories.items[mine].astype(np.int32), histories.kinds[mine].astype(np.int8), TOP, known,
                            int(histories.segments[case]), gone)  # fmt: skip
        size = int((lists[case] >= 0).sum())
        yield bool(
            np.array_equal(found.items, lists[case][:size])
            and np.allclose(found.scores, scores[case][:size], atol=1e-5)
            and np.allclose(found.parts, parts[at : at + size], atol=1e-5)
        )
        at += size


def test_a_case_leaves_nothing_behind_for_the_next(model: Recommender, log: Log) -> None:
    kernel, none = CaseRanker(flatten(model)), np.empty(0, np.int32)
    events, kinds = np.array([3, 4, 20], np.int32), np.zeros(3, np.int8)
    first = kernel.rank(events, kinds, TOP)
    kernel.rank(np.array([9, 8, 7], np.int32), np.array([1, 2, 0], np.int8), TOP, gone=np.array([4], np.int32))
    kernel.rank(none, none.astype(np.int8), TOP)
    again = kernel.rank(events, kinds, TOP)
    for before, after in zip(first, again, strict=True):
        np.testing.assert_array_equal(before, after)


def test_a_bundle_is_the_model_and_so_is_one_that_learned_on(model: Recommender, tmp_path: Path) -> None:
    lean = bundle.write(model, tmp_path / "base")
    increment = learned(model)
    grown = apply(replace(lean, version=model.version), increment)
    bundle.write_grown(grown, tmp_path / "grown", tmp_path / "base")
    for one, home in ((model, "base"), (apply(model, increment), "grown")):
        read, whole = bundle.read(tmp_path / home), flatten(one)
        for name, mine, theirs in zip(whole._fields, read.parts.flat, whole, strict=True):
            for left, right in zip(*((part if isinstance(part, tuple) else (part,)) for part in (mine, theirs)),
                                   strict=True):  # fmt: skip
                np.testing.assert_allclose(left, right, atol=1e-5, err_msg=name)
        assert (read.version, read.increment) == (one.version, one.increment)
        last = len(one.products) - 1
        assert read.parts.catalogue.ids.find(one.products[last].product_id) == last
    assert (tmp_path / "grown" / "users.items.npy").samefile(tmp_path / "base" / "users.items.npy")


def learned(model: Recommender) -> Increment:
    start = nothing(model)
    size = len(model.products) + 1
    wide = [part.copy() for part in (start.demand, start.pairs, start.firm)]
    wide[0].resize((wide[0].shape[0], size))
    for pairs in wide[1:]:
        pairs.resize((size, size))
    wide[0] = wide[0].tolil()
    wide[0][-1, [1, size - 1]] = 5.0
    wide[1] = wide[1].tolil()
    wide[1][1, size - 1] = wide[1][size - 1, 1] = 3.0
    new = (Product("zz", "id-p", "electronics.smartphone", "xiaomi", 310.0),)
    factors = np.ones((1, model.factors.rank), np.float32)
    demand, pairs, firm = (part.tocsr().astype(np.float32) for part in wide)
    return replace(start, number=1, new=new, demand=demand, pairs=pairs, firm=firm, factors=factors)


def test_a_bundle_that_is_not_whole_is_refused(model: Recommender, tmp_path: Path) -> None:
    bundle.write(model, tmp_path / "base")
    (tmp_path / "base" / "flat.items.durable.npy").write_bytes(b"")
    with pytest.raises((OSError, ValueError, EOFError)):
        bundle.read(tmp_path / "base")
    (tmp_path / "base" / "facts.json").unlink()
    assert not bundle.is_whole(tmp_path / "base")


@given(st.lists(st.text(max_size=8), unique=True, max_size=50), st.text(max_size=8))
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_ids_are_found_and_others_are_not(ids: list[str], other: str) -> None:
    found = Ids.of(ids)
    assert [found.find(name) for name in ids] == list(range(len(ids)))
    assert [found.name(row) for row in range(len(ids))] == ids
    assert (found.find(other) >= 0) == (other in ids)


def test_every_source_has_a_kernel() -> None:
    assert tuple(source.name for source in SOURCES) == NAMES
    assert len(NAMES) == 7  # as many as recommend/fast/flat.py gives numbers

"""One increment after the other: what is published is what is served, and what harms does not stay."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from shoplab.core.catalog import Catalog
from shoplab.recommend.data.feedback import CURRENT
from shoplab.recommend.data.histories import UserContext
from shoplab.recommend.model.increment import Increment
from shoplab.recommend.model.increment_files import KEPT, Increments, Pointer
from shoplab.recommend.model.recommender import Recommender
from shoplab.streaming.learning.cases import Case, sample
from shoplab.streaming.learning.line import Line
from tests.serving.asked import Api, ids, lists
from tests.streaming.learning.shop import events, memory_catalog, steps

ASKED = [UserContext("p2"), UserContext("new", 1, [("s3", "view")]), UserContext("x", None, [("pn1", "cart")])]


@pytest.fixture
def catalog() -> Catalog:
    return memory_catalog()


def line_of(base: Recommender, catalog: Catalog) -> Line:
    return Line(base, Increments(catalog), every=0)


def cases_of(base: Recommender, visits: int, seed: int) -> list[Case]:
    """A case for each event of these visits, with those before it."""
    rows = events(base, *((f"{user} {at}", words) for at, (user, words) in enumerate(steps(visits, seed))))
    return sample(rows, CURRENT, lambda _: [], 10_000, 1)


def judged(line: Line, cases: Sequence[Case]) -> None:
    for first in range(0, len(cases), 50):
        line.judge(cases[first : first + 50], float(first))


def shuffled(increment: Increment, weight: float) -> Increment:
    """Its co-visits are those of other products, and many."""
    order = np.random.default_rng(2).permutation(increment.pairs.shape[0])
    return replace(increment, pairs=increment.pairs[order] * weight, firm=increment.firm[order] * weight)


def test_a_batch_is_judged_before_it_is_learned(base: Recommender, catalog: Catalog) -> None:
    line, rows = line_of(base, catalog), events(base, ("a", "pn1 pn1 pn1 pn1"))
    cases = sample(rows, CURRENT, lambda _: [], 10, 1)
    for batch in range(2):
        line.judge(cases, 0.0)
        line.learn(batch, rows, {})
    ranks = [one.ranks for one in line.window.by_segment()["all"]]
    assert not any(one["served"] for one in ranks[:4])
    assert all(one["served"] for one in ranks[5:])  # the fifth knows nothing of its user: what is popular
    assert not any(one["base"] for one in ranks)  # to the base it stays unknown


def test_a_good_increment_is_kept_and_gains(walked: Recommender, catalog: Catalog) -> None:
    """Half of what is walked on is new."""
    line = line_of(walked, catalog)
    new = [(f"u{at}", f"p{at % 70} pn{at % 70} p{at % 70 + 1}") for at in range(210)]
    line.learn(0, events(walked, *new), {})
    assert line.served.increment == 1
    later = events(walked, *((f"v{at}", f"p{at % 70} pn{at % 70}") for at in range(140)), after=3_600)
    judged(line, sample(later, CURRENT, lambda _: [], 1_000, 1))
    found = line.judge([], 1_000.0)
    assert (line.withdrawn, line.served.increment) == (0, 1)
    assert found.gain > 0.2
    assert found.lost < found.gained / 10


def test_a_harmful_increment_is_withdrawn_by_itself(
    walked: Recommender, catalog: Catalog, caplog: pytest.LogCaptureFixture
) -> None:
    line = line_of(walked, catalog)
    line.learner.learn(0, events(walked, *steps(200, seed=5)), {})
    good = line.learner.increment(1)
    line.take(good)
    judged(line, cases_of(walked, 60, seed=6))
    assert Increments(catalog).current() == Pointer("v1", 1)
    line.take(replace(shuffled(good, 100.0), number=2))
    judged(line, cases_of(walked, 60, seed=7))
    assert line.withdrawn == 1
    assert Increments(catalog).current() == Pointer("v1", 1)  # back to the good one, not only to the base
    assert line.served.increment == 1
    assert "increment v1+2 is withdrawn" in caplog.text
    assert line.learner.increment(3).pairs.sum() == pytest.approx(good.pairs.sum(), rel=1e-4)


def test_without_a_good_one_before_the_model_as_it_was_trained_goes_on(walked: Recommender, catalog: Catalog) -> None:
    line = line_of(walked, catalog)
    line.learner.learn(0, events(walked, *steps(200, seed=5)), {})
    line.take(shuffled(line.learner.increment(1), 100.0))
    judged(line, cases_of(walked, 60, seed=7))
    assert Increments(catalog).current() == Pointer("v1", 0)
    assert line.served is walked
    assert Increments(catalog).grown(walked) is walked
    line.learn(1, events(walked, *steps(20, seed=8), after=9_000), {})
    assert Increments(catalog).current() == Pointer("v1", 2)  # a number has one meaning for ever


def test_one_that_cannot_be_read_is_named_and_left_out(
    base: Recommender, catalog: Catalog, caplog: pytest.LogCaptureFixture
) -> None:
    line_of(base, catalog).learn(0, events(base, ("u", "p1")), {})
    catalog.storage.write("/data/models/increments/base=v1/number=0000000001/increment.npz", b"PK damaged")
    line = line_of(base, catalog)
    assert line.served is base
    assert "increment v1+1 can't be read" in caplog.text
    line.learn(1, events(base, ("u", "p1")), {})
    assert line.served.increment == 2


def test_api_and_stream_give_the_same_lists(base: Recommender, catalog: Catalog, tmp_path: Path) -> None:
    api = Api(catalog, tmp_path / "serving", load=lambda *_: replace(base))
    catalog.storage.write_json("/data/models/recommender/version=v1/model.json", _facts(base))
    catalog.storage.write_json("/data/models/recommender/version=v1/manifest.json", {"promoted": True})
    catalog.storage.write("/data/models/recommender/CURRENT", b"v1")
    api.look()
    line = line_of(base, catalog)
    for batch in range(3):
        line.learn(batch, events(base, (f"u{batch}", f"p1 pn1 s2 pn{batch}"), after=60.0 * batch), {})
        served, stream = api.look(), line.served
        assert (served.bundle.increment, stream.increment) == (batch + 1, batch + 1)
        assert lists(served, ASKED, 20) == ids(stream.recommend(ASKED, 20))
    assert stream.recommend(ASKED, 20) != base.recommend(ASKED, 20)
    started_again = line_of(base, catalog)
    assert started_again.served.recommend(ASKED, 20) == stream.recommend(ASKED, 20)


def _facts(base: Recommender) -> dict[str, object]:
    finder = base.ranker.finder
    return {"sources": finder.names, "columns": finder.columns.names, "feedback": base.feedback.as_dict()}


def test_a_newer_version_ignores_the_increments_of_the_one_before(base: Recommender, catalog: Catalog) -> None:
    line_of(base, catalog).learn(0, events(base, ("u", "pn1 pn1")), {})
    newer = replace(base, version="v2")
    assert Increments(catalog).grown(newer) is newer
    line = line_of(newer, catalog)
    assert line.served is newer
    line.learn(1, events(base, ("u", "pn2 pn2")), {})
    assert [product.product_id for product in line.served.products.rows[-1:]] == ["pn2"]
    assert catalog.storage.names("/data/models/increments") == ["CURRENT", "base=v2"]


def test_what_dies_between_the_files_and_the_pointer_leaves_the_increment_before(
    base: Recommender, catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = line_of(base, catalog)
    line.learn(0, events(base, ("u", "p1 pn1 pn1")), {})
    before = line.served.recommend(ASKED)

    def dies(*_: object) -> None:
        raise RuntimeError("killed before the pointer")

    with monkeypatch.context() as patched:
        patched.setattr(Increments, "point", dies)
        with pytest.raises(RuntimeError):
            line.learn(1, events(base, ("u", "p1 pn2 pn2"), after=90), {})
    assert Increments(catalog).grown(base).recommend(ASKED) == before
    assert line.served.recommend(ASKED) == before
    again = line_of(base, catalog)
    again.learn(1, events(base, ("u", "p1 pn2 pn2"), after=90), {})
    assert Increments(catalog).current() == Pointer("v1", 3)
    assert Increments(catalog).grown(base).recommend(ASKED) == again.served.recommend(ASKED)


def test_few_increments_are_kept(base: Recommender, catalog: Catalog) -> None:
    line = line_of(base, catalog)
    for batch in range(KEPT + 2):
        line.learn(batch, events(base, ("u", "p1"), after=60.0 * batch), {})
    assert catalog.storage.names("/data/models/increments/base=v1") == [f"number={n:010}" for n in range(3, KEPT + 3)]


def test_nothing_is_published_where_nothing_was_learned(base: Recommender, catalog: Catalog) -> None:
    line = line_of(base, catalog)
    line.learn(0, events(base, ("u", "p1"), kind="remove_from_cart"), {})
    line.publish()
    assert Increments(catalog).current() is None

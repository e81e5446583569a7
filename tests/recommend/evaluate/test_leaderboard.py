"""The board on planted lists: who is ahead, slices, warnings; and what an ablation says."""

import json
from dataclasses import dataclass, field

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from shoplab.recommend.data.arrays import Ints
from shoplab.recommend.data.feedback import CURRENT
from shoplab.recommend.data.histories import Histories
from shoplab.recommend.evaluate import leaderboard, tables
from shoplab.recommend.evaluate.ablation import ablate
from shoplab.recommend.evaluate.grouping import UserSegments
from shoplab.recommend.evaluate.leaderboard import Board, JudgedCases, TrainingFacts

COUNT, PRODUCTS = 1_200, 30


FACTS = TrainingFacts(np.ones(PRODUCTS, np.int64), 8, np.zeros(PRODUCTS, np.int64))


@pytest.fixture(scope="module")
def cases() -> JudgedCases:
    """Each seeks one product; the even ones have met it before. Every third user is a newcomer."""
    sought = np.arange(COUNT) % PRODUCTS
    owners = np.arange(0, COUNT, 2)
    none = np.zeros(len(owners), dtype=np.int64)
    known = np.where(np.arange(COUNT) % 3 == 0, -1, np.arange(COUNT))
    histories = Histories(
        CURRENT, known, none[:0].astype(bool), none[:0], owners, sought[owners], none, none, (none[:0],) * 2
    )
    targets = csr_matrix((np.ones(COUNT), (np.arange(COUNT), sought)), shape=(COUNT, PRODUCTS))
    segments = UserSegments((np.arange(COUNT) % 2).astype(np.int16), ("even", "odd"))
    slices = leaderboard.slices_of(known, None, segments)
    return JudgedCases(histories, targets, np.zeros(COUNT, np.int64), np.arange(COUNT), slices)


@pytest.fixture(scope="module")
def lists() -> dict[str, Ints]:
    """The learned blend is right for even cases, popularity for odd ones, ALS for none."""
    sought = np.arange(COUNT) % PRODUCTS
    wrong = (sought + 1) % PRODUCTS
    even = np.arange(COUNT) % 2 == 0
    found = {"als": wrong, "popularity": np.where(even, wrong, sought), "fixed blend": sought,
             "learned blend": np.where(even, sought, wrong), "discovery blend": np.where(even, wrong, sought),
             "implicit BPR": wrong}  # fmt: skip
    return {name: ranked[:, None] for name, ranked in found.items()}


@pytest.fixture(scope="module")
def board(lists: dict[str, Ints], cases: JudgedCases) -> Board:
    return leaderboard.judge(lists, cases, FACTS, "fixed blend", 1)


def test_rows_say_what_they_are_and_how_far_the_learned_blend_is_ahead(board: Board) -> None:
    rows = {row.name: row for row in board.rows}
    assert [row.kind for row in board.rows] == ["source", "source", "blend", "blend", "baseline"]
    assert rows["fixed blend"].measures["recall@20"].value == 1
    ahead = rows["als"].ahead["recall@20"]
    assert ahead.value == pytest.approx(0.5)
    assert 0.45 < ahead.low < 0.5 < ahead.high < 0.55
    assert rows["fixed blend"].ahead["recall@20"].high < 0
    assert rows["als"].novelty == 3


def test_slices_by_user_segment_and_item(board: Board) -> None:
    found = {one.name: (one.cases, one.recall["learned blend"]) for one in board.slices}
    assert found["newcomer"][0] == 400
    assert found["user met in training"][0] == 800
    assert found["segment even"] == (400, 1.0)
    assert found["segment odd"] == (400, 0.0)
    assert found["item met before"] == (600, 1.0)
    assert found["item not met before"] == (600, 0.0)


def test_what_was_not_met_before_is_judged_by_itself(board: Board) -> None:
    rows = {row.name: row for row in board.new_rows}
    assert board.new_cases == 600
    assert rows["discovery blend"].measures["NDCG@20"] == (1, 1, 1)
    assert rows["popularity"].ahead["NDCG@20"] == (0, 0, 0)
    assert rows["learned blend"].ahead["NDCG@20"] == (1, 1, 1)


def test_lists_without_what_was_met_are_a_slice_of_their_own(cases: JudgedCases, lists: dict[str, Ints]) -> None:
    met_first = {name: np.hstack([np.tile(np.arange(10), (COUNT, 1)), ranked]) for name, ranked in lists.items()}
    met = np.repeat(np.arange(COUNT), 10), np.tile(np.arange(10), COUNT)
    none = np.zeros(COUNT, dtype=np.int64)
    histories = Histories(
        CURRENT, none, none.astype(bool), none, *met, none.repeat(10), none.repeat(10), (none[:0],) * 2
    )
    asked = JudgedCases(histories, cases.targets, none, cases.visits, {})
    board = leaderboard.judge(met_first, asked, FACTS, "fixed blend", 1)
    found = {one.name: (one.cases, one.recall["fixed blend"]) for one in board.slices}
    assert found["item not met before"] == (800, 1.0)
    assert found["the same, lists without items met"] == (800, 1.0)
    long = {name: np.hstack([ranked[:, :10], ranked[:, :10], ranked[:, 10:]]) for name, ranked in met_first.items()}
    board = leaderboard.judge(long, asked, FACTS, "fixed blend", 1)
    found = {one.name: (one.cases, one.recall["fixed blend"]) for one in board.slices}
    assert found["item not met before"] == (800, 0.0)
    assert found["the same, lists without items met"] == (800, 1.0)


def test_places_in_the_visit_are_a_slice() -> None:
    parts = leaderboard.slices_of(np.array([-1, -1]), np.array([True, False]), None)
    assert {name: mine.tolist() for name, mine in parts.items()} == {
        "after the first click": [True, False], "after later clicks": [False, True],
    }  # fmt: skip


def test_a_warning_only_for_large_slices() -> None:
    recall = {"learned blend": 0.1, "popularity": 0.2, "discovery blend": 0.3}
    large, small = leaderboard.Slice("large", 1_000, recall), leaderboard.Slice("small", 999, recall)
    new = leaderboard.Slice("the same, lists without items met", 1_000, recall)
    warnings = leaderboard.below_popularity([large, small, new])
    assert len(warnings) == 1
    assert warnings[0].startswith("large (1,000 cases): the learned blend's")
    worse = leaderboard.Slice(new.name, 1_000, {"learned blend": 0.3, "popularity": 0.2, "discovery blend": 0.1})
    assert ["the discovery blend's" in warning for warning in leaderboard.below_popularity([worse])] == [True]


def test_targets_that_the_products_lack_are_items_not_met_before(cases: JudgedCases, lists: dict[str, Ints]) -> None:
    cold = JudgedCases(cases.histories, csr_matrix((COUNT, PRODUCTS)), np.ones(COUNT, np.int64), cases.visits, {})
    board = leaderboard.judge(lists, cold, FACTS, "fixed blend", 1)
    assert [(one.name, one.cases) for one in board.slices] == [
        ("item met before", 0), ("item not met before", COUNT), ("the same, lists without items met", COUNT),
    ]  # fmt: skip
    assert all(interval == (0, 0, 0) for row in board.rows for interval in row.measures.values())


@dataclass(frozen=True)
class Planted:
    """Right for all cases with "good"; without it, for none. "idle" changes nothing."""

    sought: Ints
    names: tuple[str, ...] = ("good", "idle")
    default: str = "learned blend"
    validation: dict[str, float] = field(default_factory=dict)
    validation_of_new: dict[str, float] = field(default_factory=dict)

    def rankings(self, histories: Histories, top: int, sources: bool) -> dict[str, Ints]:
        return {self.default: self.sought[:, None]}

    def recommend(self, histories: Histories, top: int) -> tuple[Ints, NDArray[np.float32]]:
        raise NotImplementedError

    def without(self, source: str) -> "Planted":
        return Planted(self.sought if source == "idle" else (self.sought + 1) % PRODUCTS)


def test_an_ablation_tells_a_source_that_helps_from_an_idle_one(cases: JudgedCases, board: Board) -> None:
    removed = ablate(Planted(np.arange(COUNT) % PRODUCTS), cases, 1, lambda _: None)
    assert {one.source: one.verdict for one in removed} == {"good": "helps", "idle": "no difference shown"}
    assert removed[0].change["recall@20"].value == -1
    json.dumps(board.as_json() | {"ablation": [one.as_json() for one in removed]})


def test_all_tables_are_printed(board: Board, cases: JudgedCases, capsys: pytest.CaptureFixture[str]) -> None:
    removed = ablate(Planted(np.arange(COUNT) % PRODUCTS), cases, 1, lambda _: None)
    tables.show(board, removed, COUNT)
    printed = capsys.readouterr().out
    for words in ("fixed blend *", "Gini@20", "item met before", "without", "helps"):
        assert words in printed

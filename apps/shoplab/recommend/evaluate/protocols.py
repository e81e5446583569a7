"""An evaluation from its two files to the printed leaderboard: read, fit, rank, write, measure."""

import json
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from shoplab.core.console import Say
from shoplab.core.private import give
from shoplab.core.settings import Settings
from shoplab.recommend.data.arrays import UNKNOWN, Ints
from shoplab.recommend.data.cases import ProtocolName, cases_next_item, cases_next_month
from shoplab.recommend.data.log import Log
from shoplab.recommend.evaluate import files, leaderboard
from shoplab.recommend.evaluate.ablation import Evaluated, Removed, ablate, sample
from shoplab.recommend.evaluate.baselines import rank_baselines
from shoplab.recommend.evaluate.leaderboard import LENGTH, Board, JudgedCases, TrainingFacts
from shoplab.recommend.evaluate.readers import Split, read_split
from shoplab.recommend.ranking.blend import DISCOVERY, FIXED, LEARNED
from shoplab.recommend.ranking.fit import fit
from shoplab.recommend.ranking.ranker import SPREAD


@dataclass(frozen=True)
class EvaluationRequest:
    """What was asked for on the command line."""

    protocol: ProtocolName
    train: Path
    test: Path
    top: int
    out: Path
    map_name: str | None
    seed: int
    ablation: bool

    @property
    def by_user(self) -> bool:
        return self.protocol == "next-month"


@dataclass(frozen=True)
class Evaluation:
    """seconds: of fitting, and of ranking all cases by all sources and blends."""

    split: Split
    ranker: Evaluated
    board: Board
    removed: list[Removed]
    ablated: int
    seconds: dict[str, float]

    def as_json(self) -> dict[str, Any]:
        return self.board.as_json() | {
            "validation": self.ranker.validation,
            "validation_of_new": self.ranker.validation_of_new,
            "ablation": [one.as_json() for one in self.removed],
            "ablation_cases": self.ablated,
            "repeated_visits": self.split.repeated,
            "notes": list(self.split.notes),
            "seconds": self.seconds,
        }


@dataclass(frozen=True)
class Question:
    """The cases, and what recs.parquet says of each: session and position, or user."""

    cases: JudgedCases
    ids: tuple[str, ...]
    positions: Ints | None


def evaluate(settings: Settings, request: EvaluationRequest, say: Say) -> Evaluation:
    """Writes the lists of the default blend as soon as they are there, then measures all."""
    say("reading")
    split = read_split(settings, request.train, request.test, request.by_user, request.map_name, request.seed, say)
    return evaluate_split(split, request, say)


def evaluate_split(split: Split, request: EvaluationRequest, say: Say) -> Evaluation:
    """The same from what was read."""
    started = time.monotonic()
    say("fitting")
    segments, names = split.segments or (None, ())
    ranker: Evaluated = fit(split.train, request.protocol, segments, names, seed=request.seed, say=say)
    fitted = time.monotonic()
    asked = next_month(split) if request.by_user else next_item(split)
    say(f"ranking {len(asked.cases):,} cases")
    met = int(asked.cases.histories.lengths().max(initial=0))
    lists = _all_lists(ranker, asked.cases, max(request.top, LENGTH + met))
    ranked = time.monotonic()
    files.write(_table(ranker, split, asked, lists[ranker.default][:, : request.top]), request.out)
    say("outside baselines")
    lists |= rank_baselines(split.train, request.by_user, asked.cases.histories, LENGTH + met, request.seed)
    say("measuring")
    shown = np.asarray(split.train.incidence.sum(axis=0)).ravel().astype(np.int64)
    facts = TrainingFacts(shown, len(split.train), split.train.products.known_categories)
    board = leaderboard.judge(lists, asked.cases, facts, ranker.default, request.seed)
    few = sample(asked.cases, request.seed)
    removed = ablate(ranker, few, request.seed, say) if request.ablation and len(few) else []
    seconds = {"fit": round(fitted - started, 1), "rank": round(ranked - fitted, 1)}
    return Evaluation(split, ranker, board, removed, len(few), seconds)


def next_item(split: Split) -> Question:
    """A case per item of a test visit from the second on."""
    histories, targets, visits, positions = cases_next_item(split.test)
    histories = replace(histories, known=_rows_in(split.train, split.test)[histories.known])
    unreachable = (np.diff(targets.indptr) == 0).astype(np.int64)
    slices = leaderboard.slices_of(histories.known, positions == 2, None)
    names = tuple(split.test.visit_ids[visit] for visit in visits)
    return Question(JudgedCases(histories, targets, unreachable, visits, slices), names, positions)


def next_month(split: Split) -> Question:
    """A case per user of the test part."""
    histories, targets, user_ids, unreachable = cases_next_month(split.train, split.test)
    if split.segments:
        of = np.append(split.segments.of, UNKNOWN).astype(np.int64)
        histories = replace(histories, segments=of[histories.known])
    slices = leaderboard.slices_of(histories.known, None, split.segments)
    return Question(JudgedCases(histories, targets, unreachable, np.arange(len(user_ids)), slices), user_ids, None)


def _rows_in(train: Log, test: Log) -> Ints:
    """Per user of the test log the row in the training log, UNKNOWN for newcomers, and once more for nobody."""
    row = {user: place for place, user in enumerate(train.user_ids)}
    return np.array([*(row.get(user, UNKNOWN) for user in test.user_ids), UNKNOWN], dtype=np.int64)


def _all_lists(ranker: Evaluated, cases: JudgedCases, length: int) -> dict[str, Ints]:
    """By source and blend; of one that has nothing to say, empty ones."""
    found = ranker.rankings(cases.histories, length, True)
    empty = np.full((len(cases), length), UNKNOWN, dtype=np.int64)
    return {name: found.get(name, empty) for name in (*ranker.names, FIXED, LEARNED, SPREAD, DISCOVERY)}


def _table(ranker: Evaluated, split: Split, asked: Question, lists: Ints) -> Any:
    items = files.item_ids(split.train.products, split.lines)
    if asked.positions is None:
        own, scores = ranker.recommend(asked.cases.histories, lists.shape[1])
        return files.next_month_table(asked.ids, own, scores, items)
    sessions = np.array([int(name) for name in asked.ids], dtype=np.int64) if split.lines else list(asked.ids)
    return files.next_item_table(sessions, asked.positions, lists, items)


def write_json(evaluation: Evaluation, path: Path) -> None:
    """All figures."""
    path.write_text(json.dumps(evaluation.as_json(), indent=2) + "\n", encoding="utf-8")
    give(path)

from typing import Any

import pytest

from shoplab.recommend.gate import decide

OLD = {"version": "v1", "validation": {"measure": "ndcg@20", "value": 0.9, "interval": [0.8, 1.0], "cases": 9}}


def manifest(value: float, current: float | None) -> dict[str, Any]:
    measured = {"measure": "ndcg@20", "value": value, "interval": [0.29, 0.33], "cases": 1500, "current": current}
    return {"version": "v2", "validation": measured}


@pytest.mark.parametrize("value", [0.31, 0.3000001, 0.3])
def test_as_good_or_better_on_the_same_cases_is_promoted(value: float) -> None:
    verdict = decide(manifest(value, 0.3), OLD)  # the old one's own 0.9 is of other cases
    assert verdict.promoted
    assert "0.3000 on the same cases" in verdict.words


@pytest.mark.parametrize("value", [0.2999, 0.0, float("nan")])
def test_worse_is_held_back_unless_forced(value: float) -> None:
    held_back, forced = decide(manifest(value, 0.3), OLD), decide(manifest(value, 0.3), OLD, force=True)
    assert not held_back.promoted
    assert forced.promoted
    for words in (held_back.words, forced.words):
        assert f"ndcg@20 {value:.4f} (95 %: 0.2900 to 0.3300, 1,500 cases)" in words
        assert "0.3000" in words
        assert "worse" in words
        assert "\n" not in words
    assert "./lab train --force" in held_back.words


@pytest.mark.parametrize(
    ("new", "current", "words"),
    [
        (manifest(0.1, None), None, "the first version: ndcg@20 0.1000"),
        ({"version": "v2"}, None, "the first version"),
        (manifest(0.1, None), OLD, "could not be measured"),
        ({"version": "v2"}, OLD, "too few events"),
        ({"version": "v2", "validation": None}, OLD, "too few events"),
    ],
)
def test_what_cannot_be_compared_is_promoted_and_said(new: dict[str, Any], current: Any, words: str) -> None:
    verdict = decide(new, current)
    assert verdict.promoted
    assert words in verdict.words

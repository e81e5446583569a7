"""Where axes have their ticks, and what two lists differ in: the page's own modules, asked in the browser."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.serving.page.stub import Stub
from tests.serving.page.watched import watched


@pytest.fixture(scope="module")
def opened(chromium: Browser, whole_stub: Stub) -> Iterator[Page]:
    with watched(chromium, whole_stub.url) as tab:
        tab.goto("/")
        yield tab


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0, 747, [0, 200, 400, 600, 800]),
        (0, 1, [0, 0.5, 1]),
        (0, 0.0034, [0, 0.001, 0.002, 0.003, 0.004]),
        (-70, 0, [-80, -60, -40, -20, 0]),
        (-0.5, 0.5, [-0.5, 0, 0.5]),
        (0, 0, [0, 0.5]),
        (5, 5, [4, 6]),
    ],
)
def test_ticks_are_round_and_hold_all_values(opened: Page, low: float, high: float, ticks: list[float]) -> None:
    told = opened.evaluate("([l, h]) => import('/page/charts/scale.js').then(m => m.niceTicks(l, h))", [low, high])
    assert told == ticks


@pytest.mark.parametrize(
    ("span_s", "most", "step_s"), [(300, 4, 120), (300, 10, 30), (20, 4, 5), (86_400, 6, 21_600), (0, 4, None)]
)
def test_times_are_round(opened: Page, span_s: int, most: int, step_s: int | None) -> None:
    start = 1_572_566_403_000  # three seconds past a full hour
    script = "([a, b, most]) => import('/page/charts/scale.js').then(m => m.timeTicks(a, b, most))"
    told = opened.evaluate(script, [start, start + 1000 * span_s, most])
    steps = {(after - before) / 1000 for before, after in zip(told["ticks"], told["ticks"][1:], strict=False)}
    assert steps == ({step_s} if step_s else set())
    assert len(told["ticks"]) <= most + 1
    assert told["withSeconds"] == ((step_s or 1) < 60)


def test_two_lists_are_compared(opened: Page) -> None:
    before = [{"product_id": name, "rank": rank, "why": "popular"} for rank, name in enumerate("abc", start=1)]
    after = [{"product_id": "c", "rank": 1, "why": "viewed"}, {"product_id": "d", "rank": 2, "why": "popular"},
             {"product_id": "a", "rank": 3, "why": "popular"}]  # fmt: skip
    script = """([before, after]) => import('/page/shop/changes.js').then(m => {
      const found = m.compare(before, after);
      return [found.counts, m.listInWords(found), [...found.marks].map(([name, mark]) => [name, mark.word])] })"""
    counts, words, marks = opened.evaluate(script, [before, after])
    assert counts == {"new": 1, "moved": 2, "reasons": 1, "left": 1}
    assert words == "List: 1 new, 2 moved, 1 left; 1 with another reason."
    assert marks == [["c", "↑ 2"], ["d", "new"], ["a", "↓ 2"]]

"""Formats, tables, path charts and drawings by themselves."""

import math
import xml.etree.ElementTree as ET
from itertools import pairwise

import pandas as pd
import pytest

from shoplab.report import blocks
from shoplab.report.blocks import Cell
from shoplab.report.flows import layout
from shoplab.report.formats import breakable, compact, count, figure, share, short, times
from shoplab.report.plots import segments as plots
from tests.report import samples
from tests.report.reading import Reading


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("samsung", "samsung"),
        (None, "(none)"),
        (math.nan, "(none)"),
        ("two\nlines\tand\x00zero", "two lines andzero"),
        ("abc\u202edcba", "abcdcba"),  # the writing direction stays the page's
        ("x" * 50, "x" * 39 + "…"),
        ("ブランド", "ブランド"),
    ],
)
def test_names_are_one_safe_line(text: object, shown: str) -> None:
    assert short(text) == shown


@pytest.mark.parametrize("value", [None, math.nan, math.inf, pd.NaT, pd.NA])
def test_what_is_not_known_is_a_dash(value: object) -> None:
    assert [form(value) for form in (count, share, figure, compact, times)] == ["–"] * 5


def test_numbers_are_short() -> None:
    assert [compact(n) for n in (0, 0.25, 7, 12.4, 1234, 56789, 1_234_567)] == [
        "0", "0.2", "7", "12", "1.23k", "56.8k", "1.23M",
    ]  # fmt: skip
    assert [times(n) for n in (0.0, 1.0, -1.0)] == ["×1", "×2", "×0.5"]


def test_a_name_breaks_at_its_dots_and_is_escaped() -> None:
    assert breakable("a.<b>") == "a.<wbr>&lt;b&gt;"


def test_a_table_escapes_what_it_shows() -> None:
    html = blocks.table(["<i>"], [[samples.HOSTILE, Cell("1", hint='"><script>', bar=0.5)]])
    reading = Reading(str(html))
    assert {element.tag for element in reading.elements} == {"div", "table", "tr", "th", "td", "span"}
    assert "alert('$x^2$')" in reading.text


def test_heat_is_bounded_and_has_a_side() -> None:
    assert "var(--hot) 70.0%" in Cell("9", heat=7.0).style
    assert "var(--cold) 35.0%" in Cell("9", heat=-0.5).style


def test_names_in_a_drawing_are_text_not_mathematics_nor_markup() -> None:
    drawn = plots.sizes(list(samples.BRANDS), [1 / len(samples.BRANDS)] * len(samples.BRANDS))
    shown = [element.text for element in ET.fromstring(drawn).iter("{http://www.w3.org/2000/svg}text")]
    assert {"samsung", samples.HOSTILE, "$\\frac{1}{0}$ & sons", "ブランド株式会社"} <= set(shown)
    assert max(len(text or "") for text in shown) == 40


def test_the_same_table_gives_the_same_drawing() -> None:
    assert plots.sizes(["a"], [1.0]) == plots.sizes(["a"], [1.0])


def test_a_path_chart_keeps_every_session() -> None:
    flows = samples.flows()
    diagram = layout(flows[flows["buyers"]])
    assert diagram.sessions == 640
    at = {(node.position, node.step): node for node in diagram.nodes}
    assert at[1, "view"].share == 1.0
    assert (at[2, "cart"].share, at[2, "exit"].share) == (0.5, 0.5)
    links = [link for link in diagram.links if link.hint.startswith("view → ") and "50.0%" in link.hint]
    assert len(links) == 2
    assert sum(link.width for link in links) == pytest.approx(at[1, "view"].height, abs=0.02)
    starts = [float(link.path.split(" ")[0].split(",")[1]) for link in links]
    assert abs(starts[0] - starts[1]) == pytest.approx(links[0].width, abs=0.1)  # side by side, not on each other


def test_nodes_of_a_path_chart_lie_below_each_other_and_inside() -> None:
    flows = samples.flows()
    diagram = layout(flows[~flows["buyers"]])
    for position in range(1, 8):
        column = sorted((node for node in diagram.nodes if node.position == position), key=lambda node: node.y)
        for above, below in pairwise(column):
            assert above.y + above.height + 10 < below.y  # room for a label
        assert column[-1].y + column[-1].height <= diagram.height + 0.01

import ast
import re
from collections.abc import Iterator
from dataclasses import replace

import pandas as pd
import pytest
from click.testing import CliRunner

from shoplab.core.catalog import Catalog
from shoplab.core.errors import LabError
from shoplab.core.settings import REPO, Settings
from shoplab.report import behaviour, segments, update, value
from shoplab.report.commands import report
from shoplab.report.page import write_report
from tests.report import samples
from tests.report.conftest import Write
from tests.report.reading import Reading

CHARTS = {"Behaviour": behaviour.CHARTS, "Segments": segments.CHARTS, "Month on month": update.CHARTS,
          "Customer value": value.CHARTS}  # fmt: skip
UNKNOWN = re.compile(r"\b(nan|NaN|None|NaT|inf|undefined)\b")


@pytest.fixture(scope="session")
def reading(page: str) -> Reading:
    return Reading(page)


@pytest.mark.parametrize("title", CHARTS)
def test_every_chart_of_a_section_is_there_with_a_sentence(reading: Reading, title: str) -> None:
    assert reading.sections[title].cards == [chart.title for chart in CHARTS[title]]
    for chart in CHARTS[title]:
        assert chart.caption in reading.sections[title].text
        assert chart.caption.endswith(".")
    assert "Left out here" not in reading.sections[title].text


def test_the_sections_come_in_order_and_the_top_links_to_them(reading: Reading) -> None:
    links = [element.attributes["href"] for element in reading.elements if element.tag == "a"]
    places = ["#" + element.attributes["id"] for element in reading.elements if element.tag == "section"]
    assert links == places
    assert list(reading.sections) == [*CHARTS, "Recommendations", "Stream"]


def test_figures_are_those_of_the_tables(reading: Reading) -> None:
    text = reading.sections["Behaviour"].text
    assert "5,001" in text  # sessions of November
    assert "8.40%" in text  # 420 of 5,000 sessions buy
    assert "Buyers: 640 sessions" in text
    assert "25.0%" in text  # a week later a quarter is there again
    months = reading.sections["Month on month"].text
    assert "80%" in months  # 400 of 500 stayed
    assert "orders drifted (PSI 0.31)" in months
    assert "orders >= 1.5 and sessions >= 2.5" in reading.sections["Segments"].text


def test_what_the_analysis_left_out_stands_at_the_top(page: str, reading: Reading) -> None:
    text = reading.sections["Behaviour"].text
    assert text.index("the sample has <none> to speak of") < text.index("From view to purchase")
    assert "<none>" not in page


def test_the_page_needs_nothing_else_and_runs_nothing(page: str, reading: Reading) -> None:
    assert {element.tag for element in reading.elements} & {"script", "link", "img", "iframe", "object"} == set()
    addresses = [
        v for e in reading.elements for name, v in e.attributes.items() if name in ("src", "href", "xlink:href")
    ]
    assert [address for address in addresses if not address.startswith("#")] == []
    assert [name for e in reading.elements for name in e.attributes if name.startswith("on")] == []
    assert "@import" not in page
    assert re.findall(r"url\((?!#)", page) == []


def test_every_drawing_says_what_it_shows(reading: Reading) -> None:
    drawings = [element for element in reading.elements if element.tag == "svg"]
    assert len(drawings) > 20
    assert [d for d in drawings if d.attributes.get("role") != "img" or len(d.attributes["aria-label"]) < 15] == []


def test_nothing_unknown_is_printed_as_such(reading: Reading) -> None:
    assert UNKNOWN.findall(reading.text) == []


def test_names_from_a_log_are_text_and_cut(page: str, reading: Reading) -> None:
    assert "alert" in reading.text
    assert "$\\frac{1}{0}$ & sons" in reading.text  # not set as mathematics, not parsed as HTML
    assert "ブランド株式会社" in reading.text
    assert "بيت التسوق" in reading.text
    assert "x" * 100 not in page


def test_colours_follow_the_page(page: str) -> None:
    assert "prefers-color-scheme: dark" in page
    assert "currentColor" in page
    assert "#010203" not in page


def test_without_segments_the_page_says_which_command_makes_them(written: Write) -> None:
    reading = Reading(written(samples.frames()))
    for title in ("Segments", "Month on month", "Customer value"):
        assert "No segments on HDFS yet; first: ./lab segment" in reading.sections[title].text
    assert "./lab train" in reading.sections["Recommendations"].text
    assert "./lab stream" in reading.sections["Stream"].text


def test_without_an_update_or_a_value_the_page_says_how_to_get_them(written: Write) -> None:
    manifest = samples.manifest() | {"update": None, "value": None, "left_out": ["no lifetime value: nobody bought"]}
    reading = Reading(written(samples.frames(), manifest))
    assert "./lab segment --update" in reading.sections["Month on month"].text
    assert "no lifetime value: nobody bought" in reading.sections["Customer value"].text
    assert "nobody bought" in reading.sections["Segments"].text


def test_tables_and_manifests_of_the_version_before_still_make_a_page(written: Write) -> None:
    old = ("activity", "categories", "session_lengths", "visits", "transitions", "paths")
    frames = {name: frame for name, frame in samples.frames().items() if name in old}
    frames["funnel"] = samples.funnel().drop(columns=["any_order", "strict_order"])
    new = ("value", "update", "silhouettes", "rfm_grid", "features", "robots", "left_out")
    manifest = {name: value for name, value in samples.manifest().items() if name not in new}
    manifest["segments"] = [{name: value for name, value in row.items() if name not in ("rule", "centre", "scaled")}
                            for row in manifest["segments"]]  # fmt: skip
    reading = Reading(written(frames, manifest))
    assert "no table cohorts yet; ./lab analyse makes it" in reading.sections["Behaviour"].text
    assert reading.sections["Behaviour"].cards[0] == "From view to purchase"
    assert reading.sections["Segments"].cards == ["Size of the segments", "What a segment is like", "RFM classes"]
    assert "RFM grid: not in the tables; ./lab segment makes it" in reading.sections["Segments"].text


def test_empty_tables_are_left_out_with_a_word(written: Write) -> None:
    frames = {name: frame.head(0) if name != "funnel" else frame for name, frame in samples.frames().items()}
    section = Reading(written(frames)).sections["Behaviour"]
    assert section.cards == ["From view to purchase"]
    assert section.text.count("the log has nothing of this") == len(behaviour.CHARTS) - 1


def test_a_shop_without_prices(written: Write) -> None:
    manifest = samples.manifest() | {"features": ["sessions", "orders"]}
    for row in manifest["segments"]:
        row |= {"revenue": 0.0, "price_level": None}
    manifest["rfm_grid"] = [cell | {"monetary": 0.0} for cell in manifest["rfm_grid"]]
    for row in manifest["value"]["segments"]:
        row |= {"expected_order_value": None, "clv": None}
    reading = Reading(written(samples.without_prices(), manifest, ("money: the log has no prices above 0",)))
    text = reading.sections["Behaviour"].text
    assert "Funnel by price band: the log has none" in text
    assert "revenue" not in text
    assert "price level" not in reading.sections["Segments"].text.replace("the price level runs", "")
    assert "⌀" not in reading.sections["Segments"].text
    assert UNKNOWN.findall(reading.text) == []


def test_unknown_numbers_read_as_a_dash(written: Write) -> None:
    frames = samples.frames()
    frames["funnel"] = frames["funnel"].assign(median_duration_s=float("nan"), mean_events=None, carted=0, revenue=None)
    frames["trends"] = frames["trends"].assign(trend=float("nan"))
    frames["cohorts"] = frames["cohorts"].assign(retention=float("nan"))
    manifest = samples.manifest()
    manifest["update"] |= {"ari": None, "silhouette": {"before": None, "after": None}, "advice": None, "drift": False}
    manifest["value"]["holdout"] = None
    reading = Reading(written(frames, manifest))
    assert UNKNOWN.findall(reading.text) == []
    assert "No drift" in reading.sections["Month on month"].text
    assert "Products rising and falling: nothing changed" in reading.sections["Behaviour"].text


def test_one_session_of_one_user_makes_a_page(written: Write) -> None:
    frames = {name: frame.head(1) for name, frame in samples.frames().items()}
    assert UNKNOWN.findall(Reading(written(frames)).text) == []


def test_the_command_reads_hdfs_without_spark_and_writes_the_page_again(
    lab: Settings, written: Write, tmp_path_factory: pytest.TempPathFactory
) -> None:
    settings = replace(lab, data_root="/report-command", home=tmp_path_factory.mktemp("home"))
    with pytest.raises(LabError, match=r"\./lab analyse"):
        write_report(settings)
    samples.write(Catalog(settings), {"funnel": samples.funnel()}, None, ())
    for _ in range(2):
        done = CliRunner().invoke(report, obj=settings)
        assert done.exit_code == 0, done.output
    path = settings.home / "report" / "index.html"
    assert done.output.strip() == str(path)
    assert [p.name for p in path.parent.iterdir()] == ["index.html"]


def _defined_and_used() -> Iterator[tuple[str, str]]:
    for path in (REPO / "apps/shoplab/report").rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in tree.body:
            if isinstance(node, ast.FunctionDef):
                yield "defined", node.name
        for node in ast.walk(tree):
            if isinstance(node, ast.Name | ast.Attribute):
                yield "used", node.id if isinstance(node, ast.Name) else node.attr


def test_every_function_of_the_report_is_used() -> None:
    facts = pd.DataFrame(_defined_and_used(), columns=["fact", "name"])
    names = facts.groupby("fact")["name"].agg(set)
    assert names["defined"] - names["used"] == {"report"}  # the command

"""The report of two generated months, made by the jobs themselves."""

import pytest

from shoplab.core.catalog import Catalog
from shoplab.core.settings import Settings
from shoplab.report import behaviour, segments, update, value
from shoplab.report.page import write_report
from tests.report.reading import Reading
from tests.report.test_page import UNKNOWN


@pytest.fixture(scope="module")
def reading(analysed: Settings) -> Reading:
    return Reading(write_report(analysed).read_text(encoding="utf-8"))


def test_the_jobs_tables_fill_every_chart(reading: Reading) -> None:
    charts = {"Behaviour": behaviour.CHARTS, "Segments": segments.CHARTS, "Month on month": update.CHARTS,
              "Customer value": value.CHARTS}  # fmt: skip
    for title, wanted in charts.items():
        assert reading.sections[title].cards == [chart.title for chart in wanted], reading.sections[title].text[-500:]
    assert UNKNOWN.findall(reading.text) == []


def test_the_figures_are_the_tables(reading: Reading, analysed: Settings) -> None:
    catalog, text = Catalog(analysed), reading.sections["Behaviour"].text
    for row in catalog.table("analysis/funnel").to_dict("records"):
        assert f"{row['sessions']:,}" in text
        assert f"{row['strict_order'] / row['sessions']:.1%}" in text
    made = catalog.manifest("segments")
    for row in made["segments"]:
        assert row["name"] in reading.sections["Segments"].text
        assert f"{row['users']:,}" in reading.sections["Segments"].text


def test_histograms_count_only_what_is_known(analysed: Settings) -> None:
    catalog = Catalog(analysed)
    counted = catalog.table("analysis/distributions").groupby("name")["count"].sum()
    known = catalog.table("habits").notna().sum()
    for name in ("discount_share", "category_loyalty", "brand_loyalty", "visits_per_week"):
        assert counted[name] == known[name]

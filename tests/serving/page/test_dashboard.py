"""The dashboard shows what the stream and the jobs measure, to eyes, ears and fingers."""

import re

from playwright.sync_api import Page, Request, expect

PANELS = {"Activity": 2, "Funnel": 0, "Segments": 1, "Stream health": 3, "Quality": 2, "Top products": 0}  # charts


def test_every_panel_shows_its_figures(page: Page) -> None:
    page.goto("/")
    for name, charts in PANELS.items():
        panel = page.get_by_role("region", name=name)
        expect(panel.locator("figure")).to_have_count(charts)
        for place in range(charts):
            expect(panel.locator("figure path").nth(place)).to_be_attached()
    expect(page.locator("#tiles b")).not_to_have_text(["–"] * 6)
    expect(page.get_by_role("region", name="Funnel").locator("li")).to_have_count(3 + 4)
    expect(page.get_by_role("region", name="Top products").locator("li")).to_have_count(10)


def test_charts_have_scales_units_and_legends(page: Page) -> None:
    page.goto("/")
    expect(page.locator("figure svg")).to_have_count(sum(PANELS.values()))
    for chart in page.locator("figure").all():
        expect(chart.locator(".unit")).to_have_text(re.compile(r".+ · local time"))
        expect(chart.locator("svg text").nth(3)).to_be_attached()  # values at the left, times below
        expect(chart.locator(".legend li b").first).to_have_text(re.compile(r"\S"))


def test_quality_is_shown_against_popularity(page: Page) -> None:
    page.goto("/")
    quality = page.get_by_role("region", name="Quality")
    expect(quality.locator("figure").first.locator(".legend li")).to_have_text(
        [re.compile("^served .+%"), re.compile("^model alone .+%"), re.compile("^popularity .+%")]
    )


def test_all_is_asked_anew_every_five_seconds_and_only_what_is_new(page: Page) -> None:
    wanted = {"activity", "stream_batch", "segment_size", "recommendation_quality", "top_product", "kafka"}
    page.clock.install()
    page.goto("/")
    expect(page.locator("#freshness")).to_contain_text("batches")
    asked = set()

    def all_asked(request: Request) -> bool:
        if "&since=" in request.url:
            asked.add(request.url.split("/points/")[1].split("?")[0])
        return wanted <= asked

    with page.expect_event("request", all_asked):
        page.clock.fast_forward(5000)


def test_a_round_leaves_the_focus_where_it_is(page: Page) -> None:
    page.clock.install()
    page.goto("/")
    link = page.get_by_role("region", name="Top products").get_by_role("link").nth(4)
    link.focus()
    name = str(link.text_content())
    link.evaluate("one => one.dataset.round = 'first'")
    page.clock.fast_forward(5000)
    expect(page.locator("[data-round]")).to_have_count(0)
    expect(page.locator(":focus")).to_have_text(name)


def test_a_chart_is_told_in_words_as_a_table_and_by_the_keyboard(page: Page) -> None:
    page.goto("/")
    chart = page.locator("figure").first
    expect(chart.locator(".spoken").first).to_have_text(re.compile(r"^Events by type, events a batch, .+view: newest"))
    along = chart.get_by_role("slider")
    along.focus()
    last = int(str(along.get_attribute("aria-valuemax")))
    newest = along.get_attribute("aria-valuetext")
    for key in ("ArrowLeft", "ArrowLeft"):
        page.keyboard.press(key)
    expect(along).to_have_attribute("aria-valuenow", str(last - 2))
    assert along.get_attribute("aria-valuetext") != newest
    expect(chart.locator(".moment")).to_have_text(re.compile("^at "))
    chart.locator("summary").press("Enter")
    expect(chart.get_by_role("row")).to_have_count(1 + 20)


def test_a_top_product_opens_in_the_shop(page: Page) -> None:
    page.goto("/")
    link = page.get_by_role("region", name="Top products").get_by_role("link").first
    name = str(link.text_content())
    link.click()
    expect(page.locator("#product-title")).to_have_text(name)
    expect(page).to_have_title("Try it · shoplab")

"""What the page looks like: on a phone, in light and dark, to a keyboard and to a screen reader."""

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.serving.page.contrast import LOW_CONTRAST
from tests.serving.page.watched import DESK, PHONE, watched

VIEWS = {"/": "#panels .bars a", "/#try": "#list .item"}  # and what is there when all is
OUTSIDE = """(width) => [...document.querySelectorAll('#list .price, #list .score b, #list .open, #tiles b, .legend b')]
  .filter(one => one.checkVisibility()).map(one => [one.className || one.textContent, one.getBoundingClientRect()])
  .filter(([, box]) => box.width === 0 || box.left < 0 || box.right > width).map(([name]) => name)"""
CUT = """() => [...document.querySelectorAll('body *')].filter(one => one.checkVisibility() && one.childNodes.length
  && getComputedStyle(one).overflowX === 'hidden' && !one.matches('.spoken, svg')
  && one.scrollWidth > one.clientWidth + 1).map(one => one.outerHTML.slice(0, 80))"""
FOCUS = """() => { const one = document.activeElement;
  const drawn = [null, '::after'].map(part => getComputedStyle(one, part));
  return { name: (one.id || one.getAttribute('aria-label') || one.textContent).trim(),
           visible: drawn.some(style => style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2) } }"""


@pytest.mark.parametrize("path", VIEWS)
def test_a_phone_shows_all_of_it(phone: Page, path: str) -> None:
    phone.goto(path)
    expect(phone.locator(VIEWS[path]).first).to_be_visible()
    assert phone.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert phone.evaluate(OUTSIDE, PHONE["width"]) == []
    assert phone.evaluate(CUT) == []


def test_an_open_product_fits_a_phone_and_comes_into_view(phone: Page) -> None:
    phone.goto("/#try")
    phone.locator("#list .item").nth(9).get_by_role("button").tap()
    expect(phone.locator("#product-title")).to_be_focused()
    expect(phone.locator("#product-title")).to_be_in_viewport()
    expect(phone.locator("#product .item")).to_have_count(6)
    expect(phone.locator("#changes")).to_contain_text("Viewed")
    expect(phone.locator("#changes")).to_be_in_viewport()
    assert phone.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", VIEWS)
def test_text_can_be_read_in_light_and_dark(chromium: Browser, shop_url: str, scheme: str, path: str) -> None:
    with watched(chromium, shop_url, color_scheme=scheme, reduced_motion="reduce") as tab:
        tab.goto(path)
        expect(tab.locator(VIEWS[path]).first).to_be_visible()
        if path == "/#try":
            tab.locator("#list .item").nth(5).get_by_role("button").click()
            expect(tab.locator("#changes")).to_contain_text("Viewed")
        is_dark = tab.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(15, 19, 24)"
        assert is_dark == (scheme == "dark")
        assert tab.evaluate(LOW_CONTRAST) == []


def test_the_keyboard_alone_buys_a_product(page: Page) -> None:
    page.goto("/#try")
    expect(page.locator("#list .item")).to_have_count(10)
    page.keyboard.press("Tab")
    expect(page.locator("#skip")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
    first = str(page.locator("#list .open").first.text_content())
    walked = []
    while not walked or walked[-1]["name"] != first:
        page.keyboard.press("Tab")
        walked.append(page.evaluate(FOCUS))
        assert len(walked) < 20
    assert [one["name"] for one in walked if not one["visible"]] == []
    assert {"visitor", "sample", "user", "Show", "new"} <= {one["name"] for one in walked}
    page.keyboard.press("Enter")
    expect(page.locator("#product-title")).to_be_focused()
    for _ in range(3):
        page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Buy")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#changes")).to_contain_text("Bought")


def test_the_keyboard_walks_the_whole_dashboard(page: Page) -> None:
    page.goto("/")
    expect(page.locator("#panels .bars a").last).to_be_visible()
    wanted = page.evaluate(
        "[...document.querySelectorAll('a, [tabindex=\"0\"], summary')].filter(e => e.checkVisibility()).length"
    )
    walked = []
    while True:
        page.keyboard.press("Tab")
        focused = page.evaluate(FOCUS)
        if page.evaluate("document.activeElement === document.body") or len(walked) > 200:
            break
        walked.append(focused)
    assert len(walked) >= wanted
    assert [one["name"] for one in walked if not one["visible"]] == []


def test_a_screen_reader_finds_its_way(page: Page) -> None:
    page.goto("/#try")
    expect(page.locator("#list .item")).to_have_count(10)
    for role in ("banner", "main", "contentinfo"):
        expect(page.get_by_role(role)).to_have_count(1)
    for name in ("Views", "The API"):
        expect(page.get_by_role("navigation", name=name)).to_have_count(1)
    for name in ("Recommendations", "Product", "Shopper"):
        expect(page.get_by_role("region", name=name)).to_have_count(1)
    for place in ("#changes", "#choose-note", "#health"):
        expect(page.locator(place)).to_have_attribute("role", "status")
    expect(page.get_by_role("link", name="Try it")).to_have_attribute("aria-current", "page")
    expect(page.locator("#list .item").first.locator(".score .spoken").last).to_contain_text("of collaborative")
    page.get_by_role("link", name="Dashboard").click()
    expect(page.get_by_role("heading", name="The shop, live")).to_be_focused()


def test_nothing_moves_wider_than_a_desk(page: Page) -> None:
    for path, ready in VIEWS.items():
        page.goto(path)
        expect(page.locator(ready).first).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= DESK["width"]

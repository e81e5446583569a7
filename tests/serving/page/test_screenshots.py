"""The pictures of docs/page.md, made anew where SHOPLAB_SCREENSHOTS=1 asks for it: a test run changes no repository."""

import io
import os
import re
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from shoplab.core.settings import REPO
from tests.serving.page.stub import Stub
from tests.serving.page.watched import PHONE, watched

IMAGES = REPO / "docs/images"
DESK = {"width": 1280, "height": 860}
VARIABLE = "SHOPLAB_SCREENSHOTS"


def dashboard(tab: Page) -> None:
    tab.goto("/")
    expect(tab.locator("#panels .bars a").last).to_be_visible()


def shop(tab: Page) -> None:
    tab.goto("/#try/531124876")
    tab.locator("#list .item").nth(4).get_by_role("button").click()
    expect(tab.locator("#changes")).to_contain_text("Viewed")
    tab.get_by_role("button", name="Add to cart").click()
    expect(tab.locator("#changes")).to_contain_text("Added to the cart")
    tab.locator("#product .item").nth(1).get_by_role("button").click()
    expect(tab.locator("#changes")).to_have_text(re.compile("Viewed: jbl .+moved"))
    tab.evaluate("scrollTo(0, 0)")


PICTURES: dict[str, tuple[Any, dict[str, Any]]] = {
    "page-dashboard": (dashboard, {"viewport": DESK}),
    "page-dashboard-dark": (dashboard, {"viewport": DESK, "color_scheme": "dark"}),
    "page-try": (shop, {"viewport": DESK}),
    "page-try-dark": (shop, {"viewport": DESK, "color_scheme": "dark"}),
    "page-phone": (shop, {"viewport": PHONE, "has_touch": True}),
}


@pytest.mark.skipif(VARIABLE not in os.environ, reason=f"{VARIABLE}=1 makes the pictures of docs/page.md anew")
@pytest.mark.parametrize("name", PICTURES)
def test_pictures_for_the_docs(chromium: Browser, name: str) -> None:
    story, options = PICTURES[name]
    with Stub().served() as stub, watched(chromium, stub.url, reduced_motion="reduce", **options) as tab:
        story(tab)
        path = IMAGES / f"{name}.png"
        shot = tab.screenshot(full_page=name == "page-dashboard")
    Image.open(io.BytesIO(shot)).convert("RGB").quantize(256, dither=Image.Dither.NONE, kmeans=2).save(
        path, optimize=True
    )
    assert path.stat().st_size < 200_000

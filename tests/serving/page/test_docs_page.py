"""The API's own documentation, on the real API, in Chromium."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from shoplab.core.settings import Settings
from shoplab.lab.ports import free_port
from shoplab.metrics.embedded import EmbeddedStore
from shoplab.serving.server import start
from tests.serving.conftest import Shop, app_of
from tests.serving.page.watched import watched


@pytest.fixture
def api_url(settings: Settings, stocked: Shop, store: EmbeddedStore) -> Iterator[str]:
    handle = start(app_of(stocked, settings, store), free_port())
    yield handle.url
    handle.stop()


def test_an_endpoint_is_tried_from_its_documentation(chromium: Browser, api_url: str) -> None:
    with watched(chromium, api_url) as tab:
        tab.goto("/docs")
        tab.locator("[id*=similar]").first.click()
        tab.get_by_role("textbox").first.fill("s3")
        tab.get_by_role("button", name="Execute").click()
        expect(tab.locator(".responses-table.live-responses-table")).to_contain_text("apparel.shoes")

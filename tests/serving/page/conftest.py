"""The page in Chromium, before a shop. In every test the console is to be silent, and nobody else to be asked."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.browser import browser
from tests.serving.page.stub import Stub
from tests.serving.page.watched import PHONE, watched


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    with browser() as running:
        yield running


@pytest.fixture(scope="package")
def whole_stub() -> Iterator[Stub]:
    """A shop that lacks nothing."""
    with Stub().served() as stub:
        yield stub


@pytest.fixture
def shop_url(whole_stub: Stub) -> str:
    """Where the page is: any API with a model, segments and a stream that has points. Tests of faults, and of what only
    the stub's goods show, take `stub_page`.
    """
    return whole_stub.url


@pytest.fixture
def page(chromium: Browser, shop_url: str) -> Iterator[Page]:
    """A tab on a desk."""
    with watched(chromium, shop_url) as tab:
        yield tab


@pytest.fixture
def phone(chromium: Browser, shop_url: str) -> Iterator[Page]:
    with watched(chromium, shop_url, viewport=PHONE, has_touch=True) as tab:
        yield tab


@pytest.fixture
def stub() -> Iterator[Stub]:
    """One to take things away from."""
    with Stub().served() as own:
        yield own


@pytest.fixture
def stub_page(chromium: Browser, stub: Stub) -> Iterator[Page]:
    """A tab before it. The browser itself writes failed answers to the console."""
    with watched(chromium, stub.url, failures=True) as tab:
        yield tab

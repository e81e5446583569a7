"""A tab that is watched: what its console says and whom it asks."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, Page

DESK, PHONE = {"width": 1440, "height": 900}, {"width": 360, "height": 740}
BY_BROWSER = "Failed to load resource"  # what Chromium says of an answer of 400 and above


@contextmanager
def watched(chromium: Browser, url: str, failures: bool = False, **options: Any) -> Iterator[Page]:
    """A tab with a fresh profile. Fails at its end where a script complained, or anything but `url` was asked.

    failures: answers of 400 and above, and none at all, are part of the test.
    """
    context = chromium.new_context(base_url=url, **{"viewport": DESK, "locale": "en-GB", **options})
    tab = context.new_page()
    said: list[str] = []
    asked: list[str] = []
    tab.on("console", lambda message: said.append(message.text) if message.type in ("error", "warning") else None)
    tab.on("pageerror", lambda error: said.append(str(error)))
    tab.on("request", lambda request: asked.append(request.url))
    yield tab
    context.close()
    complaints = [line for line in said if not (failures and line.startswith(BY_BROWSER))]
    assert complaints == [], complaints
    assert asked
    assert [one for one in asked if not one.startswith((f"{url}/", "data:"))] == []

"""A real browser: Chromium without a window, driven by Playwright."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Error, Page, expect, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = ("--no-proxy-server", "--disable-gpu")


@contextmanager
def browser() -> Iterator[Browser]:
    """The machine's own, each context with a fresh profile. Skips where there is none."""
    program = next((found for name in NAMES if (found := shutil.which(name))), None)
    if program is None:
        pytest.skip("no Chromium here; on Debian: apt install chromium")
    with sync_playwright() as playwright:
        sandbox = os.getuid() != 0  # root's processes can't have one
        running = playwright.chromium.launch(executable_path=program, args=FLAGS, chromium_sandbox=sandbox)
        yield running
        running.close()


def refusal(tab: Page, url: str) -> str:
    """Why the browser does not open the URL, as net::ERR_UNSAFE_PORT, and the tab is empty; "" where it does."""
    try:
        tab.goto(url)
    except Error as error:
        tab.wait_for_url("chrome-error://**")  # which comes after the refusal, and would interrupt what comes next
        tab.goto("about:blank")
        return error.message
    return ""


def wait_for(tab: Page, text: str) -> None:
    """Until it can be read there; an AssertionError after 20 s."""
    expect(tab.locator("body")).to_contain_text(text, use_inner_text=True, timeout=20_000)

"""Whatever is missing, the page says it in a sentence, with what to type next."""

import re
from contextlib import ExitStack

from playwright.sync_api import Browser, Page, expect

from tests.serving.page.stub import Stub
from tests.serving.page.watched import watched


def test_no_stream(stub: Stub, broken_page: Page) -> None:
    stub.without = {"stream"}
    broken_page.goto("/")
    expect(broken_page.locator("#freshness")).to_contain_text("./lab stream")
    for name, command in {"Activity": "./lab stream", "Funnel": "./lab analyse", "Segments": "./lab segment",
                          "Stream health": "./lab replay FILE", "Quality": "./lab train",
                          "Top products": "./lab stream"}.items():  # fmt: skip
        expect(broken_page.get_by_role("region", name=name)).to_contain_text(command)


def test_no_model(stub: Stub, broken_page: Page) -> None:
    stub.without = {"model"}
    broken_page.goto("/#try")
    expect(broken_page.get_by_role("alert")).to_contain_text("./lab train")
    expect(broken_page.locator("#list .note")).to_contain_text("./lab train")
    broken_page.get_by_label("Product id").fill("1004856")
    broken_page.get_by_role("button", name="Open").click()
    expect(broken_page.locator("#product .note").first).to_contain_text("./lab train")


def test_no_metric_store(stub: Stub, broken_page: Page) -> None:
    stub.without = {"metrics"}
    broken_page.goto("/")
    expect(broken_page.locator("#freshness")).to_contain_text("./lab doctor")
    expect(broken_page.get_by_role("region", name="Activity")).to_contain_text("./lab doctor")


def test_nobody_is_known_yet(stub: Stub, broken_page: Page) -> None:
    stub.without = {"segments"}
    broken_page.goto("/#try")
    expect(broken_page.locator("#choose-note")).to_contain_text("./lab segment")
    expect(broken_page.locator("#list .item")).to_have_count(10)


def test_an_unknown_product(broken_page: Page) -> None:
    broken_page.goto("/#try")
    broken_page.get_by_label("Product id").fill("42")
    broken_page.get_by_role("button", name="Open").click()
    expect(broken_page.locator("#product .note").first).to_contain_text("no product 42")
    expect(broken_page.get_by_role("button", name="Buy")).to_be_hidden()


def test_without_kafka_a_visitors_list_follows_all_the_same(stub: Stub, broken_page: Page) -> None:
    stub.without = {"kafka"}
    broken_page.goto("/#try")
    broken_page.locator("#list .item").nth(6).get_by_role("button").click()
    expect(broken_page.locator("#changes")).to_have_text(re.compile("List: .*moved.+Kafka does not answer.+./lab up"))
    expect(broken_page.locator("#shopper")).to_contain_text("1 kept in this browser")
    assert stub.events.keys() == {next(iter(stub.events))}  # asked for, never sent
    assert not any(stub.events.values())


def test_without_kafka_a_known_users_event_is_refused(stub: Stub, broken_page: Page) -> None:
    stub.without = {"kafka"}
    broken_page.goto("/#try/512300003")
    broken_page.locator("#list .item").first.get_by_role("button").click()
    expect(broken_page.locator("#changes.error")).to_contain_text("Kafka does not answer")


def test_an_api_that_is_away_and_comes_back(chromium: Browser) -> None:
    stub = Stub()
    with ExitStack() as first:
        first.enter_context(stub.served())
        with watched(chromium, stub.url, failures=True) as tab:
            tab.clock.install()
            tab.goto("/")
            expect(tab.locator("#freshness")).to_contain_text("60 batches")
            first.close()
            tab.clock.fast_forward(5000)
            expect(tab.get_by_role("alert")).to_contain_text("./lab serve")
            expect(tab.locator("#freshness")).to_contain_text("Shown is what was known before")
            with stub.served():
                tab.clock.fast_forward(5000)
                expect(tab.get_by_role("alert")).to_be_hidden()
                expect(tab.locator("#freshness.error")).to_have_count(0)

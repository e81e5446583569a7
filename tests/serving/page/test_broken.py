"""Whatever is missing, the page says it in a sentence, with what to type next."""

import re
from contextlib import ExitStack

from playwright.sync_api import Browser, Page, expect

from tests.serving.page.stub import Stub
from tests.serving.page.watched import watched


def test_no_stream(stub: Stub, stub_page: Page) -> None:
    stub.without = {"stream"}
    stub_page.goto("/")
    expect(stub_page.locator("#freshness")).to_contain_text("./lab stream")
    for name, command in {"Activity": "./lab stream", "Funnel": "./lab analyse", "Segments": "./lab segment",
                          "Stream health": "./lab replay FILE", "Quality": "./lab train",
                          "Top products": "./lab stream"}.items():  # fmt: skip
        expect(stub_page.get_by_role("region", name=name)).to_contain_text(command)


def test_no_model(stub: Stub, stub_page: Page) -> None:
    stub.without = {"model"}
    stub_page.goto("/#try")
    expect(stub_page.get_by_role("alert")).to_contain_text("./lab train")
    expect(stub_page.locator("#list .note")).to_contain_text("./lab train")
    stub_page.get_by_label("Product id").fill("1004856")
    stub_page.get_by_role("button", name="Open").click()
    expect(stub_page.locator("#product .note").first).to_contain_text("./lab train")


def test_no_metric_store(stub: Stub, stub_page: Page) -> None:
    stub.without = {"metrics"}
    stub_page.goto("/")
    expect(stub_page.locator("#freshness")).to_contain_text("./lab doctor")
    expect(stub_page.get_by_role("region", name="Activity")).to_contain_text("./lab doctor")


def test_nobody_is_known_yet(stub: Stub, stub_page: Page) -> None:
    stub.without = {"segments"}
    stub_page.goto("/#try")
    expect(stub_page.locator("#choose-note")).to_contain_text("./lab segment")
    expect(stub_page.locator("#list .item")).to_have_count(10)


def test_an_unknown_product(stub_page: Page) -> None:
    stub_page.goto("/#try")
    stub_page.get_by_label("Product id").fill("42")
    stub_page.get_by_role("button", name="Open").click()
    expect(stub_page.locator("#product .note").first).to_contain_text("no product 42")
    expect(stub_page.get_by_role("button", name="Buy")).to_be_hidden()


def test_without_kafka_a_visitors_list_follows_all_the_same(stub: Stub, stub_page: Page) -> None:
    stub.without = {"kafka"}
    stub_page.goto("/#try")
    stub_page.locator("#list .item").nth(6).get_by_role("button").click()
    expect(stub_page.locator("#changes")).to_have_text(re.compile("List: .*moved.+Kafka does not answer.+./lab up"))
    expect(stub_page.locator("#shopper")).to_contain_text("1 kept in this browser")
    assert stub.events.keys() == {next(iter(stub.events))}  # asked for, never sent
    assert not any(stub.events.values())
    stub.without = set()
    stub_page.get_by_role("button", name="Buy").click()
    expect(stub_page.locator("#changes")).to_contain_text("Segment: loyal")
    expect(stub_page.locator("#shopper .type")).to_have_text(["purchase", "view"])


def test_without_kafka_a_known_users_event_is_refused(stub: Stub, stub_page: Page) -> None:
    stub.without = {"kafka"}
    stub_page.goto("/#try/512300003")
    stub_page.locator("#list .item").first.get_by_role("button").click()
    expect(stub_page.locator("#changes.error")).to_contain_text("Kafka does not answer")


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

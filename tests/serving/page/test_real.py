"""The page on the real API with HDFS and Kafka: what is clicked comes back by the topic into the list."""

import re
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from shoplab.core.catalog import Catalog
from shoplab.core.kafka import make_topic
from shoplab.core.settings import Settings
from shoplab.lab.api import start_api
from shoplab.lab.ports import free_port
from shoplab.recommend.model.files import save
from shoplab.recommend.model.recommender import Recommender
from tests.serving.page.test_shop import open_shop, products
from tests.serving.page.watched import watched


@pytest.fixture
def real_url(lab: Settings, tastes: Recommender, tmp_path: Path) -> Iterator[str]:
    name = f"page-{time.time_ns()}"
    own = replace(
        lab, data_root=f"/tests/{name}", events_topic=name, home=tmp_path, api_port=free_port(), influx_url=""
    )
    catalog = Catalog(own)
    catalog.publish("models/recommender", lambda path: save(tastes, catalog.storage, path))
    make_topic(own)
    handle = start_api(own)
    yield handle.url
    handle.stop()


def test_a_click_goes_by_kafka_into_the_list(chromium: Browser, real_url: str) -> None:
    with watched(chromium, real_url, failures=True) as tab:
        tab.goto("/#try")
        expect(tab.locator("#list .item")).to_have_count(10, timeout=60_000)
        open_shop(tab)
        before = products(tab)
        tab.locator("#list .item").nth(6).get_by_role("button").click()
        expect(tab.locator("#changes")).to_have_text(re.compile("Viewed: .+"))
        expect(tab.locator("#shopper .recent li")).to_have_count(1)
        assert products(tab) != before

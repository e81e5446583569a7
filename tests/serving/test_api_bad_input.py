"""What the API says to bad requests and in its own faults, and that it gives nothing away."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from shoplab.core.settings import Settings
from shoplab.metrics.embedded import EmbeddedStore
from shoplab.serving.api import create_app


@pytest.mark.parametrize(
    ("path", "status", "word"),
    [
        ("/recommendations/u1?k=0", 422, "k: "),
        ("/recommendations/u1?k=101", 422, "k: "),
        ("/recommendations/u1?k=ten", 422, "k: "),
        (f"/recommendations/{'9' * 65}", 422, "user_id: "),
        ("/recommendations/a%0Ab", 422, "user_id: "),
        ("/recommendations/", 404, "Not Found"),
        ("/users/sample?n=1001", 422, "n: "),
        ("/metrics/two%20words", 422, "measurement: "),
        ("/metrics/activity?limit=5001", 422, "limit: "),
        ("/metrics/activity?since=yesterday", 422, "since: "),
        ("/metrics/activity?since=2019-11-01T00:00:00", 422, "time zone"),
        ("/nowhere", 404, "Not Found"),
        ("/page/../api.py", 404, "Not Found"),
        ("/page/%2e%2e/api.py", 404, "Not Found"),
    ],
)
def test_bad_input_is_one_clear_line(stocked_client: TestClient, path: str, status: int, word: str) -> None:
    refused = stocked_client.get(path)
    assert refused.status_code == status
    assert word in refused.json()["error"]


def test_a_fault_of_ours_shows_no_inside(settings: Settings, stocked: Any, store: EmbeddedStore) -> None:
    stocked.backstage.recommender.recommend = lambda users, k: 1 / 0
    client = TestClient(create_app(stocked.backstage, store), raise_server_exceptions=False)
    broken = client.get("/recommendations/u1")
    assert broken.status_code == 500
    assert "ZeroDivision" not in broken.text
    assert "log" in broken.json()["error"]


@pytest.mark.parametrize("path", ["/", "/health", "/page/page.js", "/recommendations/u1?k=0", "/nowhere"])
def test_every_answer_carries_security_headers(stocked_client: TestClient, path: str) -> None:
    headers = stocked_client.get(path).headers
    assert "default-src 'none'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"


def test_the_page_needs_nothing_from_elsewhere(stocked_client: TestClient) -> None:
    for path in ("/", "/page/page.css", "/page/page.js"):
        text = stocked_client.get(path).text
        assert "https://" not in text
        assert "//" not in text.replace("http://www.w3.org/2000/svg", "").replace("// ", "")

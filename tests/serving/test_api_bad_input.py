"""What the API says to bad requests and in its own faults, and that it gives nothing away."""

import pytest
from fastapi.testclient import TestClient

from shoplab.core.settings import Settings
from shoplab.metrics.embedded import EmbeddedStore
from tests.serving.conftest import Shop, app_of


@pytest.mark.parametrize(
    ("path", "status", "word"),
    [
        ("/recommendations/p0?k=0", 422, "k: "),
        ("/recommendations/u1?k=101", 422, "k: "),
        ("/recommendations/u1?k=ten", 422, "k: "),
        (f"/recommendations/{'9' * 65}", 422, "user_id: "),
        ("/recommendations/p0?k=-1", 422, "k: "),
        ("/recommendations/p0?k=1000000000", 422, "k: "),
        ("/recommendations/p0?k=1e1", 422, "k: "),
        (f"/recommendations/{'9' * 60_000}", 422, "user_id: "),
        ("/similar/", 422, "product_id: "),
        ("/recommendations/a%0Ab", 404, "Not Found"),
        ("/recommendations/", 422, "user_id: "),
        ("/users/sample?n=1001", 422, "n: "),
        ("/points/two%20words", 422, "measurement: "),
        ("/points/activity?limit=5001", 422, "limit: "),
        ("/points/activity?since=yesterday", 422, "since: "),
        ("/points/activity?since=2019-11-01T00:00:00", 422, "time zone"),
        ("/nowhere", 404, "Not Found"),
        ("/page/../api.py", 404, "Not Found"),
        ("/page/%2e%2e/api.py", 404, "Not Found"),
    ],
)
def test_bad_input_is_one_clear_line(stocked_client: TestClient, path: str, status: int, word: str) -> None:
    refused = stocked_client.get(path)
    assert refused.status_code == status
    assert word in refused.json()["error"]


@pytest.mark.parametrize(
    ("body", "status", "word"),
    [
        (b"{", 422, "not JSON"),
        (b"[" + b"{}," * 1_000 + b"{}]", 422, "1,001 events are too many"),
        (b"x" * (3 << 20), 413, "larger than 2 MB"),
        (b'"text"', 202, "not an object"),
    ],
)
def test_a_bad_body_is_one_clear_line(stocked_client: TestClient, body: bytes, status: int, word: str) -> None:
    refused = stocked_client.post("/events", content=body)
    assert refused.status_code == status
    assert word in refused.text


def test_each_bad_event_is_told_by_its_place(stocked_client: TestClient) -> None:
    good = {"event_time": "2019-11-01 00:00:00 UTC", "event_type": "view", "product_id": "p1", "user_id": "u"}
    bad = {
        "event_time is before 2000-01-01": {"event_time": "0001-01-01 00:00:00"},
        "event_time is after": {"event_time": "9999-01-01 00:00:00"},
        "price is negative": {"price": -1}, "no user_id": {"user_id": ""},
        "unknown event_type": {"event_type": "stare"},
        "brand is not a single value": {"brand": ["a"]},
    }  # fmt: skip
    said = stocked_client.post("/events", json=[good | odd for odd in bad.values()]).json()
    assert said["accepted"] == 0
    assert [one["index"] for one in said["rejected"]] == list(range(len(bad)))
    for one, reason in zip(said["rejected"], bad, strict=True):
        assert reason in one["error"]


def test_kafka_away_is_503_and_nothing_is_sent(stocked_client: TestClient) -> None:
    refused = stocked_client.post("/events", json={"event_type": "view", "product_id": "p1", "user_id": "u"})
    assert (refused.status_code, "nothing was sent" in refused.json()["error"]) == (503, True)


@pytest.mark.parametrize("user", ["p0", "nobody", "a/b", "käufer", "a b"])
def test_the_quick_way_says_what_the_usual_way_says(stocked_client: TestClient, user: str) -> None:
    quick = stocked_client.get(f"/recommendations/{user}?k=3")
    usual = stocked_client.get(f"/recommendations/{user}?k=3&new=false")
    assert (quick.json(), quick.headers) == (usual.json(), usual.headers)
    head = stocked_client.head(f"/recommendations/{user}?k=3")
    assert (head.status_code, head.content, head.headers["content-length"]) == (
        200, b"", quick.headers["content-length"],
    )  # fmt: skip


def test_a_fault_of_ours_shows_no_inside(settings: Settings, stocked: Shop, store: EmbeddedStore) -> None:
    stocked.backstage.answers.served.rank = lambda *_: 1 / 0  # type: ignore[union-attr, method-assign]
    client = TestClient(app_of(stocked, settings, store), raise_server_exceptions=False)
    for path in ("/recommendations/p0", "/recommendations/p0?new=true"):
        broken = client.get(path)
        assert broken.status_code == 500
        assert "ZeroDivision" not in broken.text
        assert "p0" not in broken.text
        assert "log" in broken.json()["error"]


@pytest.mark.parametrize("path", ["/", "/health", "/page/main.js", "/recommendations/p0?k=0", "/nowhere"])
def test_every_answer_carries_security_headers(stocked_client: TestClient, path: str) -> None:
    headers = stocked_client.get(path).headers
    assert "default-src 'none'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"

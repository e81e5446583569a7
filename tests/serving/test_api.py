from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from shoplab.core.settings import Settings
from shoplab.metrics.embedded import EmbeddedStore
from shoplab.metrics.influx import InfluxStore
from shoplab.metrics.point import Point
from shoplab.serving.api import create_app

NOON = datetime(2019, 11, 1, 12, tzinfo=UTC)


def test_a_known_user_is_answered_by_the_model(stocked_client: TestClient) -> None:
    body = stocked_client.get("/recommendations/u1", params={"k": 3}).json()
    assert {name: value for name, value in body.items() if name != "items"} == {
        "user_id": "u1", "segment": 0, "segment_name": "browsers", "source": "model", "model_version": "v1",
    }  # fmt: skip
    assert body["items"][0] == {
        "rank": 1, "product_id": "p1", "category_code": "electronics.phone", "brand": "acme", "price": 9.5,
        "score": 1.0, "collaborative": 0.5, "content": 0.3, "segment": 0.2, "why": "planted",
        "sources": {"als": 0.4, "neighbours": 0.1, "content": 0.3, "popularity": 0.2},
    }  # fmt: skip
    assert [item["rank"] for item in body["items"]] == [1, 2, 3]


def test_the_model_is_told_the_users_segment(stocked_client: TestClient, stocked: Any) -> None:
    stocked_client.get("/recommendations/u10")
    assert (stocked.backstage.recommender.asked[-1].user_id, stocked.backstage.recommender.asked[-1].segment) == (
        "u10",
        0,
    )


def test_an_answer_stays_of_one_piece_when_a_batch_lands_in_the_middle_of_it(
    stocked_client: TestClient, stocked: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    recommend = stocked.backstage.recommender.recommend

    def as_a_batch_lands(*asked: Any) -> Any:
        stocked.publish_batch(1, {"u1": ["p9"]})
        stocked.look()
        return recommend(*asked)

    monkeypatch.setattr(stocked.backstage.recommender, "recommend", as_a_batch_lands)
    before = stocked_client.get("/recommendations/u1").json()
    after = stocked_client.get("/recommendations/u1").json()
    assert (before["source"], before["items"][0]["product_id"]) == ("model", "p1")
    assert (after["source"], after["items"][0]["product_id"]) == ("live", "p9")


def test_a_stranger_gets_what_is_popular(stocked_client: TestClient) -> None:
    body = stocked_client.get("/recommendations/nobody").json()
    assert (body["source"], body["segment"], body["segment_name"]) == ("popular", None, None)
    assert len(body["items"]) == 10


def test_the_streams_items_come_first_and_the_model_fills_up(stocked_client: TestClient) -> None:
    body = stocked_client.get("/recommendations/u2", params={"k": 10}).json()
    assert body["source"] == "live"
    assert [item["product_id"] for item in body["items"]] == [
        "p9",
        "p8",
        "p1",
        "p2",
        "p3",
        "p4",
        "p5",
        "p6",
        "p7",
        "p10",
    ]
    assert (body["items"][0]["why"], body["items"][0]["sources"]) == ("batch 0", {"recent": 1.0})
    assert body["items"][0]["brand"] == "acme"
    assert len(stocked_client.get("/recommendations/u2", params={"k": 1}).json()["items"]) == 1


def test_a_new_batch_changes_the_answer(stocked_client: TestClient, stocked: Any) -> None:
    stocked.publish_batch(1, {"u1": ["p20"]})
    stocked.look()
    body = stocked_client.get("/recommendations/u1", params={"k": 1}).json()
    assert (body["source"], body["items"][0]["product_id"]) == ("live", "p20")


def test_the_streams_segment_of_a_user_is_the_newest(stocked_client: TestClient, stocked: Any) -> None:
    stocked.publish_live_segments(0, {"u1": (1, "loyal"), "newcomer": (0, "browsers")})
    stocked.look()
    found = {
        user: stocked_client.get(f"/recommendations/{user}").json()["segment_name"] for user in ("u1", "newcomer", "u2")
    }
    assert found == {"u1": "loyal", "newcomer": "browsers", "u2": "loyal"}


def test_a_new_model_and_new_segments_are_taken_up(stocked_client: TestClient, stocked: Any) -> None:
    stocked.publish_model("v2")
    stocked.publish_segments("s2", {"u1": (3, "returned")})
    stocked.look()
    body = stocked_client.get("/recommendations/u1").json()
    assert (body["model_version"], body["segment_name"]) == ("v2", "returned")


def test_going_back_to_older_versions_is_taken_up(stocked_client: TestClient, stocked: Any) -> None:
    for model, segments, name in (("v2", "s2", "returned"), ("v1", "s1", "browsers")):
        stocked.publish_model(model)
        if segments == "s2":
            stocked.publish_segments(segments, {"u1": (3, "returned")})
        stocked.hdfs.files["/data/processed/segments/CURRENT"] = segments.encode()
        stocked.look()
        body = stocked_client.get("/recommendations/u1").json()
        assert (body["model_version"], body["segment_name"]) == (model, name)


def test_hdfs_going_away_keeps_the_answers_and_health_says_so(stocked_client: TestClient, stocked: Any) -> None:
    stocked.hdfs.away = True
    stocked.look()
    assert stocked_client.get("/recommendations/u1").json()["source"] == "model"
    health = stocked_client.get("/health").json()
    assert health["status"] == "degraded"
    assert "./lab up --embedded" in health["problems"]["model"]
    stocked.hdfs.away = False
    stocked.look()
    assert stocked_client.get("/health").json()["status"] == "ok"


def test_a_damaged_model_keeps_the_old_one(stocked_client: TestClient, stocked: Any) -> None:
    stocked.publish_segments("s2", {"u1": (3, "returned")})
    stocked.hdfs.files["/data/processed/segments/version=s2/part-1.snappy.parquet"] = b"junk"
    stocked.look()
    assert stocked_client.get("/recommendations/u1").json()["segment_name"] == "browsers"
    assert "could not be loaded" in stocked_client.get("/health").json()["problems"]["segments"]


def test_health_says_what_is_loaded(stocked_client: TestClient) -> None:
    health = stocked_client.get("/health").json()
    assert health["status"] == "ok"
    assert health["problems"] == {}
    assert health["model"]["version"] == "v1"
    assert health["segments"] == {"version": "s1", "users": 3}
    assert (health["live"]["users"], health["live"]["newest_batch"]) == (1, "batch=0000000000")


def test_without_a_model_it_runs_and_says_what_to_type(empty_client: TestClient) -> None:
    health = empty_client.get("/health")
    assert health.status_code == 200
    assert health.json()["status"] == "degraded"
    assert "./lab train" in health.json()["problems"]["model"]
    assert health.json()["model"] is None
    refused = empty_client.get("/recommendations/u1")
    assert refused.status_code == 503
    assert "./lab train" in refused.json()["error"]
    assert "./lab segment" in empty_client.get("/segments").json()["error"]
    assert empty_client.get("/users/sample").json() == {"users": []}
    assert empty_client.get("/").status_code == 200


def test_the_stream_alone_is_enough_for_an_answer(empty_client: TestClient, shop: Any) -> None:
    shop.publish_batch(0, {"u7": ["p9"]})
    shop.look()
    body = empty_client.get("/recommendations/u7").json()
    assert (body["source"], body["model_version"]) == ("live", None)
    assert [(item["product_id"], item["brand"]) for item in body["items"]] == [("p9", None)]


def test_segments_are_listed_with_sizes(stocked_client: TestClient) -> None:
    body = stocked_client.get("/segments").json()
    assert (body["version"], body["users"]) == ("s1", 3)
    assert [(entry["segment_name"], entry["users"]) for entry in body["segments"]] == [("browsers", 2), ("loyal", 1)]


def test_sample_users_are_known_and_differ(stocked_client: TestClient) -> None:
    users = stocked_client.get("/users/sample", params={"n": 3}).json()["users"]
    assert {(user["user_id"], user["source"]) for user in users} == {
        ("u2", "live"),
        ("u1", "model"),
        ("u10", "popular"),
    }
    assert len(stocked_client.get("/users/sample", params={"n": 1}).json()["users"]) == 1


def test_metrics_are_the_stores_newest_points(stocked_client: TestClient, store: EmbeddedStore) -> None:
    store.write(
        [Point("activity", {"event_type": "view"}, {"events": n}, NOON + timedelta(seconds=n)) for n in range(5)]
    )
    body = stocked_client.get("/metrics/activity", params={"limit": 2}).json()
    assert body["points"] == [
        {"time": "2019-11-01T12:00:03Z", "tags": {"event_type": "view"}, "fields": {"events": 3.0}},
        {"time": "2019-11-01T12:00:04Z", "tags": {"event_type": "view"}, "fields": {"events": 4.0}},
    ]
    since = stocked_client.get("/metrics/activity", params={"since": "2019-11-01T12:00:04Z"}).json()
    assert len(since["points"]) == 1
    assert stocked_client.get("/metrics/nothing").json()["points"] == []


def test_a_metric_store_that_is_away_is_one_clear_line(settings: Settings, stocked: Any) -> None:
    away = InfluxStore(replace(settings, influx_url="http://127.0.0.1:9", influx_token="a-secret"))
    client = TestClient(create_app(stocked.backstage, away))
    refused = client.get("/metrics/activity")
    assert refused.status_code == 503
    assert "InfluxDB does not answer" in refused.json()["error"]
    health = client.get("/health").json()
    assert "InfluxDB does not answer" in health["problems"]["metrics"]
    assert "a-secret" not in refused.text + str(health)
    assert client.get("/recommendations/u1").status_code == 200


def test_the_background_thread_starts_and_ends_with_the_service(settings: Settings, shop: Any, tmp_path: Path) -> None:
    with TestClient(create_app(shop.backstage, EmbeddedStore(tmp_path / "metrics.db"))):
        assert shop.backstage._thread.is_alive()
    assert not shop.backstage._thread.is_alive()

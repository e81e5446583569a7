"""What the API answers, and what it makes of what is published and of what users do."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from shoplab.core.settings import Settings
from shoplab.metrics.embedded import EmbeddedStore
from shoplab.metrics.influx import InfluxStore
from shoplab.metrics.point import Point
from shoplab.recommend.model.recommender import Recommender
from tests.serving.conftest import Shop, app_of

NOON = datetime(2019, 11, 1, 12, tzinfo=UTC)
Ask = Callable[..., Any]


def products(body: Any) -> list[str]:
    return [item["product_id"] for item in body["items"]]


def test_a_known_user_is_answered_by_the_model(answers: Ask) -> None:
    body = answers("/recommendations/p0", k=3)
    assert {name: value for name, value in body.items() if name != "items"} == {
        "user_id": "p0", "segment": 0, "segment_name": "browsers", "source": "model", "model_version": "v1",
        "increment": 0,
    }  # fmt: skip
    first = body["items"][0]
    assert (first["category_code"], first["brand"], first["price"]) == ("electronics.smartphone", "xiaomi", 300.0)
    assert [item["rank"] for item in body["items"]] == [1, 2, 3]
    for item in body["items"]:
        groups = item["collaborative"] + item["content"] + item["segment"]
        assert groups == pytest.approx(item["score"], abs=1e-4)
        assert sum(item["sources"].values()) == pytest.approx(item["score"], abs=1e-4)


def test_a_strangers_first_event_changes_the_list_at_once(answers: Ask, stocked: Shop) -> None:
    before = answers("/recommendations/nobody")
    assert (before["source"], before["segment"], before["segment_name"]) == ("popular", None, None)
    stocked.meets("nobody", "s3")
    after = answers("/recommendations/nobody")
    assert after["source"] == "live"
    assert products(after) != products(before)
    assert {product[0] for product in products(after)[:3]} == {"s"}


def test_events_that_the_model_was_trained_on_count_once(answers: Ask, stocked: Shop) -> None:
    before = answers("/recommendations/p0")
    stocked.meets("p0", "s3", at="1970-01-02 00:00:00 UTC")
    assert answers("/recommendations/p0") == before


def test_an_event_that_comes_again_changes_nothing(answers: Ask, stocked: Shop) -> None:
    for _ in range(2):
        stocked.meets("p0", "s3", at="2019-11-01 00:00:00 UTC")
    assert len(answers("/users/p0")["recent"]) == 1


def test_what_is_looked_at_is_not_shown_and_counts_as_met(answers: Ask) -> None:
    body = answers("/recommendations/nobody", context="s3")
    assert body["source"] == "live"
    assert "s3" not in products(body)
    assert {product[0] for product in products(body)[:3]} == {"s"}


def test_only_new_products_where_that_is_asked(answers: Ask, stocked: Shop, tastes: Recommender) -> None:
    stocked.meets("p0", "p1")
    row = tastes.shoppers.index["p0"]
    met = {tastes.products[int(item)].product_id for item in tastes.shoppers.history(row)[0]} | {"p1"}
    assert met & set(products(answers("/recommendations/p0", k=20)))
    assert not met & set(products(answers("/recommendations/p0", k=20, new=True)))


def test_a_visitor_is_answered_by_the_visit(stocked_client: TestClient, stocked: Shop) -> None:
    shoes = stocked_client.post("/recommendations", json={"events": [{"product_id": "s3"}], "k": 4}).json()
    assert (shoes["user_id"], shoes["source"]) == (None, "live")
    assert {product[0] for product in products(shoes)} == {"s"}
    nobody = stocked_client.post("/recommendations", json={}).json()
    assert (nobody["source"], len(nobody["items"])) == ("popular", 10)
    stocked.meets("someone", "s3", session="visit-7")
    followed = stocked_client.post("/recommendations", json={"session": "visit-7", "k": 4}).json()
    assert followed["items"] == shoes["items"]


def test_similar_products_are_others_of_the_kind(answers: Ask, stocked_client: TestClient) -> None:
    found = products(answers("/similar/s3", k=4))
    assert {product[0] for product in found} == {"s"}
    assert "s3" not in found
    unknown = stocked_client.get("/similar/x9")
    assert (unknown.status_code, "not known" in unknown.json()["error"]) == (404, True)


def test_a_user_is_told_with_what_was_done_last(answers: Ask, stocked: Shop) -> None:
    stocked.meets("p2", "s3", "cart", at="2019-11-01 10:00:00 UTC")
    stocked.meets("p2", "unheard of", at="2019-11-01 09:00:00 UTC")
    body = answers("/users/p2")
    assert (body["known"], body["segment_name"], body["rfm_class"], body["p_alive"]) == (
        True,
        "loyal",
        "champions",
        None,
    )
    assert [(event["event_time"], event["product_id"], event["brand"]) for event in body["recent"]] == [
        ("2019-11-01 10:00:00 UTC", "s3", "nike"), ("2019-11-01 09:00:00 UTC", "unheard of", None),
    ]  # fmt: skip
    assert answers("/users/nobody")["known"] is False
    assert answers("/users/a/b")["user_id"] == "a/b"


def test_a_product_has_a_name(answers: Ask, stocked_client: TestClient) -> None:
    assert answers("/products/s3") == {
        "product_id": "s3", "name": "nike shoe s3", "category_code": "apparel.shoes", "brand": "nike", "price": 80.0,
    }  # fmt: skip
    assert stocked_client.get("/products/x9").status_code == 404


def test_the_streams_segment_of_a_user_is_the_newest(answers: Ask, stocked: Shop) -> None:
    stocked.publish_live_segments(0, {"p0": (1, "loyal"), "newcomer": (0, "browsers")})
    stocked.look()
    found = {user: answers(f"/recommendations/{user}")["segment_name"] for user in ("p0", "newcomer", "p2")}
    assert found == {"p0": "loyal", "newcomer": "browsers", "p2": "loyal"}


def test_without_a_table_the_segment_is_the_models(answers: Ask) -> None:
    assert answers("/recommendations/s1")["segment_name"] == "runners"  # in no table, and trained on


def test_a_new_model_and_new_segments_are_taken_up_and_gone_back_from(
    answers: Ask, stocked: Shop, tastes: Recommender
) -> None:
    stocked.publish_model("v2", tastes)
    stocked.publish_segments("s2", {"p0": (3, "returned")})
    for model, segments, name in (("v2", "s2", "returned"), ("v1", "s1", "browsers")):
        stocked.hdfs.files["/data/models/recommender/CURRENT"] = model.encode()
        stocked.hdfs.files["/data/processed/segments/CURRENT"] = segments.encode()
        stocked.look()
        body = answers("/recommendations/p0")
        assert (body["model_version"], body["segment_name"]) == (model, name)


def test_hdfs_going_away_keeps_the_answers_and_health_says_so(answers: Ask, stocked: Shop) -> None:
    stocked.hdfs.away = True
    stocked.look()
    assert answers("/recommendations/p0")["source"] == "model"
    health = answers("/health")
    assert health["status"] == "degraded"
    assert "./lab up --embedded" in health["problems"]["model"]
    stocked.hdfs.away = False
    stocked.look()
    assert answers("/health")["status"] == "ok"


def test_a_damaged_table_keeps_the_old_one(answers: Ask, stocked: Shop) -> None:
    stocked.publish_segments("s2", {"p0": (3, "returned"), "p1": (3, "returned")})
    stocked.hdfs.files["/data/processed/segments/version=s2/part-1.snappy.parquet"] = b"junk"
    stocked.look()
    assert answers("/recommendations/p0")["segment_name"] == "browsers"
    assert "could not be loaded" in answers("/health")["problems"]["segments"]


def test_health_says_what_is_loaded(answers: Ask) -> None:
    health = answers("/health")
    assert (health["status"], health["problems"]) == ("ok", {})
    assert (health["model"]["version"], health["segments"]) == ("v1", {"version": "s1", "users": 3})
    assert answers("/ready") == {"ready": True}


def test_without_a_model_it_runs_and_says_what_to_type(empty_client: TestClient) -> None:
    health = empty_client.get("/health")
    assert (health.status_code, health.json()["status"], health.json()["model"]) == (200, "degraded", None)
    assert "./lab train" in health.json()["problems"]["model"]
    for path in ("/recommendations/u1", "/ready", "/similar/p1"):
        refused = empty_client.get(path)
        assert (refused.status_code, "./lab train" in refused.json()["error"]) == (503, True), path
    assert "./lab segment" in empty_client.get("/segments").json()["error"]
    assert empty_client.get("/users/sample").json() == {"users": []}
    assert empty_client.get("/").status_code == 200


def test_segments_are_listed_with_sizes(answers: Ask) -> None:
    body = answers("/segments")
    assert (body["version"], body["users"]) == ("s1", 3)
    assert [(entry["segment_name"], entry["users"]) for entry in body["segments"]] == [("browsers", 2), ("loyal", 1)]


def test_sample_users_are_known_and_differ(answers: Ask, stocked: Shop) -> None:
    stocked.meets("p2", "s3")
    users = answers("/users/sample", n=3)["users"]
    assert {(user["user_id"], user["source"]) for user in users} == {
        ("p2", "live"), ("p0", "model"), ("stranger", "popular"),
    }  # fmt: skip
    assert len(answers("/users/sample", n=1)["users"]) == 1


def test_points_are_the_stores_newest(answers: Ask, store: EmbeddedStore) -> None:
    store.write([Point("activity", {"event_type": "view"}, {"events": n}, NOON + timedelta(seconds=n)) for n in (3, 4)])
    body = answers("/points/activity", limit=1)
    assert body["points"] == [
        {"time": "2019-11-01T12:00:04Z", "tags": {"event_type": "view"}, "fields": {"events": 4.0}},
    ]
    assert len(answers("/points/activity", since="2019-11-01T12:00:04Z")["points"]) == 1
    assert answers("/points/nothing")["points"] == []


def test_metrics_are_prometheus_text(stocked_client: TestClient) -> None:
    stocked_client.get("/recommendations/p0")
    text = stocked_client.get("/metrics").text
    assert 'shoplab_requests_total{route="/recommendations/{user_id:path}",status="200"} 1.0' in text
    assert 'shoplab_model_info{increment="0",version="v1"} 1.0' in text
    assert "shoplab_request_seconds_bucket" in text


def test_a_metric_store_that_is_away_is_one_clear_line(settings: Settings, stocked: Shop) -> None:
    away = InfluxStore(replace(settings, influx_url="http://127.0.0.1:9", influx_token="a-secret"))
    client = TestClient(app_of(stocked, settings, away))
    refused = client.get("/points/activity")
    assert (refused.status_code, "InfluxDB does not answer" in refused.json()["error"]) == (503, True)
    health = client.get("/health").json()
    assert "InfluxDB does not answer" in health["problems"]["metrics"]
    assert "a-secret" not in refused.text + str(health)
    assert client.get("/recommendations/p0").status_code == 200


def test_the_threads_start_and_end_with_the_service(settings: Settings, shop: Shop, store: EmbeddedStore) -> None:
    with TestClient(app_of(shop, settings, store)):
        assert all(thread.is_alive() for thread in shop.backstage._threads)
    assert not any(thread.is_alive() for thread in shop.backstage._threads)

from datetime import UTC, datetime

import pytest
from fastapi import FastAPI, HTTPException, Request
from fastapi.testclient import TestClient

from shoplab.metrics.point import Point
from shoplab.serving import requests
from shoplab.serving.prometheus import Gauges
from shoplab.serving.requests import CountRequests, Counts, RequestTally

NOON = datetime(2019, 11, 1, 12, tzinfo=UTC)


@pytest.fixture
def tally() -> RequestTally:
    return RequestTally()


@pytest.fixture
def client(tally: RequestTally) -> TestClient:
    app = FastAPI()
    app.add_middleware(CountRequests, counts=Counts(tally, Gauges()))

    @app.get("/users/{user_id}")
    def user(request: Request, user_id: str) -> str:
        request.state.source = "live" if user_id == "a" else "model"
        return user_id

    @app.get("/refused")
    def refused() -> None:
        raise HTTPException(503)

    @app.get("/broken")
    def broken() -> None:
        raise RuntimeError("broken")

    return TestClient(app, raise_server_exceptions=False)


def counted(points: list[Point]) -> dict[tuple[str, str], tuple[object, object]]:
    return {
        (point.tags["route"], point.tags["source"]): (point.fields["count"], point.fields["errors"]) for point in points
    }


def test_requests_are_counted_by_route_and_source_never_by_path(client: TestClient, tally: RequestTally) -> None:
    for path in ("/users/a", "/users/b", "/users/c", "/nowhere/42", "/refused", "/broken"):
        client.get(path)
    points = tally.points(NOON)
    assert counted(points) == {
        ("/users/{user_id}", "live"): (1, 0),
        ("/users/{user_id}", "model"): (2, 0),
        ("other", "none"): (1, 0),
        ("/refused", "none"): (1, 1),
        ("/broken", "none"): (1, 1),
    }
    assert {(point.measurement, point.time) for point in points} == {("api_requests", NOON)}
    assert all(0 < point.fields["p50_ms"] <= point.fields["p95_ms"] for point in points)  # type: ignore[operator]


def test_each_round_counts_from_0_and_silence_is_no_point(client: TestClient, tally: RequestTally) -> None:
    client.get("/users/a")
    tally.points(NOON)
    assert tally.points(NOON) == []


def test_percentiles_are_of_the_newest_requests(tally: RequestTally, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requests, "MOST_TIMES", 100)
    for ms in [1_000.0] * 50 + [float(n) for n in range(1, 101)]:
        tally.add("/", "none", ms, failed=False)
    [point] = tally.points(NOON)
    assert point.fields == {"count": 150, "errors": 0, "p50_ms": 50.5, "p95_ms": pytest.approx(95.05)}

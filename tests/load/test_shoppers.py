"""Shoppers by the command, on a small server that answers as the API does."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Timer
from typing import Any

import pytest
from click.testing import CliRunner, Result

from shoplab.core.errors import LabError
from shoplab.core.settings import Settings
from shoplab.load.commands import load
from shoplab.metrics.embedded import EmbeddedStore
from tests.load.stub import USERS, Stub, serving


@contextmanager
def lab_of(settings: Settings, folder: Path, stub: Stub) -> Iterator[Settings]:
    """Settings of a lab whose API is the stub."""
    with serving(stub):
        yield replace(settings, home=folder, api_port=stub.port, influx_url="")


def command(settings: Settings, *arguments: str) -> tuple[Result, dict[str, Any]]:
    """A load of shoppers, and its JSON."""
    kept = ["--json", str(settings.home / "load.json"), "--report", str(settings.home / "load.html")]
    done = CliRunner().invoke(load, [*arguments, *kept, "shoppers"], obj=settings)
    log = settings.log_dir / "load.log"
    said = f"{done.output} {done.exception!r} {log.exists() and log.read_text()}"
    assert (settings.home / "load.json").exists(), said
    return done, json.loads((settings.home / "load.json").read_text())


def test_shoppers_browse_look_at_the_like_fill_carts_and_buy(settings: Settings, tmp_path: Path) -> None:
    stub = Stub()
    with lab_of(settings, tmp_path, stub) as lab:
        _, found = command(lab, "--rate", "300", "--time", "3s")
    assert found["total"]["failures"] == 0, found["errors"]
    assert {row["name"] for row in found["requests"]} == {
        "GET /recommendations/{user}", "GET /recommendations/{stranger}", "GET /recommendations/{user}?context",
        "GET /similar/{product}", "GET /products/{product}", "POST /recommendations", "POST /events",
    }  # fmt: skip
    assert {event["event_type"] for event in stub.events} == {"view", "cart", "purchase"}
    shoppers = {event["user_id"] for event in stub.events}
    assert len(shoppers) > 100
    assert 0.55 < sum(user.startswith("u") for user in shoppers) / len(shoppers) < 0.85  # --unknown 0.3
    assert found["total"]["requests"] == pytest.approx(900, rel=0.25)
    assert found["generator"]["due"] == found["total"]["requests"] + found["generator"]["unsent"]
    written(tmp_path, found)


def written(folder: Path, found: dict[str, Any]) -> None:
    """HTML, CSV and metric points hold the same figures."""
    assert "/similar/{product}" in (folder / "load.html").read_text()
    assert f"Aggregated,{found['total']['requests']}," in (folder / "load_stats.csv").read_text()
    assert (folder / "load_stats_history.csv").exists()
    store = EmbeddedStore(folder / "metrics.db")
    [total] = store.query("load_test", tags={"request": "all"})
    assert total.tags["shape"] == "steady"
    assert total.fields["p95_ms"] == found["total"]["p95"]
    assert len(store.query("load_test")) == len(found["requests"]) + 1
    assert len(store.query("load_phase")) == 1
    [generator] = store.query("load_generator")
    assert generator.fields["lateness_p95_ms"] == found["generator"]["lateness"]["p95"]


def test_a_stall_counts_for_all_who_would_have_met_it(settings: Settings, tmp_path: Path) -> None:
    """A second of three: a third of the requests is due in it. Two connections that wait would send two requests, and
    of 200 the worst would be those two.
    """
    stub = Stub()
    with lab_of(settings, tmp_path, stub) as lab:
        stalls = Timer(0.2, _stall_when_asked, [stub])
        stalls.start()
        _, found = command(lab, "--rate", "100", "--time", "3s", "--users", "2")
        stalls.join()
    assert found["total"]["p90"] > 200
    assert found["total"]["max"] > 800
    assert found["generator"]["due"] == found["total"]["requests"] + found["generator"]["unsent"]


def _stall_when_asked(stub: Stub) -> None:
    """For a second, after the load has begun."""
    while stub.asked["POST /events"] < 20:
        time.sleep(0.02)
    stub.loop.call_soon_threadsafe(time.sleep, 1.0)


def test_where_the_api_is_the_limit_that_is_said(settings: Settings, tmp_path: Path) -> None:
    with lab_of(settings, tmp_path, Stub(delay=0.2)) as lab:
        done, found = command(lab, "--rate", "100", "--time", "2s", "--users", "4")
    assert done.exit_code == 0, done.output
    assert "the API was the limit: " in done.output
    assert "for one of 4 connections" in done.output
    assert found["generator"]["unsent"] > 0
    assert found["generator"]["service"]["p50"] > 190
    assert found["total"]["p95"] > 2 * found["generator"]["service"]["p50"]


def test_where_locust_is_the_limit_that_is_said_and_exit_code_1(settings: Settings, tmp_path: Path) -> None:
    with lab_of(settings, tmp_path, Stub()) as lab:
        done, found = command(lab, "--rate", "50000", "--time", "2s")
    assert done.exit_code == 1, done.output
    assert "lab: the load generator was the limit: " in done.output
    assert found["generator_was_the_limit"] is True
    assert found["generator"]["busy"] > 0.9


def test_a_spike_in_two_processes(settings: Settings, tmp_path: Path) -> None:
    with lab_of(settings, tmp_path, Stub()) as lab:
        done, found = command(lab, "--shape", "spike", "--rate", "200", "--time", "5s", "--processes", "2")
    assert found["generator"]["processes"] == 2
    assert found["total"]["requests"] == sum(row["requests"] for row in found["phases"])
    assert found["generator"]["due"] == found["total"]["requests"] + found["generator"]["unsent"]
    assert [row["phase"] for row in found["phases"]] == ["before", "spike", "after"]
    before, spike, after = (row["rate"] for row in found["phases"])
    assert spike > 3 * max(before, after)
    assert "spike" in done.output


def test_who_only_looks_sends_no_events(settings: Settings, tmp_path: Path) -> None:
    stub = Stub()
    with lab_of(settings, tmp_path, stub) as lab:
        command(lab, "--read-only", "--unknown", "0", "--rate", "100", "--time", "1s")
    assert stub.events == []
    assert stub.users
    assert {user[0] for user in stub.users} == {"u"}
    assert stub.asked["GET /users"] >= 5  # more than one answer holds
    assert USERS > 1_000


def test_steps_play_sessions_in_a_closed_loop(settings: Settings, tmp_path: Path) -> None:
    stub = Stub(delay=0.01)
    with lab_of(settings, tmp_path, stub) as lab:
        done, found = command(lab, "--users", "4", "--time", "4s", "--steps", "2")
    assert done.exit_code == 0, done.output
    assert [step["users"] for step in found["steps"]] == [2, 4]
    assert sum(step["requests"] for step in found["steps"]) <= found["total"]["requests"]
    assert all(step["requests"] > 0 and step["p95"] >= step["p50"] for step in found["steps"])
    assert found["phases"] == []


def test_failures_over_the_ratio_are_exit_code_1(settings: Settings, tmp_path: Path) -> None:
    with lab_of(settings, tmp_path, Stub(broken="/similar")) as lab:
        done, found = command(lab, "--time", "2s")
    assert done.exit_code == 1
    assert "GET /similar/{product}: status 500" in done.output
    assert "requests failed, more than --fail-ratio 0.01" in done.output
    assert f"('status 500'),{found['total']['failures']}," in (tmp_path / "load_failures.csv").read_text()
    assert found["total"]["failures"] > 0


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--shape", "flood"], "'flood' is not one of"),
        (["--shape", "spike", "kafka"], "leave out --steps, or name shoppers"),
        (["--shape", "ramp", "--steps", "2", "shoppers"], "leave out --steps"),
        (["--unknown", "1.1"], "1.1 is not in the range"),
        (["--processes", "2"], "--processes is for shoppers alone"),
        (["--processes", "17", "shoppers"], "17 is not in the range"),
        (["--processes", "2", "--users", "1", "shoppers"], "--users is to be no fewer"),
        (["--rate", "10000", "--time", "2m", "shoppers"], "that makes 1,200,000 requests, and 1,000,000 are the most"),
        (["--with-stream", "0", "shoppers"], "0.0 is not in the range"),
        (["--with-stream", "100000", "--time", "1m", "shoppers"], "over 3,000,000 events in 60 s"),
    ],
)
def test_bad_input_is_one_line(settings: Settings, arguments: list[str], told: str) -> None:
    done = CliRunner().invoke(load, arguments, obj=settings)
    assert told in done.output + str(done.exception)
    assert getattr(done.exception, "exit_code", done.exit_code) == 2


def test_a_stream_goes_to_this_machine_only(settings: Settings) -> None:
    away = replace(settings, kafka_bootstrap="203.0.113.7:9")
    done = CliRunner().invoke(load, ["--with-stream", "100", "shoppers"], obj=away)
    assert isinstance(done.exception, LabError)
    assert "not to 203.0.113.7:9" in str(done.exception)

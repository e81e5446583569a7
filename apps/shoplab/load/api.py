"""Measures the API: requests a second, how long they take, how soon a click counts, memory, and a switch of models."""

import asyncio
import random
import statistics
import time
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import orjson

from shoplab.core.catalog import Catalog
from shoplab.core.console import Say
from shoplab.core.errors import ServiceError
from shoplab.core.settings import Settings
from shoplab.load.api_model import make_model
from shoplab.load.api_parts import Sender, ServeProcess, publish
from shoplab.load.http import Pool, Timings, at_rate, get, post
from shoplab.load.stream import bench_lab

CONNECTIONS = 32
MIX = 1_000.0  # requests a second
SWITCH = 500.0
OTHERS = 300.0  # of GET /similar and POST /recommendations
BOUND_MS = 20.0  # p90 of what counts as sustained
LATE_MS = 5.0  # p99 of the generator's own lateness, beyond which it was the limit
_STEP = 1.15


@dataclass(frozen=True)
class Size:
    """events: of the month that the model is fitted on; users: that it knows; seconds: of the mix; memory_s: of load
    between two looks at memory.
    """

    events: int
    users: int
    seconds: float
    memory_s: float
    workers: int = 2


QUICK, FULL = Size(200_000, 100_000, 15, 30), Size(1_500_000, 1_000_000, 60, 600)


@dataclass(frozen=True)
class ApiFigures:
    """rps: reached of the mix asked for at 1,000 a second, half of it for users with events newer than their last
    answer, the others anybody, with its percentiles from when a request was due; errors: answers of another status and
    none. max_rps: the highest rate kept up with p90 < 20 ms; one_worker_rps: that of one process. event_to_list_p95_ms:
    from POST /events to a changed list. ready_s: from the start to the first answer. rss_mib: of all processes, shared
    pages counted once; growth: of that under load, in parts. switch: a new model under 500 requests a second. others:
    p90 of GET /similar and POST /recommendations. late_p99_ms: the generator's own lateness.
    """

    rps: float
    p50_ms: float
    p90_ms: float
    p99_ms: float
    errors: int
    max_rps: float
    one_worker_rps: float
    event_to_list_p95_ms: float
    ready_s: float
    rss_mib: float
    rss_growth: float
    switch_failed: int
    switch_p99_ms: float
    similar_p90_ms: float
    visit_p90_ms: float
    late_p99_ms: float
    products: int
    users: int

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def measure(settings: Settings, size: Size, say: Say) -> ApiFigures:
    """In an embedded lab of its own."""
    with bench_lab(settings, "10s", say) as own:
        model = make_model(own.home, size.events, size.users, say)
        say("publishing it")
        publish(own, model)
        drive = _Drive(own, model.shoppers.ids, model.products.ids)
        facts = {"products": len(model.products), "users": len(model.shoppers.ids)}
        del model
        say("one worker")
        with ServeProcess(own, 1) as served:
            one = asyncio.run(drive.highest(say))
        with ServeProcess(own, size.workers) as served:
            return ApiFigures(**asyncio.run(_measured(drive, served, size, own, say)), one_worker_rps=one, **facts)


async def _measured(drive: "_Drive", served: ServeProcess, size: Size, settings: Settings, say: Say) -> dict[str, Any]:
    await drive.mix(MIX / 2, 3)  # warm
    say(f"{MIX:,.0f} requests a second for {size.seconds:g} s")
    started = time.perf_counter()
    mix = await drive.mix(MIX, size.seconds)
    rps = len(mix.ms) / (time.perf_counter() - started)
    say("POST /events to a changed list")
    to_list = await drive.event_to_list(40)
    say("GET /similar and POST /recommendations")
    similar, visit = await drive.similar(OTHERS, 10), await drive.visits(OTHERS, 10)
    say(f"{size.memory_s:g} s of load, for memory")
    before = served.shared_mib()
    await drive.mix(MIX / 2, size.memory_s)
    after = served.shared_mib()
    say("a switch of models")
    switch = await drive.switch(settings, SWITCH)
    say("the highest rate")
    highest = await drive.highest(say)
    p50, p90, p99 = percentiles(mix.ms, 50, 90, 99)
    return {
        "rps": round(rps), "p50_ms": p50, "p90_ms": p90, "p99_ms": p99, "errors": mix.failed, "max_rps": highest,
        "event_to_list_p95_ms": percentiles(to_list, 95)[0], "ready_s": round(served.ready_s, 1),
        "rss_mib": round(after), "rss_growth": round(after / before - 1, 3), "switch_failed": switch.failed,
        "switch_p99_ms": percentiles(switch.ms, 99)[0], "similar_p90_ms": percentiles(similar.ms, 90)[0],
        "visit_p90_ms": percentiles(visit.ms, 90)[0], "late_p99_ms": percentiles(mix.late_ms, 99)[0],
    }  # fmt: skip


class _Drive:
    """Asks as the bench wants it. users, products: ids that the model knows."""

    def __init__(self, settings: Settings, users: tuple[str, ...], products: list[str]) -> None:
        self._settings, self._users, self._products = settings, users, products
        self._rng = random.Random(7)
        self._met: deque[str] = deque()  # users with an event since they were asked for

    async def mix(self, rate: float, seconds: float) -> Timings:
        """Half of the requests for users with new events, which go to Kafka beside it."""
        sender = Sender(self._settings, self._event, rate / 2)
        pool = Pool(self._settings.api_port)
        await pool.open(CONNECTIONS)
        sender.start()
        try:
            return await at_rate(pool, rate, seconds, self._ask)
        finally:
            sender.stop()
            pool.close()

    def _event(self) -> tuple[str, str]:
        """User and product of an event that is sent now."""
        user, product = self._rng.choice(self._users), self._rng.choice(self._products)
        self._met.append(user)
        return user, product

    def _ask(self) -> bytes:
        user = self._met.popleft() if self._met and self._rng.random() < 0.5 else self._rng.choice(self._users)
        return get(f"/recommendations/{user}?k=10")

    async def similar(self, rate: float, seconds: float) -> Timings:
        return await self._at(rate, seconds, lambda: get(f"/similar/{self._rng.choice(self._products)}"))

    async def visits(self, rate: float, seconds: float) -> Timings:
        def visit() -> bytes:
            met = [{"product_id": self._rng.choice(self._products), "event_type": "view"} for _ in range(4)]
            return post("/recommendations", orjson.dumps({"events": met}))

        return await self._at(rate, seconds, visit)

    async def _at(self, rate: float, seconds: float, request: Callable[[], bytes]) -> Timings:
        pool = Pool(self._settings.api_port)
        await pool.open(CONNECTIONS)
        try:
            return await at_rate(pool, rate, seconds, request)
        finally:
            pool.close()

    async def event_to_list(self, times: int) -> list[float]:
        """Milliseconds from POST /events to a GET whose list is another, asked again and again."""
        pool, found = Pool(self._settings.api_port), []
        await pool.open(2)
        for _ in range(times):
            user, product = self._rng.choice(self._users), self._rng.choice(self._products)
            _, before = await pool.one(get(f"/recommendations/{user}"))
            event = {"user_id": user, "product_id": product, "event_type": "cart", "user_session": "bench"}
            sent = time.perf_counter()
            status, said = await pool.one(post("/events", orjson.dumps(event)))
            if status != 202:
                raise ServiceError(f"POST /events said {status}: {said.decode(errors='replace')[:200]}")
            while (await pool.one(get(f"/recommendations/{user}")))[1] == before:
                if time.perf_counter() - sent > 20:
                    raise ServiceError("20 s after POST /events the list is the same")
                await asyncio.sleep(0.002)
            found.append((time.perf_counter() - sent) * 1000)
        pool.close()
        return found

    async def switch(self, settings: Settings, rate: float) -> Timings:
        """A new version of the same model while it answers."""
        load = asyncio.create_task(self.mix(rate, 20))
        await asyncio.sleep(2)
        catalog = Catalog(settings)
        await asyncio.to_thread(_publish_again, catalog)
        return await load

    async def highest(self, say: Say) -> float:
        """Requests a second, from 300 on each time by so much more, as long as p90 stays below BOUND_MS."""
        rate, kept = 300.0, 0.0
        while rate < 20_000:
            found = await self.mix(rate, 4)
            p90 = percentiles(found.ms, 90)[0]
            say(f"{rate:,.0f} requests a second: p90 {p90} ms")
            if p90 > BOUND_MS or found.failed:
                break
            kept, rate = rate, rate * _STEP
        return round(kept)


def _publish_again(catalog: Catalog) -> None:
    """The current version once more under another name."""
    current = catalog.current("models/recommender")

    def copy(path: str) -> None:
        for file in catalog.storage.walk(current):
            catalog.storage.write(path + file.removeprefix(current), catalog.storage.read(file))

    catalog.publish("models/recommender", copy)


def percentiles(values: list[float], *of: float) -> list[float]:
    return [round(float(value), 2) for value in np.percentile(values or [float("nan")], of)]


def medians(found: list[dict[str, Any]]) -> dict[str, Any]:
    return {name: statistics.median(one[name] for one in found) for name in found[0]}

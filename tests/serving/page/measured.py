"""Points as a running stream and the jobs write them (docs/metrics.md): a batch every 5 s, the last 80 of them."""

import math
import random
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from tests.serving.page.goods import CATALOGUE, SEGMENTS

BATCHES, EVERY_S = 80, 5
Fields = dict[str, Any]
Point = dict[str, Any]


def measured(measurement: str) -> list[Point]:
    """Oldest first; none of a measurement that nobody wrote."""
    if measurement in _JOBS:
        return [_point(datetime(2019, 10, 1, tzinfo=UTC), tags, fields) for tags, fields in _JOBS[measurement]]
    if measurement not in _BATCH:
        return []
    newest = int(time.time() / EVERY_S)
    found = []
    for number in range(newest - BATCHES + 1, newest + 1):
        at = datetime.fromtimestamp(number * EVERY_S, UTC)
        found += [_point(at, tags, fields) for tags, fields in _BATCH[measurement](number)]
    return found


def _point(at: datetime, tags: dict[str, str], fields: Fields) -> Point:
    return {"time": at.isoformat(), "tags": tags, "fields": fields}


def _rows(number: int) -> int:
    return 480 + round(140 * math.sin(number / 9)) + random.Random(number).randrange(60)


def _stream_batch(number: int) -> Iterator[tuple[dict[str, str], Fields]]:
    chance, rows = random.Random(number), _rows(number)
    rejected = chance.randrange(4) if chance.random() < 0.2 else 0
    yield {}, {"rows": rows, "new": rows - rejected, "duplicates": chance.randrange(9) // 7, "rejected": rejected,
               "dead": min(1, rejected), "late": chance.randrange(8) // 7, "users": rows // 4, "segment_change": 0.01,
               "duration_ms": 380 + rows / 4 + chance.randrange(80), "latency_p50_ms": 1400 + chance.randrange(500),
               "latency_max_ms": 3900 + chance.randrange(900)}  # fmt: skip


def _activity(number: int) -> Iterator[tuple[dict[str, str], Fields]]:
    rows, chance = _rows(number), random.Random(number)
    parts = {"view": 0.86, "cart": 0.08, "remove_from_cart": 0.02, "purchase": 0.04}
    for name, part in parts.items():
        events = round(rows * part * (0.85 + 0.3 * chance.random()))
        yield {"event_type": name}, {"events": events, "revenue": events * 291.4 if name == "purchase" else 0}


def _segment_size(number: int) -> Iterator[tuple[dict[str, str], Fields]]:
    for place, (name, share) in enumerate(zip(SEGMENTS, (0.08, 0.17, 0.52, 0.23), strict=True)):
        moved = share + 0.004 * math.sin(number / 20 + 2 * place)
        yield {"segment": name}, {"users": round(120 * share), "share": share, "all_users": round(3_022_290 * moved),
                                  "all_share": moved, "change": 0.001}  # fmt: skip


def _segment_centre(number: int) -> Iterator[tuple[dict[str, str], Fields]]:
    for place, name in enumerate(SEGMENTS):
        yield {"segment": name}, {"drift": 0.11 + 0.07 * place, "users": 1000}


def _top_product(number: int) -> Iterator[tuple[dict[str, str], Fields]]:
    products = random.Random(number).sample(list(CATALOGUE)[:14], 10)
    for rank, product in enumerate(products, start=1):
        yield {"rank": str(rank)}, {"product_id": product, "events": 24 - 2 * rank}


def _quality(number: int) -> Iterator[tuple[dict[str, str], Fields]]:
    for place, segment in enumerate(("all", *SEGMENTS)):
        for name, level in (("served", 0.55), ("base", 0.52), ("popularity", 0.09)):
            hit = level + 0.02 * math.sin(number / 11 + place + level)
            yield {"segment": segment, "list": name}, {"hit20": hit, "mrr20": hit * 0.64, "cases": 812}


def _learning(number: int) -> Iterator[tuple[dict[str, str], Fields]]:
    yield {}, {"increment": 12, "events": _rows(number), "unknown_share": 0.137, "gain": 0.021, "p": 0.004}


def _kafka(number: int) -> Iterator[tuple[dict[str, str], Fields]]:
    waiting = max(0, round(300 + 280 * math.sin(number / 6)))
    yield {}, {"messages": 100 * number, "processed": 100 * number - waiting, "waiting": waiting}


_BATCH = {
    "stream_batch": _stream_batch, "activity": _activity, "segment_size": _segment_size, "kafka": _kafka,
    "segment_centre": _segment_centre, "top_product": _top_product, "recommendation_quality": _quality,
    "learning": _learning,
}  # fmt: skip
_STEPS = {"viewed": 1.0, "carted": 0.142, "purchased": 0.067, "abandoned": 0.081}
_JOBS = {
    "shop_funnel": [({"step": s}, {"sessions": round(9_244_421 * part), "share": part}) for s, part in _STEPS.items()],
    "segment_churn": [
        ({"segment": name}, {"stayed": 41_200 + 900 * place, "left": 8_400, "joined": 7_900, "new": 12_055})
        for place, name in enumerate(SEGMENTS)
    ],
}  # fmt: skip

"""What is learned, and how good it is, as metric points; docs/metrics.md. Their time is the batch's last arrival."""

import datetime as dt
from collections.abc import Mapping, Sequence

from shoplab.metrics.point import Field, Point
from shoplab.streaming.learning.prequential import BASE, POPULAR, SERVED, Judged, figures


def quality_points(by_segment: Mapping[str, Sequence[Judged]], at: dt.datetime) -> list[Point]:
    """recommendation_quality of every kind of list, in all and by segment."""
    found = []
    for segment, judged in by_segment.items():
        for name in (SERVED, BASE, POPULAR):
            cases, hit, mrr = figures(judged, name)
            if cases:
                fields: dict[str, Field] = {"hit20": hit, "mrr20": mrr, "cases": cases}
                found.append(Point("recommendation_quality", {"segment": segment, "list": name}, fields, at))
    return found


def learning_point(fields: Mapping[str, float], at: dt.datetime) -> Point:
    return Point("learning", {}, dict(fields), at)

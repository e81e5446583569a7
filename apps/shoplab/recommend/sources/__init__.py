"""The candidate sources: each one way to find products for a case, all behind one interface.

A source is a file here, and a line in SOURCES.
"""

from collections.abc import Sequence

from shoplab.recommend.sources.als import Als
from shoplab.recommend.sources.base import GROUPS, Pairs, Source, Training
from shoplab.recommend.sources.content import Content
from shoplab.recommend.sources.covisits import Covisits
from shoplab.recommend.sources.neighbours import Neighbours
from shoplab.recommend.sources.popularity import Popularity
from shoplab.recommend.sources.recent import Recent
from shoplab.recommend.sources.segment_popularity import SegmentPopularity

SOURCES: tuple[type[Source], ...] = (Recent, Covisits, Neighbours, Als, Content, SegmentPopularity, Popularity)


def check(sources: Sequence[type[Source]]) -> None:
    """ValueError for a source that no blend could take up: two of one name, a group that is none, a weight below 0, a
    feature that another has.
    """
    names, features = [one.name for one in sources], [name for one in sources for name in one.features]
    for one in sources:
        if names.count(one.name) > 1:
            raise ValueError(f"two sources are called {one.name!r}")
        if one.group not in GROUPS:
            raise ValueError(f"source {one.name!r} is of the group {one.group!r}, which is none of {', '.join(GROUPS)}")
        if min(one.weight, one.floor) < 0 or one.weight + one.floor == 0:
            raise ValueError(f"source {one.name!r} weighs nothing in the fixed blend, or less")
        for name in one.features:
            if features.count(name) > 1:
                raise ValueError(f"source {one.name!r} has the feature {name!r}, as another has")


check(SOURCES)  # at start, not in the middle of a training

__all__ = ["SOURCES", "Pairs", "Source", "Training", "check"]

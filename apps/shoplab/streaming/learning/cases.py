"""Events to judge lists by: a bounded sample of a micro-batch, each with what its user had done before it."""

from collections import defaultdict
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from shoplab.recommend.data.feedback import Feedback
from shoplab.recommend.data.histories import UserContext
from shoplab.streaming.learning.telling import seconds

RECENT = 20  # events of a user that the recommender looks at

Did = list[tuple[str, str]]  # (product, event type), newest last


class Case(NamedTuple):
    """A user as they were before an event, and the product it was on."""

    user: UserContext
    product_id: str


def sample(events: pa.Table, feedback: Feedback, before: Callable[[str], Did], most: int, seed: int) -> list[Case]:
    """At most so many of a batch's EVENT rows that tell, evenly drawn; the same seed draws the same ones. before: what
    a user did last before the batch. To it come the batch's own events, but none from the drawn one on.
    """
    tells = np.flatnonzero(pc.is_in(events["event_type"], pa.array(feedback.types)).to_numpy(zero_copy_only=False))
    drawn = tells if len(tells) <= most else np.random.default_rng(seed).choice(tells, most, replace=False)
    drawn_users = pc.unique(events["user_id"].take(pa.array(np.sort(drawn))))
    theirs = np.flatnonzero(pc.is_in(events["user_id"], drawn_users).to_numpy(zero_copy_only=False))
    some = events.select(["user_id", "product_id", "event_type", "event_time"]).take(pa.array(theirs))
    order = np.argsort(seconds(some), kind="stable")
    columns = (some[name].to_pylist() for name in ("user_id", "product_id", "event_type"))
    rows = list(zip(*columns, strict=True))
    wanted, meanwhile, cases = set(drawn.tolist()), defaultdict[str, Did](list), []
    for place in order.tolist():
        user, product, kind = rows[place]
        if int(theirs[place]) in wanted:
            did = [*before(user), *meanwhile[user]][-RECENT:]
            cases.append(Case(UserContext(user, None, did), product))
        meanwhile[user].append((product, kind))
    return cases

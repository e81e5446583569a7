"""Sessions of a block of users: when they start, how long they are, what becomes of them. A user's never overlap."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shoplab.events.generator.calendar import DAY, HOUR, SALE_ORDERS, Month
from shoplab.events.generator.profiles import ONE_OFF, TRAITS, Floats, Ints
from shoplab.events.generator.users import Users

MAX_EVENTS = 1159  # in one session: October's longest
REST = 31 * 60  # seconds between two sessions of a user, at least
SHORTEST_GAP, LONGEST_GAP = 1, 29 * 60
GAP_SIGMA = 0.85
UNBROKEN = 100  # sessions longer than this have no pauses: one user's month must hold them all
REOPENED = 0.002  # share of sessions of two or more events that go on, under the same id, hours later
MAX_UNITS = 12
LEAD = 25 * 60  # sessions start this much before their average event, and the calendar is one of events


@dataclass(frozen=True)
class Sessions:
    """One block of sessions, by user and then by time. One entry per session."""

    user: Ints  # row in Users
    profile: Ints
    start: Ints  # seconds of the month, before overlaps are resolved
    events: Ints
    units: Ints  # products bought or left in the cart
    ordered: Ints  # 1: the units are bought, 0: left in the cart


def make_sessions(users: Users, month: Month, rng: np.random.Generator) -> Sessions:
    """Sessions of a month: how many a user has, their start times, lengths and outcomes follow from the profile."""
    count = _sessions_per_user(users.profile, rng)
    user = np.repeat(np.arange(len(count)), count)
    start = _starts(month, rng.random(len(user)))
    order = np.lexsort((start, user))
    start = start[order]
    profile = users.profile[user]
    ordered, abandoned = _outcomes(profile, start, np.cumsum(count) - 1, month, rng)
    units = np.where(ordered | abandoned, 1 + _more_items(profile, rng), 0)
    length = np.ceil(rng.lognormal(TRAITS["length_mu"][profile], TRAITS["length_sigma"][profile])).astype(np.int64)
    events = np.clip(np.maximum(length, 3 * units), 1, MAX_EVENTS)
    events = np.where((units == 1) & (length < 3), 3 - (rng.random(len(user)) > TRAITS["cart_first"][profile]), events)
    return Sessions(user, profile, start, events, units, ordered.astype(np.int64))


def _sessions_per_user(profile: Ints, rng: np.random.Generator) -> Ints:
    more = np.floor(rng.lognormal(TRAITS["sessions_mu"][profile], TRAITS["sessions_sigma"][profile]))
    return np.minimum(TRAITS["sessions_min"][profile] + more, TRAITS["sessions_max"][profile]).astype(np.int64)


def _starts(month: Month, uniform: Floats) -> Ints:
    edges = month.start_edges()
    drawn = np.interp(uniform, edges, np.arange(len(edges)) * HOUR).astype(np.int64)
    return (drawn - LEAD) % month.seconds


def _outcomes(
    profile: Ints, start: Ints, last: Ints, month: Month, rng: np.random.Generator
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    on_sale = month.sale_days()[start // DAY]
    order = TRAITS["order"][profile] * np.where(on_sale, SALE_ORDERS, 1.0)
    is_last = np.zeros(len(profile), dtype=bool)
    is_last[last] = True
    ordered = (rng.random(len(profile)) < order) | (is_last & (profile == ONE_OFF))
    return ordered, ~ordered & (rng.random(len(profile)) < TRAITS["abandon"][profile])


def _more_items(profile: Ints, rng: np.random.Generator) -> Ints:
    return np.minimum(rng.geometric(1 - TRAITS["items"][profile]) - 1, MAX_UNITS - 1)


def event_times(sessions: Sessions, session: Ints, first: Ints, month: Month, rng: np.random.Generator) -> Ints:
    """Seconds of the month for each event. `session`: its session; `first`: the first event of each session."""
    gaps = _gaps(sessions, session, rng)
    gaps[first] = 0
    elapsed = np.cumsum(gaps)
    within = elapsed - elapsed[first][session]
    duration = within[np.append(first[1:], len(session)) - 1]
    return _without_overlaps(sessions, duration, month)[session] + within


def _gaps(sessions: Sessions, session: Ints, rng: np.random.Generator) -> Ints:
    """Seconds since the event before: mostly short, sometimes a pause, rarely hours in which the tab stayed open."""
    profile = sessions.profile[session]
    short = TRAITS["gap"][profile] * np.exp(GAP_SIGMA * rng.standard_normal(len(session)))
    gaps = np.clip(short, SHORTEST_GAP, LONGEST_GAP)
    pauses = rng.random(len(session)) < TRAITS["pause"][profile] * (sessions.events <= UNBROKEN)[session]
    gaps[pauses] = rng.uniform(10 * 60, LONGEST_GAP, int(pauses.sum()))
    reopened = rng.random(len(session)) * (sessions.events - 1).clip(1)[session] < REOPENED
    gaps[reopened] = rng.uniform(HOUR, 18 * HOUR, int(reopened.sum()))
    return gaps.astype(np.int64)


def _without_overlaps(sessions: Sessions, duration: Ints, month: Month) -> Ints:
    """Start times, moved later until each user's sessions are apart, then earlier until the last fits the month.

    With `before` the room taken by earlier sessions, "apart" means that start - before never falls within a user:
    a running maximum, done for all users at once by lifting each user above the one before.
    """
    room = duration + REST
    before = np.cumsum(room) - room
    lift = sessions.user * (month.seconds + int(room.sum()) + 1) - before
    earliest = np.maximum.accumulate(sessions.start + lift)
    latest = np.minimum.accumulate((month.seconds - 1 - duration + lift)[::-1])[::-1]
    return np.minimum(earliest, latest) - lift

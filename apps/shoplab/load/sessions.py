"""When shoppers ask for what: sessions as the data has them, arriving by chance at a rate that no answer holds up."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shoplab.events.generator.calendar import parse_month
from shoplab.events.generator.events import VIEW, make_rows
from shoplab.events.generator.products import make_catalogue
from shoplab.events.generator.users import make_users
from shoplab.load.shapes import Floats, factor, phase_of

Ints = NDArray[np.int64]

# What a shopper's browser asks for. EVENT + type: that the click is reported, by the generator's number of its type
LAND, PRODUCT, SIMILAR, BESIDE, EVENT = 0, 1, 2, 3, 4
PAGES = ((PRODUCT, 0.4), (SIMILAR, 0.3), (BESIDE, 0.3))  # what a view shows: the product, its like, a list beside it
REPORTED_S = (0.05, 0.5)  # a click is reported when its page is there
MONTH = "2019-10"  # the one that the generator is calibrated on


@dataclass(frozen=True)
class Pool:
    """Sessions to draw from. first: each one's first request, with the end appended; kind, at: of every request, `at`
    in seconds since the session began, ascending within it.
    """

    first: Ints
    kind: Ints
    at: Floats

    @property
    def duration(self) -> Floats:
        """Seconds from the first request to the last, by session."""
        return np.asarray(self.at[self.first[1:] - 1], dtype=np.float64)

    @property
    def requests(self) -> float:
        """Of a session, on average."""
        return len(self.kind) / (len(self.first) - 1)


@dataclass(frozen=True)
class Schedule:
    """Requests in the order in which they are due. due: seconds since the run began; session: number of the session in
    this run; phase: of the shape; is_last: whether it is its session's last one in this run.
    """

    due: Floats
    session: Ints
    kind: Ints
    phase: Ints
    is_last: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.due)


def draw_pool(seed: int) -> Pool:
    """Some 24,000 sessions of the generator, which is calibrated on REES46's October 2019 (docs/generator.md): lengths,
    event types in their order, and seconds between them, with its pauses. A view asks for a page and is reported, a
    cart or a purchase is reported, and a session begins with a list of recommendations.
    """
    month, rng = parse_month(MONTH), np.random.default_rng([seed, 7])
    catalogue = make_catalogue(month)
    rows = make_rows(make_users(catalogue, month, seed, 0), catalogue, month, rng)
    session, kind = rows["session"].astype(np.int64), rows["type"].astype(np.int64)
    first = np.flatnonzero(np.diff(session, prepend=-1))
    at = (rows["time"] - rows["time"][first][session]).astype(np.float64)
    views = np.flatnonzero(kind == VIEW)
    pages, weights = zip(*PAGES, strict=True)
    session = np.concatenate([session[first], session[views], session])
    kinds = [np.full(len(first), LAND), rng.choice(pages, len(views), p=weights), EVENT + kind]
    at = np.concatenate([np.zeros(len(first)), at[views], at + rng.uniform(*REPORTED_S, len(at))])
    at[len(first) : len(first) + len(views)] += 0.001  # behind the list that the session begins with
    order = np.lexsort((at, session))
    ends = np.searchsorted(session[order], np.arange(len(first) + 1))
    return Pool(ends.astype(np.int64), np.concatenate(kinds)[order].astype(np.int64), at[order])


def looking_only(pool: Pool) -> Pool:
    """The same sessions, but for the clicks that are reported."""
    session = np.repeat(np.arange(len(pool.first) - 1), np.diff(pool.first))
    asked = pool.kind < EVENT
    first = np.searchsorted(session[asked], np.arange(len(pool.first)))
    return Pool(first.astype(np.int64), pool.kind[asked], pool.at[asked])


def make_schedule(pool: Pool, rate: float, seconds: float, shape: str, seed: tuple[int, ...]) -> Schedule:
    """Poisson arrivals of sessions, so many that `rate` requests a second are due at the shape's full height. It is as
    in the middle of a day: sessions that began before the run are under way. As a shape goes up more shoppers come, and
    they leave as it goes down; what one of them does, and when, stays the same.
    """
    rng = np.random.default_rng(seed)
    each = rate / pool.requests / (len(pool.first) - 1)  # arrivals a second of each session in the pool
    drawn = np.repeat(np.arange(len(pool.first) - 1), rng.poisson(each * (seconds + pool.duration)))
    start = rng.random(len(drawn)) * (seconds + pool.duration[drawn]) - pool.duration[drawn]
    low, high = _within(pool, drawn, start, seconds)
    session = np.repeat(np.arange(len(drawn)), high - low)
    row = np.arange(len(session)) - (np.cumsum(high - low) - (high - low))[session] + low[session]
    due = start[session] + pool.at[row]
    here = rng.random(len(drawn))[session] <= factor(shape, due / seconds)
    order = np.flatnonzero(here)[np.argsort(due[here], kind="stable")]
    due, session = due[order], session[order]
    is_last = np.zeros(len(due), dtype=bool)
    is_last[len(due) - 1 - np.unique(session[::-1], return_index=True)[1]] = True
    return Schedule(due, session, pool.kind[row][order], phase_of(shape, due / seconds), is_last)


def _within(pool: Pool, drawn: Ints, start: Floats, seconds: float) -> tuple[Ints, Ints]:
    """The range of each drawn session's requests that fall into the run. One search for all: sessions are set apart."""
    apart = float(pool.duration.max()) + 2 * seconds + 1
    lifted = pool.at + apart * np.repeat(np.arange(len(pool.first) - 1), np.diff(pool.first))
    low, high = (np.searchsorted(lifted, drawn * apart + edge - start) for edge in (0.0, seconds))
    first, end = pool.first[drawn], pool.first[drawn + 1]
    return np.clip(low, first, end), np.clip(high, first, end)

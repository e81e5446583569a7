"""Events of a block of users: what is viewed, put in the cart and bought, row by row."""

import numpy as np
from numpy.typing import NDArray

from shoplab.events.generator.calendar import Month
from shoplab.events.generator.products import TIERS, Catalogue
from shoplab.events.generator.profiles import TRAITS, Floats, Ints
from shoplab.events.generator.sessions import Sessions, event_times, make_sessions
from shoplab.events.generator.users import FAVOURITES, Users

VIEW, CART, PURCHASE = 0, 1, 2
# One generated event. time: second of the month; product: product number; session: number within the month.
ROW = np.dtype([("time", "<i4"), ("type", "i1"), ("product", "<i4"), ("user", "<i8"), ("session", "<i4")])

REPEAT = 0.25  # probability that a view shows the same product as the event before
ANCHOR = 0.24  # probability that a fresh view is of the product at the centre of the session's taste
NEIGHBOUR = 0.30  # else: that it is a close neighbour of it on the shelf
NEIGHBOURS = 4  # mean distance of a neighbour
OWN_ANCHOR = 0.66  # probability that a session in a favourite category centres on the user's own lasting product
COMPLEMENT = 0.6  # probability that such a visit goes to a category that complements the first


def make_rows(users: Users, catalogue: Catalogue, month: Month, rng: np.random.Generator) -> NDArray[np.void]:
    """All events of a block of users, by user and then by time. Sessions are numbered from 0."""
    sessions = make_sessions(users, month, rng)
    first = np.cumsum(sessions.events) - sessions.events
    session = np.repeat(np.arange(len(first)), sessions.events)
    position = np.arange(len(session)) - first[session]
    kind = _event_types(sessions, first, len(session), rng)
    rows = np.empty(len(session), dtype=ROW)
    rows["time"] = event_times(sessions, session, first, month, rng)
    rows["type"] = kind
    rows["product"] = _products(users, catalogue, sessions, session, position, kind, rng)
    rows["user"] = users.user_id[sessions.user][session]
    rows["session"] = session
    return rows


def _event_types(sessions: Sessions, first: Ints, events: int, rng: np.random.Generator) -> Ints:
    """The funnel: a session with k products bought or carted is cut in k stretches, each with view, cart, purchase."""
    kind = np.full(events, VIEW, dtype=np.int64)
    has = np.flatnonzero(sessions.units)
    session = np.repeat(has, sessions.units[has])
    number = np.arange(len(session)) - np.repeat(
        np.cumsum(sessions.units[has]) - sessions.units[has], sessions.units[has]
    )
    bought = sessions.ordered[session] == 1
    length, units = sessions.events[session], sessions.units[session]
    low, high = number * length // units, (number + 1) * length // units
    in_cart = ~bought | (
        (rng.random(len(session)) < TRAITS["cart_first"][sessions.profile[session]]) & (high - low > 2)
    )
    steps = in_cart.astype(np.int64) + bought
    end = first[session] + low + steps + (rng.random(len(session)) * (high - low - steps)).astype(np.int64)
    kind[end[bought]] = PURCHASE
    kind[(end - bought)[in_cart]] = CART
    return kind


def _products(
    users: Users,
    catalogue: Catalogue,
    sessions: Sessions,
    session: Ints,
    position: Ints,
    kind: Ints,
    rng: np.random.Generator,
) -> Ints:
    """Product number of each event. Carts, purchases and repeated views take over the product of the event before."""
    visit, of_session, of_user = _visits(sessions, session, position, rng)
    opens = np.append(True, visit[1:] != visit[:-1])
    fresh = (position == 0) | ((kind == VIEW) & (opens | (rng.random(len(session)) >= REPEAT)))
    category, anchor = _centres(users, catalogue, sessions, of_session, of_user, rng)
    at = np.flatnonzero(fresh)
    profile = sessions.profile[session[at]]
    product = _draw_views(catalogue, category[visit[at]], anchor[visit[at]], profile, rng)
    shown: Ints = product[np.cumsum(fresh) - 1]
    return shown


def _visits(sessions: Sessions, session: Ints, position: Ints, rng: np.random.Generator) -> tuple[Ints, Ints, Ints]:
    """Cuts sessions in visits to one category each: visit of each event, session of each visit, its number in there."""
    visits = np.minimum(1 + rng.poisson((sessions.events - 1) * TRAITS["wander"][sessions.profile]), sessions.events)
    start = np.cumsum(visits) - visits
    visit = start[session] + position * visits[session] // sessions.events[session]
    of_session = np.repeat(np.arange(len(visits)), visits)
    return visit, of_session, np.arange(len(of_session)) - start[of_session]


def _centres(
    users: Users, catalogue: Catalogue, sessions: Sessions, session: Ints, number: Ints, rng: np.random.Generator
) -> tuple[Ints, Ints]:
    """Category and main product of each visit: a favourite category or any; the user's own product or one like it."""
    user, profile = sessions.user[session], sessions.profile[session]
    slot = (rng.random(len(user)) ** 1.5 * np.minimum(TRAITS["favourites"][profile], FAVOURITES)).astype(np.int64)
    habitual = rng.random(len(user)) < TRAITS["habit"][profile]
    category = np.where(habitual, users.categories[user, slot], catalogue.draw_categories(rng.random(len(user))))
    main = category[np.arange(len(user)) - number]
    beside = catalogue.complements[main, rng.integers(0, 2, len(user))]
    goes_beside = (number > 0) & (rng.random(len(user)) < COMPLEMENT)
    category = np.where(goes_beside, beside, category)
    own = habitual & ~goes_beside & (rng.random(len(user)) < OWN_ANCHOR)
    wanted = users.price[user] + 0.06 * rng.standard_normal(len(user))
    start, end = catalogue.tier_range(category, np.clip(wanted * TIERS, 0, TIERS - 1).astype(np.int64))
    anchor = np.where(own, users.anchors[user, slot], catalogue.draw(start, end, rng.random(len(user))))
    return category, anchor


def _draw_views(catalogue: Catalogue, category: Ints, anchor: Ints, profile: Ints, rng: np.random.Generator) -> Ints:
    """A product per fresh view: the central one, its neighbour, the same brand and tier, the same tier, or any here."""
    tier = np.searchsorted(catalogue.tier_starts, anchor, side="right") - 1 - category * TIERS
    how = rng.random(len(anchor))
    by_brand, by_tier = TRAITS["brand"][profile], TRAITS["brand"][profile] + TRAITS["tier"][profile]
    start, end = catalogue.category_range(category)
    tier_start, tier_end = catalogue.tier_range(category, tier)
    start, end = np.where(how < by_tier, tier_start, start), np.where(how < by_tier, tier_end, end)
    cell_start, cell_end = catalogue.cell_start[anchor], catalogue.cell_end[anchor]
    start, end = np.where(how < by_brand, cell_start, start), np.where(how < by_brand, cell_end, end)
    product = catalogue.draw(start, end, rng.random(len(anchor)))
    near = np.clip(anchor + _steps(len(anchor), rng), cell_start, cell_end - 1)
    choice: Floats = rng.random(len(anchor))
    return np.where(choice < ANCHOR, anchor, np.where(choice < ANCHOR + (1 - ANCHOR) * NEIGHBOUR, near, product))


def _steps(count: int, rng: np.random.Generator) -> Ints:
    return rng.geometric(1 / NEIGHBOURS, count) * (2 * rng.integers(0, 2, count) - 1)

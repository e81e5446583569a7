"""Who visits in a month: residents who come back month after month, and newcomers, each with a profile and tastes.

A month is filled slot by slot. Slot k holds resident k if that user comes back this month, else a newcomer of this
month with the same profile. Smaller runs use the first slots of larger ones, so runs of any sizes share users.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shoplab.events.generator.calendar import Month
from shoplab.events.generator.products import TIERS, Catalogue
from shoplab.events.generator.profiles import IMPULSIVE, NON_BUYERS, ONE_OFF, TRAITS, Floats, Ints, draw_profiles

SLOTS = 8192  # slots in a block; part of the random streams: another value gives other files
ID_SPACE = 1 << 23  # newcomers' ids per month; more than the users of the largest month allowed
FIRST_RESIDENT, FIRST_NEWCOMER = 306_000_000, 512_000_000
OCTOBER_2019 = 237
CHANGES_PROFILE = 0.04  # share of users who live a month under another profile
SALE_CONVERTS = 0.015  # share of non-buyers who become buyers in a month with sales
FAVOURITES = 3


@dataclass(frozen=True)
class Users:
    """One block of users. All arrays have one entry (or row) per user, in slot order."""

    user_id: Ints
    profile: Ints
    price: Floats  # habitual price position, 0 to 1
    categories: Ints  # favourite categories, FAVOURITES columns, the first visited most
    anchors: Ints  # the product at the centre of the taste in each favourite category


def make_users(catalogue: Catalogue, month: Month, seed: int, block: int) -> Users:
    """The SLOTS users of a block in a month. The same seed gives the same residents in every month."""
    lasting = np.random.default_rng([seed, 1, block])
    passing = np.random.default_rng([seed, 2, month.ordinal, block])
    base = draw_profiles(lasting.random(SLOTS))
    returning = passing.random(SLOTS) < TRAITS["returns"][base]
    profile = _profiles_this_month(base, month, passing)
    resident, newcomer = _draw_tastes(lasting), _draw_tastes(passing)
    tastes = np.where(returning[:, None], resident, newcomer)
    price = np.clip(TRAITS["price"][profile] + TRAITS["price_spread"][profile] * tastes[:, 0], 0.0, 0.999)
    categories = catalogue.draw_categories(tastes[:, 1 : 1 + FAVOURITES])
    tier = np.repeat((price * TIERS).astype(np.int64)[:, None], FAVOURITES, axis=1)
    start, end = catalogue.tier_range(categories, tier)
    anchors = catalogue.draw_lasting(start, end, tastes[:, 1 + FAVOURITES :])
    return Users(_user_ids(month, block, returning), profile, price, categories, anchors)


def _profiles_this_month(base: Ints, month: Month, rng: np.random.Generator) -> Ints:
    profile = np.where(rng.random(SLOTS) < CHANGES_PROFILE, draw_profiles(rng.random(SLOTS)), base)
    converted = np.isin(profile, NON_BUYERS) & (rng.random(SLOTS) < SALE_CONVERTS * month.has_sales)
    return np.where(converted, np.where(rng.random(SLOTS) < 0.5, IMPULSIVE, ONE_OFF), profile)


def _draw_tastes(rng: np.random.Generator) -> Floats:
    """Raw draws per user: price (standard normal), then favourite categories and anchors (uniform)."""
    return np.column_stack([rng.standard_normal(SLOTS), rng.random((SLOTS, 2 * FAVOURITES))])


def _user_ids(month: Month, block: int, returning: NDArray[np.bool_]) -> Ints:
    """Unique per (user): residents in one id range, the newcomers of each month in their own; order says nothing."""
    slot = block * SLOTS + np.arange(SLOTS, dtype=np.int64)
    scattered = slot * 5_915_587 % ID_SPACE
    newcomers = FIRST_NEWCOMER + (month.ordinal - OCTOBER_2019) % 1200 * ID_SPACE
    return np.where(returning, FIRST_RESIDENT, newcomers) + scattered

"""The planted profiles: who the users are and how each kind behaves. The truth that segments should find again."""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Profile:
    """One kind of user. Probabilities in [0, 1], gaps in seconds; mu and sigma are those of natural logarithms."""

    share: float  # of a month's users
    returns: float  # probability that the user is there in a given month
    sessions_min: float
    sessions_mu: float  # sessions in a month: min + floor(lognormal(mu, sigma)), cut at max
    sessions_sigma: float
    sessions_max: float
    length_mu: float  # events in a session: ceil(lognormal(mu, sigma))
    length_sigma: float
    order: float  # probability that a session ends in an order
    items: float  # probability of one more product in the same order or cart, again and again
    cart_first: float  # probability that a bought product is put in the cart before
    abandon: float  # probability that a session without an order leaves a cart behind
    gap: float  # median gap between two events
    pause: float  # probability of a 10 to 29 minute pause instead
    price: float  # habitual price position within the category, 0 cheapest to 1 dearest
    price_spread: float
    habit: float  # probability that a session starts in one of the user's favourite categories
    favourites: float  # how many favourite categories
    brand: float  # probability that a product is of the favourite brand and price tier
    tier: float  # else: probability that it is of the price tier
    wander: float  # visits to other categories, per event


PROFILES: dict[str, Profile] = {
    "window_shopper": Profile(
        share=0.6955, returns=0.66, sessions_min=1, sessions_mu=-0.2, sessions_sigma=0.95, sessions_max=40,
        length_mu=-0.25, length_sigma=0.8, order=0.0, items=0.0, cart_first=0.0, abandon=0.0, gap=30, pause=0.02,
        price=0.52, price_spread=0.30, habit=0.35, favourites=3, brand=0.45, tier=0.25, wander=0.16,
    ),
    "regular_visitor": Profile(
        share=0.13, returns=0.82, sessions_min=3, sessions_mu=1.42, sessions_sigma=0.42, sessions_max=120,
        length_mu=1.05, length_sigma=1.15, order=0.0, items=0.0, cart_first=0.0, abandon=0.0, gap=38, pause=0.23,
        price=0.58, price_spread=0.08, habit=0.90, favourites=3, brand=0.50, tier=0.45, wander=0.07,
    ),
    "price_sensitive": Profile(
        share=0.052, returns=0.75, sessions_min=3, sessions_mu=1.28, sessions_sigma=0.42, sessions_max=100,
        length_mu=2.04, length_sigma=0.85, order=0.05, items=0.0, cart_first=0.80, abandon=0.02, gap=30, pause=0.25,
        price=0.08, price_spread=0.04, habit=0.85, favourites=3, brand=0.25, tier=0.72, wander=0.07,
    ),
    "cart_abandoner": Profile(
        share=0.03, returns=0.70, sessions_min=3, sessions_mu=1.0, sessions_sigma=0.42, sessions_max=80,
        length_mu=1.30, length_sigma=0.60, order=0.01, items=0.15, cart_first=1.0, abandon=0.75, gap=32, pause=0.12,
        price=0.57, price_spread=0.08, habit=0.85, favourites=2, brand=0.55, tier=0.35, wander=0.08,
    ),
    "impulsive_buyer": Profile(
        share=0.0205, returns=0.70, sessions_min=3, sessions_mu=0.9, sessions_sigma=0.42, sessions_max=60,
        length_mu=0.55, length_sigma=0.35, order=0.62, items=0.03, cart_first=0.20, abandon=0.0, gap=18, pause=0.0,
        price=0.42, price_spread=0.08, habit=0.55, favourites=3, brand=0.40, tier=0.40, wander=0.15,
    ),
    "loyal_customer": Profile(
        share=0.018, returns=0.95, sessions_min=5, sessions_mu=1.20, sessions_sigma=0.42, sessions_max=100,
        length_mu=1.75, length_sigma=0.45, order=0.55, items=0.2, cart_first=0.95, abandon=0.05, gap=34, pause=0.14,
        price=0.54, price_spread=0.08, habit=0.98, favourites=1, brand=0.90, tier=0.08, wander=0.02,
    ),
    "one_off_buyer": Profile(
        share=0.054, returns=0.35, sessions_min=1, sessions_mu=-0.60, sessions_sigma=0.80, sessions_max=4,
        length_mu=1.30, length_sigma=0.70, order=0.0, items=0.05, cart_first=0.65, abandon=0.02, gap=38, pause=0.10,
        price=0.48, price_spread=0.15, habit=0.80, favourites=1, brand=0.50, tier=0.35, wander=0.05,
    ),
}  # fmt: skip
NAMES = tuple(PROFILES)
ONE_OFF = NAMES.index("one_off_buyer")  # buys once, in the last session of the month
IMPULSIVE = NAMES.index("impulsive_buyer")
NON_BUYERS = (NAMES.index("window_shopper"), NAMES.index("regular_visitor"))

# One array per field, indexed by profile number.
TRAITS: dict[str, Floats] = {
    field.name: np.array([getattr(profile, field.name) for profile in PROFILES.values()]) for field in fields(Profile)
}


def draw_profiles(uniform: Floats) -> Ints:
    """Profile numbers from numbers in [0, 1), by share."""
    edges = np.cumsum(TRAITS["share"] / TRAITS["share"].sum())[:-1]
    return np.searchsorted(edges, uniform, side="right").astype(np.int64)

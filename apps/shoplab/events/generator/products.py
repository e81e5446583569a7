"""Every product of the made-up shop: category, brand, price, popularity; and draws of products by taste.

Products are numbered so that those of one category, one price tier and one brand lie next to each other, popular ones
first: a taste is a range of product numbers. The catalogue is the same for every seed; popularity and prices drift a
little from month to month.
"""

from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
from scipy.special import ndtri

from shoplab.events.generator.assortment import COMPLEMENTS, Shelf, shelves
from shoplab.events.generator.calendar import Month
from shoplab.events.generator.profiles import Floats, Ints

PRODUCTS = 166_794  # October 2019's
TIERS = 5  # price tiers per category, by number of products
MAX_PRICE = 2574.07
MEAN_PRICE = 375.0  # of products by popularity; tastes bring the mean price of views to October's 288.98
ZIPF_EXPONENT, ZIPF_OFFSET = 1.3, 7.0  # popularity within a category: (rank + offset) ** -exponent
FREE = 0.0012  # share of products with price 0, as the real log has some
ON_SALE = 0.3  # share of products cheaper on sale days


@dataclass(frozen=True)
class Catalogue:
    """Arrays over products (by product number) and over categories, plus cumulative popularity to draw from."""

    shelves: tuple[Shelf, ...]
    category: Ints
    brand: Ints  # index into brands
    brands: tuple[str, ...]  # "" first
    price: Floats
    sale_price: Floats
    tier_starts: Ints  # first product number by category * TIERS + tier, with the end appended
    cell_start: Ints  # by product: range of products of the same category, tier and brand
    cell_end: Ints
    lasting: Floats  # cumulative popularity, the same in every month, 0 first
    current: Floats  # this month's

    @cached_property
    def category_edges(self) -> Floats:
        return np.cumsum([shelf.share for shelf in self.shelves])[:-1]

    @cached_property
    def complements(self) -> Ints:
        """Two categories that go with each category; itself where none is known."""
        index = {shelf.name: number for number, shelf in enumerate(self.shelves)}
        return np.array(
            [[index[name] for name in COMPLEMENTS.get(shelf.name, (shelf.name,) * 2)] for shelf in self.shelves]
        )

    def draw_categories(self, uniform: Floats) -> Ints:
        return np.searchsorted(self.category_edges, uniform, side="right").astype(np.int64)

    def tier_range(self, category: Ints, tier: Ints) -> tuple[Ints, Ints]:
        first = category * TIERS + tier
        return self.tier_starts[first], self.tier_starts[first + 1]

    def category_range(self, category: Ints) -> tuple[Ints, Ints]:
        return self.tier_starts[category * TIERS], self.tier_starts[(category + 1) * TIERS]

    def draw(self, start: Ints, end: Ints, uniform: Floats) -> Ints:
        """Product numbers in [start, end), by this month's popularity."""
        return _draw(self.current, start, end, uniform)

    def draw_lasting(self, start: Ints, end: Ints, uniform: Floats) -> Ints:
        """Product numbers in [start, end), by a popularity that no month changes: for tastes that last."""
        return _draw(self.lasting, start, end, uniform)

    @cached_property
    def product_id(self) -> Ints:
        """Public ids, in a block per category; their order says nothing about popularity."""
        within = np.arange(len(self.category)) - self.tier_starts[self.category * TIERS]
        return 1_000_000 + self.category * 200_000 + within * 7_919 % 99_991

    @cached_property
    def category_id(self) -> Ints:
        """Public ids by category."""
        return 2_053_013_552_226_107_603 + np.arange(len(self.shelves)) * 97_002_317


def _draw(cumulative: Floats, start: Ints, end: Ints, uniform: Floats) -> Ints:
    low, high = cumulative[start], cumulative[end]
    found = np.searchsorted(cumulative, low + (high - low) * uniform, side="right") - 1
    return np.clip(found, start, end - 1)


@cache
def make_catalogue(month: Month) -> Catalogue:
    """The shop as it is in a month."""
    rows = shelves()
    sizes = _products_per_category(rows)
    category = np.repeat(np.arange(len(rows)), sizes)
    rank = np.arange(PRODUCTS) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    brands, brand = _brands(rows, category, rank)
    price = _prices(rows, category, rank, brand)
    weight = _popularity(rows, category, rank)
    order, tier = _shelf_order(category, price, brand, rank)
    category, brand, price, weight = category[order], brand[order], price[order], weight[order]
    price = _to_level(price, weight)
    cell = (category * TIERS + tier) * len(brands) + brand
    rng = np.random.default_rng([46, month.ordinal])
    price = np.where(price > 0, np.clip(price * np.exp(0.02 * rng.standard_normal(PRODUCTS)), 0.77, MAX_PRICE), 0.0)
    discount = np.where(rng.random(PRODUCTS) < ON_SALE, rng.uniform(0.7, 0.92, PRODUCTS), 1.0)
    return Catalogue(
        shelves=rows,
        category=category,
        brand=brand,
        brands=brands,
        price=np.round(price, 2),
        sale_price=np.round(price * discount, 2),
        tier_starts=np.searchsorted(category * TIERS + tier, np.arange(len(rows) * TIERS + 1)),
        cell_start=np.searchsorted(cell, cell, side="left"),
        cell_end=np.searchsorted(cell, cell, side="right"),
        lasting=_cumulative(weight),
        current=_cumulative(weight * np.exp(0.2 * rng.standard_normal(PRODUCTS))),
    )


def _cumulative(weight: Floats) -> Floats:
    return np.concatenate([[0.0], np.cumsum(weight)])


def _products_per_category(rows: tuple[Shelf, ...]) -> Ints:
    """Big categories hold more products, but fewer than their share of views."""
    root = np.sqrt([row.share for row in rows])
    sizes: Ints = np.floor(root / root.sum() * PRODUCTS).astype(np.int64)
    sizes[0] += PRODUCTS - sizes.sum()
    return sizes


def _popularity(rows: tuple[Shelf, ...], category: Ints, rank: Ints) -> Floats:
    """Zipf-Mandelbrot within the category; categories by their share of views."""
    weight = (rank + ZIPF_OFFSET) ** -ZIPF_EXPONENT
    total = np.bincount(category, weight)
    share = np.array([row.share for row in rows])
    return np.asarray(weight * (share / total)[category], dtype=np.float64)


def _spread(rank: Ints, step: float) -> Floats:
    """Evenly spread numbers in (0, 1) by rank, so that the few popular products cover brands and prices well.

    The additive recurrence with the plastic number, http://extremelearning.com.au (R2 sequence).
    """
    return np.clip((0.5 + (rank + 1) * step) % 1.0, 1e-6, 1 - 1e-6)


def _brands(rows: tuple[Shelf, ...], category: Ints, rank: Ints) -> tuple[tuple[str, ...], Ints]:
    """Brand names and each product's brand: none by the category's share, else the better known the likelier."""
    names = ("", *sorted({brand for row in rows for brand in row.brands}))
    number = {name: index for index, name in enumerate(names)}
    uniform = _spread(rank, 0.7548776662466927)
    brand = np.zeros(len(category), dtype=np.int64)
    for index, row in enumerate(rows):
        here = category == index
        known = 1.0 / np.arange(1, len(row.brands) + 1)
        edges = np.cumsum(np.concatenate([[row.unbranded], known / known.sum() * (1 - row.unbranded)]))[:-1]
        choice = np.array([0, *(number[name] for name in row.brands)])
        brand[here] = choice[np.searchsorted(edges, uniform[here], side="right")]
    return names, brand


def _prices(rows: tuple[Shelf, ...], category: Ints, rank: Ints, brand: Ints) -> Floats:
    """Lognormal within the category; a brand is dear or cheap wherever it sells. Level not set yet."""
    median, spread = np.array([[row.price, row.spread] for row in rows]).T
    standing = np.random.default_rng(46).uniform(-0.5, 0.5, brand.max() + 1)
    price = median[category] * np.exp(
        spread[category] * (0.9 * ndtri(_spread(rank, 0.5698402909980532)) + standing[brand])
    )
    free = _spread(rank, 0.381966) < FREE
    return np.where(free, 0.0, price)


def _shelf_order(category: Ints, price: Floats, brand: Ints, rank: Ints) -> tuple[Ints, Ints]:
    """Product order by category, price tier, brand, popularity; and the tier of each product in that order."""
    by_price = np.lexsort((price, category))
    starts = np.searchsorted(category, np.arange(category.max() + 2))
    position = np.empty(len(category), dtype=np.int64)
    position[by_price] = np.arange(len(category)) - starts[category]
    tier = position * TIERS // np.diff(starts)[category]
    order = np.lexsort((rank, brand, tier, category))
    return order, tier[order]


def _to_level(price: Floats, weight: Floats) -> Floats:
    """Scales all prices to the mean price by popularity; the dearest product costs exactly the shop's maximum."""
    scaled = price
    for _ in range(20):  # the cut at the top lowers the mean, hence the rounds
        scaled = np.minimum(scaled * (MEAN_PRICE / np.average(scaled, weights=weight)), MAX_PRICE)
    return scaled

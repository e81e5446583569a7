"""Sessions, users and their habits by month, products: what the other tables are made from."""

from shoplab.core.schemas.table import Table, count, moment, money, month, real, share, text, whole
from shoplab.core.vocabulary import COUNTS

_COUNTS = tuple(count(name) for name in COUNTS.values())

# month: that of session_start. revenue: what was paid less what was taken back. entry_category, exit_category: the top
# level of the first and last event's category_code.
SESSION = Table(
    "sessions",
    grain="one session of one user",
    key=("user_id", "user_session"),
    columns=(
        text("user_session"),
        text("user_id"),
        moment("session_start"),
        moment("session_end"),
        whole("duration_s", "s", low=0, kind="bigint"),
        count("events"),
        *_COUNTS,
        count("products"),
        money("revenue"),
        text("entry_category", nullable=True),
        text("exit_category", nullable=True),
        month(),
    ),
    partition="month",
)

# A rate of a user's sessions -> what is divided by what, 0 where that is 0. Parts that are no columns of USER are known
# while it is made.
USER_RATES = {
    "events_per_session": ("events", "sessions"),
    "cart_rate": ("cart_sessions", "sessions"),  # sessions with a cart
    "order_rate": ("orders", "sessions"),  # sessions with a purchase
    "abandon_rate": ("abandoned", "cart_sessions"),  # sessions with a cart and no purchase
}

# price_level: mean position (0 cheapest, 1 dearest) of the prices met within their category.
USER = Table(
    "users",
    grain="one user in one month",
    key=("user_id", "month"),
    columns=(
        text("user_id"),
        count("sessions"),
        count("events"),
        *_COUNTS,
        count("orders"),  # sessions with a purchase
        money("revenue"),
        count("products"),
        count("categories"),
        count("brands"),
        count("active_days"),
        moment("first_seen"),
        moment("last_seen"),
        moment("last_purchase", nullable=True),
        real("mean_session_s", "s", low=0),
        real("events_per_session", "events", low=0),
        count("longest_session"),  # events of the longest one: what tells robots (behaviour.sessions)
        real("mean_gap_h", "h", nullable=True, low=0),  # between session starts, null with one session
        *(share(rate) for rate in ("cart_rate", "order_rate", "abandon_rate")),
        money("mean_price", nullable=True, low=0),
        share("price_level", nullable=True),
        text("top_category", nullable=True),
        text("top_brand", nullable=True),
        month(),
    ),
    partition="month",
)

# By hours and days in UTC; null where nothing can be said. Formulas: docs/behaviour.md.
HABIT = Table(
    "habits",
    grain="one user in one month",
    key=("user_id", "month"),
    columns=(
        text("user_id"),
        real("visits_per_week", "visits", low=0),
        real("median_gap_h", "h", nullable=True, low=0),  # between session starts
        share("weekend_share", nullable=True),  # of the sessions: begun on Saturday or Sunday
        share("night_share", nullable=True),  # of the sessions: begun from 0 to 6 h
        whole("top_hour", "h", nullable=True, low=0, high=23),
        whole("top_weekday", "0 Monday", nullable=True, low=0, high=6),
        share("category_loyalty", nullable=True),  # of the events: in the top-level category most met
        share("brand_loyalty", nullable=True),
        count("any_order"),  # sessions with a view, a cart and a purchase
        count("strict_order"),  # sessions where one product was viewed, then carted, then bought
        real("time_to_purchase_s", "s", nullable=True, low=0),  # mean, from the product's first view in the session
        share("discount_share", nullable=True),  # of the purchases
        real("price_sensitivity", "price levels", nullable=True, low=-1, high=1),
        month(),
    ),
    partition="month",
)

# As last seen.
LOOK = (
    text("product_id"),
    text("category_id", nullable=True),
    text("category_code", nullable=True),
    text("brand", nullable=True),
    money("price", nullable=True, low=0),
)
# price_level: percent rank of the price within category_id.
PRODUCT = Table(
    "analysis/products",
    grain="one product",
    key=("product_id",),
    columns=(
        *LOOK,
        *_COUNTS,
        money("revenue"),
        money("median_price", nullable=True, low=0),
        share("price_level", nullable=True),
    ),
)

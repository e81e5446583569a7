"""Every table: its grain, its key and its columns, in one place.

Ids are the source's own, kept as text ("13085", "85123A"): dense integer indexes live inside a model only.
"""

from pyspark.sql import types as T

EVENT_TYPES = ("view", "cart", "remove_from_cart", "purchase", "refund")

# Columns of a raw REES46 file, in its order.
RAW_COLUMNS = (
    "event_time", "event_type", "product_id", "category_id", "category_code", "brand", "price", "user_id",
    "user_session",
)  # fmt: skip
# What a file may have, and a map may name.
SOURCE_COLUMNS = (*RAW_COLUMNS, "quantity")


def _table(*columns: tuple[str, T.DataType, bool]) -> T.StructType:
    return T.StructType([T.StructField(name, kind, nullable) for name, kind, nullable in columns])


_text, _long, _int, _real, _time, _date, _bool = (
    T.StringType(), T.LongType(), T.IntegerType(), T.DoubleType(), T.TimestampType(), T.DateType(),
    T.BooleanType(),
)  # fmt: skip
REQUIRED, OPTIONAL = False, True

# Grain: one event. Key: (user_session, event_time, event_type, product_id); exact duplicates are removed at ingest.
# Partitioned by date (UTC day of event_time). price in the shop's currency, 0 allowed, null where the log has none.
# price is that of one piece; quantity: pieces, above 0, null means 1. A refund is a purchase taken back: it lowers what
# was paid, and is no order.
EVENT = _table(
    ("event_time", _time, REQUIRED),
    ("event_type", _text, REQUIRED),
    ("product_id", _text, REQUIRED),
    ("category_id", _text, OPTIONAL),
    ("category_code", _text, OPTIONAL),
    ("brand", _text, OPTIONAL),
    ("price", _real, OPTIONAL),
    ("quantity", _long, OPTIONAL),
    ("user_id", _text, REQUIRED),
    ("user_session", _text, REQUIRED),
    ("date", _date, REQUIRED),
)

# Grain: one bad row of one source file (or Kafka partition; line is then the offset). Key: (file, line). raw is cut at
# 1,000 characters.
REJECTED = _table(
    ("file", _text, REQUIRED),
    ("line", _long, REQUIRED),
    ("reason", _text, REQUIRED),
    ("raw", _text, OPTIONAL),
)

# Grain: one session. Key: (user_id, user_session). Partitioned by month of session_start ("2019-10").
# revenue: sum of purchase prices. entry/exit_category: top level of the first/last event's category_code.
SESSION = _table(
    ("user_session", _text, REQUIRED),
    ("user_id", _text, REQUIRED),
    ("session_start", _time, REQUIRED),
    ("session_end", _time, REQUIRED),
    ("duration_s", _long, REQUIRED),
    ("events", _long, REQUIRED),
    ("views", _long, REQUIRED),
    ("carts", _long, REQUIRED),
    ("removes", _long, REQUIRED),
    ("purchases", _long, REQUIRED),
    ("products", _long, REQUIRED),
    ("revenue", _real, REQUIRED),
    ("entry_category", _text, OPTIONAL),
    ("exit_category", _text, OPTIONAL),
    ("month", _text, REQUIRED),
)

# Grain: one user in one month. Key: (user_id, month). Partitioned by month.
# orders: sessions with a purchase. mean_gap_h: mean hours between session starts, null with one session.
# Rates are in [0, 1] and 0 where their base is 0. price_level: mean position (0 cheapest, 1 dearest) of the prices met
# within their category.
USER = _table(
    ("user_id", _text, REQUIRED),
    ("sessions", _long, REQUIRED),
    ("events", _long, REQUIRED),
    ("views", _long, REQUIRED),
    ("carts", _long, REQUIRED),
    ("removes", _long, REQUIRED),
    ("purchases", _long, REQUIRED),
    ("orders", _long, REQUIRED),
    ("revenue", _real, REQUIRED),
    ("products", _long, REQUIRED),
    ("categories", _long, REQUIRED),
    ("brands", _long, REQUIRED),
    ("active_days", _long, REQUIRED),
    ("first_seen", _time, REQUIRED),
    ("last_seen", _time, REQUIRED),
    ("last_purchase", _time, OPTIONAL),
    ("mean_session_s", _real, REQUIRED),
    ("events_per_session", _real, REQUIRED),
    ("longest_session", _long, REQUIRED),  # events of the longest one: what tells robots (behaviour.sessions)
    ("mean_gap_h", _real, OPTIONAL),
    ("cart_rate", _real, REQUIRED),  # sessions with a cart / sessions
    ("order_rate", _real, REQUIRED),  # sessions with a purchase / sessions
    ("abandon_rate", _real, REQUIRED),  # sessions with a cart and no purchase / sessions with a cart
    ("mean_price", _real, OPTIONAL),
    ("price_level", _real, OPTIONAL),
    ("top_category", _text, OPTIONAL),
    ("top_brand", _text, OPTIONAL),
    ("month", _text, REQUIRED),
)

# Grain: one user in one month. Key: (user_id, month). Partitioned by month. Habits, by hours and days in UTC; null
# where nothing can be said. Formulas: docs/behaviour.md.
HABIT = _table(
    ("user_id", _text, REQUIRED),
    ("visits_per_week", _real, REQUIRED),
    ("median_gap_h", _real, OPTIONAL),  # hours between session starts
    ("weekend_share", _real, OPTIONAL),  # of the sessions: begun on Saturday or Sunday
    ("night_share", _real, OPTIONAL),  # of the sessions: begun from 0 to 6 h
    ("top_hour", _int, OPTIONAL),
    ("top_weekday", _int, OPTIONAL),  # 0 Monday
    ("category_loyalty", _real, OPTIONAL),  # share of the events in the top-level category most met
    ("brand_loyalty", _real, OPTIONAL),
    ("any_order", _long, REQUIRED),  # sessions with a view, a cart and a purchase
    ("strict_order", _long, REQUIRED),  # sessions where one product was viewed, then carted, then bought
    ("time_to_purchase_s", _real, OPTIONAL),  # mean, from the product's first view in the session
    ("discount_share", _real, OPTIONAL),  # of the purchases
    ("price_sensitivity", _real, OPTIONAL),  # -1 to 1
    ("month", _text, REQUIRED),
)

# Grain: one user. Key: user_id. One directory per version of the segment model's run.
# recency_days: days from the last purchase to the reference day; frequency: orders; monetary: sum paid, over all
# history loaded. r, f, m: quintiles 1 (worst) to 5 (best), null for users without a purchase, whose rfm_class is "non-
# buyer". distance: Euclidean, to the segment's centre in the scaled feature space. confidence: the share of users
# placed so after as many visits who stayed. robot: took no part in the fit, see behaviour.sessions.
SEGMENT = _table(
    ("user_id", _text, REQUIRED),
    ("recency_days", _int, OPTIONAL),
    ("frequency", _long, REQUIRED),
    ("monetary", _real, REQUIRED),
    ("r", _int, OPTIONAL),
    ("f", _int, OPTIONAL),
    ("m", _int, OPTIONAL),
    ("rfm_class", _text, REQUIRED),
    ("segment", _int, REQUIRED),
    ("segment_name", _text, REQUIRED),
    ("distance", _real, REQUIRED),
    ("confidence", _real, REQUIRED),
    ("robot", _bool, REQUIRED),
)

# Grain: one recommended product for one user in one stream batch. Key: (user_id, rank) within a batch directory.
# collaborative, content, segment: what each kind of source put into score (they add up to it). sources: source name ->
# what it put into score (they add up to it too); batches written before there was such a column lack it.
RECOMMENDATION = _table(
    ("user_id", _text, REQUIRED),
    ("rank", _int, REQUIRED),
    ("product_id", _text, REQUIRED),
    ("score", _real, REQUIRED),
    ("collaborative", _real, REQUIRED),
    ("content", _real, REQUIRED),
    ("segment", _real, REQUIRED),
    ("why", _text, REQUIRED),
    ("sources", T.MapType(_text, _real, valueContainsNull=False), OPTIONAL),
)

# Grain: one buyer. Key: user_id. One directory per version. p_alive: probability not to have left for good.
# expected_orders: purchase days in the 30 days after the reference day. expected_order_value: mean revenue of such a
# day; clv: their product. Both null where the log has no prices.
CUSTOMER_VALUE = _table(
    ("user_id", _text, REQUIRED),
    ("p_alive", _real, REQUIRED),
    ("expected_orders", _real, REQUIRED),
    ("expected_order_value", _real, OPTIONAL),
    ("clv", _real, OPTIONAL),
)

# What the catalog reads with a fixed schema, so that a partition value is never guessed to be a number or a date.
TABLES = {"events": EVENT, "rejected": REJECTED, "sessions": SESSION, "users": USER, "habits": HABIT}

"""What the models say of users: segments and value; and what a published recommender keeps."""

from dataclasses import replace

from shoplab.core.schemas.behaviour import LOOK, SESSION, USER
from shoplab.core.schemas.table import Column, Table, count, flag, money, real, share, text, whole

_FIFTH = {"unit": "1 worst to 5 best", "nullable": True, "low": 1, "high": 5}

# recency_days: from the last purchase to the reference day; frequency: orders; monetary: sum paid, over all history
# loaded. r, f, m: quintiles, null for users without a purchase, whose rfm_class is "non-buyer". distance: Euclidean, to
# the segment's centre in the scaled feature space. confidence: the share of users placed so after as many visits who
# stayed. robot: took no part in the fit, see behaviour.sessions.
SEGMENT = Table(
    "segments",
    grain="one user, in one version of the segments",
    key=("user_id",),
    columns=(
        text("user_id"),
        whole("recency_days", "days", nullable=True, low=0),
        count("frequency"),
        money("monetary"),
        whole("r", **_FIFTH),  # type: ignore[arg-type]
        whole("f", **_FIFTH),  # type: ignore[arg-type]
        whole("m", **_FIFTH),  # type: ignore[arg-type]
        text("rfm_class"),
        whole("segment", "places", low=0),
        text("segment_name"),
        real("distance", "standard deviations", low=0),
        share("confidence"),
        flag("robot"),
    ),
)

# p_alive: probability not to have left for good. expected_orders: purchase days in the 30 days after the reference day.
# expected_order_value: mean revenue of such a day; clv: their product. Both null where the log has no prices.
CUSTOMER_VALUE = Table(
    "value",
    grain="one buyer, in one version",
    key=("user_id",),
    columns=(
        text("user_id"),
        share("p_alive"),
        real("expected_orders", "orders", low=0),
        money("expected_order_value", nullable=True, low=0),
        money("clv", nullable=True, low=0),
    ),
)

# In the batch's own directory. The stream writes them for the users and sessions of a micro-batch.
LIVE_USER = replace(USER, dataset="live/users", grain="one user in one month, as of one micro-batch", partition=None)
LIVE_SESSION = replace(SESSION, dataset="live/sessions", grain="one session, as of one micro-batch", partition=None)
LIVE_SEGMENT = replace(SEGMENT, dataset="live/segments", grain="one user, as of one micro-batch")

# rows = new + duplicates + rejected; of the rejected, dead are in the topic of dead letters; of the new, filled had no
# session. topic: Kafka's id. offsets: partition -> [the
# first taken, the one after the last]; days: day -> new events. latency: from Kafka's clock to the batch's end. One
# JSON file a batch.
ACCOUNT = Table(
    "live/accounts",
    grain="one micro-batch",
    key=("batch",),
    columns=(
        whole("batch", "batches", low=0, kind="bigint"),
        text("topic"),
        Column("offsets", "map<string,array<bigint>>", unit="offsets"),
        *(count(name) for name in ("rows", "new", "duplicates", "rejected", "dead", "filled", "late", "users")),
        Column("days", "map<string,bigint>", unit="events"),
        text("newest"),  # event of all up to this batch, ISO 8601
        text("arrived"),  # of its last record, ISO 8601
        *(whole(name, "ms", low=0, kind="bigint") for name in ("duration_ms", "latency_p50_ms", "latency_max_ms")),
        Column("steps_ms", "map<string,bigint>", unit="ms"),
        text("points"),  # metric points, as JSON
        count("attempt"),  # 1, and one more for each backfill that changed the batch
    ),
)

# items, kinds: the products a user met last or bought, oldest first, and what they did: rows of MODEL_PRODUCT and of
# the model's own list of event types. segment: -1 for none.
MODEL_USER = Table(
    "models/recommender/users.parquet",
    grain="one user that a recommender knows",
    key=("user_id",),
    columns=(
        text("user_id"),
        whole("segment", "places", low=-1, kind="smallint"),
        Column("items", "array<int>", unit="rows"),
        Column("kinds", "array<tinyint>", unit="places"),
    ),
)
MODEL_PRODUCT = Table(
    "models/recommender/products.parquet",
    grain="one product that a recommender knows; its row is its number in every array",
    key=("product_id",),
    columns=LOOK,
)

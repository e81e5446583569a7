"""The report's tables: small, made anew by every `./lab analyse` over all months loaded.

Formulas: docs/behaviour.md.
"""

from shoplab.core.schemas.table import Table, count, day, flag, moment, money, month, real, share, text, whole
from shoplab.core.vocabulary import COUNTS, FUNNEL

_COUNTS = tuple(count(name) for name in COUNTS.values())
_REACHED = tuple(count(str(event.step)) for event in FUNNEL)  # sessions that came to each step

ACTIVITY = Table(
    "analysis/activity", grain="one hour with events", key=("hour",),
    columns=(moment("hour"), count("events"), *_COUNTS, count("users"), money("revenue")),  # users: about
)  # fmt: skip

CATEGORY = Table(
    "analysis/categories", grain="one top-level category, null: products without one", key=("category",),
    columns=(text("category", nullable=True), *_COUNTS, count("users"), money("revenue")),  # users: about
)  # fmt: skip

SESSION_LENGTH = Table(
    "analysis/session_lengths", grain="one number of events in a session, 50 and more as 50", key=("length",),
    columns=(whole("length", "events", low=1, high=50, kind="bigint"), count("sessions"), count("with_purchase")),
)  # fmt: skip

VISIT = Table(
    "analysis/visits", grain="one number of sessions of a user in one month, 20 and more as 20",
    key=("month", "visits"),
    columns=(month(), whole("visits", "sessions", low=0, high=20, kind="bigint"), count("users"), count("buyers")),
)  # fmt: skip

COHORT = Table(
    "analysis/cohorts", grain="one cohort, some weeks after its first", key=("cohort", "weeks_after"),
    columns=(day("cohort"), whole("weeks_after", "weeks", low=0), count("users"), count("active"), share("retention")),
)  # fmt: skip

FUNNEL_MONTH = Table(
    "analysis/funnel", grain="one month", key=("month",),
    columns=(
        month(), count("sessions"), *_REACHED, count("abandoned"), count("any_order"), money("revenue"),
        real("mean_duration_s", "s", low=0), real("median_duration_s", "s", low=0),
        real("mean_events", "events", low=1), count("users"), count("strict_order"),
    ),
)  # fmt: skip

FUNNEL_BY = Table(
    "analysis/funnel_by", grain="one value of one dimension", key=("dimension", "value"),
    columns=(
        text("dimension", values=("category", "brand", "price_band", "hour")), text("value"), *_REACHED,
        money("revenue"), count("strict_order"), whole("position", "places", low=1),
    ),
)  # fmt: skip

TREND = Table(
    "analysis/trends", grain="one product or category code", key=("kind", "name"),
    columns=(
        text("kind", values=("product", "category")), text("name"), text("label"), count("views"), count("purchases"),
        money("revenue"), count("recent_views"), count("earlier_views"), real("trend", "log2", nullable=True),
    ),
)  # fmt: skip

DISTRIBUTION = Table(
    "analysis/distributions", grain="one bin of one figure, with something in it", key=("name", "lower"),
    columns=(
        text("name"), text("unit"), real("lower", "the row's unit", low=0), real("upper", "the row's unit", low=0),
        count("count", low=1),
    ),
)  # fmt: skip

_MOVES = (text("step"), text("next"), count("moves", low=1), share("share"))
TRANSITION = Table(
    "analysis/transitions", grain="one step and the next one, with start and exit", key=("step", "next"),
    columns=_MOVES,
)  # fmt: skip
TRANSITION_BY_CATEGORY = Table(
    "analysis/transitions_by_category", grain="the same for steps such as \"view electronics\"", key=("step", "next"),
    columns=_MOVES,
)  # fmt: skip

PATH = Table(
    "analysis/paths", grain="one way through a session, runs of one type folded", key=("path",),
    columns=(text("path"), count("sessions", low=1), share("share")),
)  # fmt: skip
PATH_BY_BUYER = Table(
    "analysis/paths_by_buyer", grain="one way of buyers or of others", key=("buyers", "path"),
    columns=(flag("buyers"), text("path"), count("sessions", low=1), share("share")),
)  # fmt: skip
FLOW = Table(
    "analysis/flows", grain="one move of buyers or of others, at one position of the session",
    key=("buyers", "position", "step", "next"),
    columns=(flag("buyers"), whole("position", "steps", low=1), text("step"), text("next"), count("sessions", low=1)),
)  # fmt: skip

SEQUENCE = Table(
    "analysis/sequences", grain="one frequent sequence of steps", key=("kind", "sequence"),
    columns=(
        text("kind", values=("event", "event and category")), text("sequence"), whole("length", "steps", low=2),
        count("sessions"), share("share"),
    ),
)  # fmt: skip

ANALYSIS = (
    ACTIVITY, CATEGORY, SESSION_LENGTH, VISIT, COHORT, FUNNEL_MONTH, FUNNEL_BY, TREND, DISTRIBUTION, TRANSITION,
    TRANSITION_BY_CATEGORY, PATH, PATH_BY_BUYER, FLOW, SEQUENCE,
)  # fmt: skip

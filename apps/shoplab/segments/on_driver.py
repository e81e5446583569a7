"""USER rows -> SEGMENT rows of a few users, without Spark: what `history`, `rfm`, `kmeans` and `confidence` say of a
table, for the users of one micro-batch. A test holds both ways to the same rows.
"""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from shoplab.behaviour.sessions import ROBOT_SESSION_EVENTS
from shoplab.core.schemas import SEGMENT
from shoplab.core.schemas.arrow import arrow_schema
from shoplab.core.vocabulary import COUNTS
from shoplab.segments.confidence import STAGES
from shoplab.segments.features import BROWSING, ORDERING
from shoplab.segments.rfm import CLASSES, NON_BUYER

if TYPE_CHECKING:
    from shoplab.segments.model import Segmentation
    from shoplab.segments.rfm import RfmModel

_FEATURES = {feature.name: feature for feature in (*BROWSING, *ORDERING)}
# Of USER what a segment is made from
NEEDED = (
    "user_id", "month", "sessions", "events", *COUNTS.values(), "orders", "revenue", "longest_session", "last_purchase",
    "cart_rate", "abandon_rate", "price_level",
)  # fmt: skip

Values = NDArray[np.float64]


def segment_rows(model: "Segmentation", users: pd.DataFrame) -> pa.Table:
    """SEGMENT rows. users: USER rows of all the users' months; of USER's columns NEEDED."""
    history = _history(users)
    rfm = _rfm(model.rfm, history)
    scaled = _features(model, history)
    squared = ((scaled[:, None, :] - model.kmeans.matrix[None, :, :]) ** 2).sum(axis=2)
    segment = squared.argmin(axis=1)
    stage = sum((history["sessions"].to_numpy() >= visits).astype(int) for visits in STAGES[1:])
    made = rfm.assign(
        user_id=history.index,
        segment=segment,
        segment_name=np.array(model.kmeans.names, object)[segment],
        distance=np.sqrt(squared[np.arange(len(segment)), segment]),
        confidence=np.array(model.confidence.shares)[segment, stage],
        robot=history["longest_session"].to_numpy() > ROBOT_SESSION_EVENTS,
    )
    return pa.Table.from_pandas(made[SEGMENT.names], arrow_schema(SEGMENT), preserve_index=False)


def scaled_people(model: "Segmentation", users: pd.DataFrame) -> tuple[list[str], Values]:
    """Ids, and what k-means sees of each, shape (users, features); robots are left out, as they are of a fit."""
    history = _history(users)
    people = history[history["longest_session"] <= ROBOT_SESSION_EVENTS]
    return people.index.to_list(), _features(model, people)


def _features(model: "Segmentation", history: pd.DataFrame) -> Values:
    """Shape (users, features)."""
    return np.column_stack([_scaled(model, name, history) for name in model.kmeans.scaling.features])


def _history(users: pd.DataFrame) -> pd.DataFrame:
    """By user: `history.user_history`, of the columns that are needed."""
    carted = users["sessions"] * users["cart_rate"]
    weight = users["events"].where(users["price_level"].notna(), 0)
    parts = users.assign(
        _carted=carted,
        _abandoned=carted * users["abandon_rate"],
        _levels=(users["price_level"] * users["events"]).fillna(0.0),
        _level_events=weight,
        month_events=users["events"],
        month_orders=users["orders"],
    )
    largest = ("longest_session", "last_purchase", "month_events", "month_orders")
    sums = ("sessions", "events", "orders", "revenue", "_carted", "_abandoned", "_levels", "_level_events")
    found = parts.groupby("user_id").agg({**dict.fromkeys(sums, "sum"), **dict.fromkeys(largest, "max")})
    return found.assign(
        cart_rate=_ratio(found["_carted"], found["sessions"], np.nan),
        order_rate=_ratio(found["orders"], found["sessions"]),
        left_cart_rate=_ratio(found["_abandoned"], found["_carted"]) * _ratio(found["_carted"], found["sessions"]),
        price_level=_ratio(found["_levels"], found["_level_events"], np.nan),
        order_value=_ratio(found["revenue"], found["orders"], np.nan),
    )


def _ratio(part: pd.Series, whole: pd.Series, otherwise: float = 0.0) -> Values:
    values, of = part.to_numpy(np.float64), whole.to_numpy(np.float64)
    made: Values = np.divide(values, of, out=np.full(len(of), otherwise), where=of > 0)
    return made


def _rfm(model: "RfmModel", history: pd.DataFrame) -> pd.DataFrame:
    """SEGMENT's columns of RFM."""
    day = pd.Timestamp(model.as_of, tz="UTC")
    bought = history["last_purchase"]
    recency = (day - bought.dt.floor("D")).dt.days.clip(lower=0)
    buyer = bought.notna()
    scores = {
        "r": 6 - _score(recency, model.recency_days),
        "f": _score(history["orders"], model.frequency),
        "m": _score(history["revenue"], model.monetary),
    }
    table = pd.DataFrame({name: score.where(buyer).astype("Int32") for name, score in scores.items()})
    name = np.full(len(table), NON_BUYER, object)
    for label, r, f in CLASSES[::-1]:
        name[(table["r"].between(*r) & table["f"].between(*f)).fillna(False).to_numpy(bool)] = label
    return table.assign(
        recency_days=recency.astype("Int32"), frequency=history["orders"], monetary=history["revenue"], rfm_class=name
    )


def _score(values: pd.Series, thresholds: tuple[float, ...]) -> pd.Series:
    return sum(((values > limit).astype(int) for limit in thresholds), pd.Series(1, values.index))


def _scaled(model: "Segmentation", name: str, history: pd.DataFrame) -> Values:
    """`features.Scaling.sql`."""
    scaling, feature = model.kmeans.scaling, _FEATURES[name]
    at = scaling.features.index(name)
    value = history[name].to_numpy(np.float64)
    if feature.logged:
        corrected = np.log1p(np.maximum(value, 0.0))
    else:
        weight = history[feature.weight].to_numpy(np.float64)
        prior = feature.prior_weight
        corrected = (value * weight + scaling.priors[at] * prior) / (weight + prior)
    scaled: Values = np.nan_to_num((corrected - scaling.means[at]) / scaling.scales[at], nan=0.0)
    return scaled

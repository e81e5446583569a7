"""Sessions -> what each buyer is worth: chance to be alive, orders and money to come in the next 30 days."""

import datetime as dt
from typing import Any

import pandas as pd
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from shoplab.core.frames import SparkCatalog, checked, kept
from shoplab.core.schemas import CUSTOMER_VALUE
from shoplab.segments.value_holdout import last_day_before, trial
from shoplab.segments.value_model import (
    TRIPLE,
    OrderValueModel,
    TooLittleData,
    ValueModel,
    fit_order_values,
    fit_purchases,
)

ORDER_VALUE_SAMPLE = 200_000  # repeat buyers: some seconds and 20 MB on the driver, and parameters good to 1 %
_MILLION = 1_000_000
_BUYERS_PER_FILE = 250_000


def customer_value(
    catalog: SparkCatalog, segments: DataFrame, as_of: dt.date, since: dt.date | None = None
) -> dict[str, Any] | str:
    """Publishes dataset "value" and returns the segment manifest's part `value`, or one sentence why there is none.

    Over purchases from `since` to `as_of` of the users in `segments` (user_id, segment_name): who is left out there,
    such as robots, is left out here.
    """
    days = purchase_days(catalog.read("sessions"), as_of, since)
    named = segments.select("user_id", "segment_name")
    with kept(days.join(named, on="user_id", how="inner")) as days:
        first = days.agg(F.min("day").alias("day")).first()
        if first is None or first["day"] is None:
            return "no lifetime value: nobody bought anything"
        try:
            return _value_since(catalog, days, first["day"], as_of)
        except TooLittleData as reason:
            return f"no lifetime value: {reason}"


def _value_since(catalog: SparkCatalog, days: DataFrame, first: dt.date, as_of: dt.date) -> dict[str, Any]:
    split = last_day_before(first, as_of)
    buyers = per_buyer(days, as_of, *_until_split(split or as_of), F.first("segment_name").alias("segment_name"))
    with kept(buyers) as buyers:
        tried = trial(_cells(buyers) if split else None, split, as_of)
        triples = buyers.groupBy(*TRIPLE).agg(F.count("*").alias("buyers")).toPandas()
        model = fit_value(triples, _order_values(buyers, triples), as_of, tried.factor)
        values = with_value(model, buyers, triples)
        part = {
            "horizon_days": model.horizon_days,
            "segments": means_by_segment(values),
            "holdout": tried.report,
            "model": model.to_dict(),
            "left_out": [reason for reason in (tried.why, model.left_out) if reason],
        }
        rows = checked("value", values.select(*CUSTOMER_VALUE.names))
        files = rows.coalesce(1 + model.buyers // _BUYERS_PER_FILE)
        catalog.publish("value", lambda path: files.write.parquet(catalog.settings.hdfs + path), part)
        return part


# Steps


def purchase_days(sessions: DataFrame, until: dt.date, since: dt.date | None = None) -> DataFrame:
    """SESSION rows -> user_id, day (UTC), revenue; grain: one day on which one user bought.

    `until` and `since` are the first and last day looked at. revenue is the day's, less what was refunded that day.
    """
    start = F.col("session_start")
    counted = start < F.lit(until + dt.timedelta(days=1)).cast("timestamp")
    if since is not None:
        counted &= start >= F.lit(since).cast("timestamp")
    touched_money = (F.col("purchases") > 0) | (F.col("revenue") < 0)
    daily = sessions.where(counted & touched_money).groupBy("user_id", F.to_date(start).alias("day"))
    sums = daily.agg(F.sum("purchases").alias("purchases"), F.sum("revenue").alias("revenue"))
    return sums.where("purchases > 0").select("user_id", "day", "revenue")


def fit_value(triples: pd.DataFrame, orders: pd.DataFrame, as_of: dt.date, factor: float = 1.0) -> ValueModel:
    """Both models. `triples`: x, t_x, T, buyers. `orders`: n, mean_value of repeat buyers. TooLittleData where not even
    purchases can be modelled.
    """
    purchases, buyers = fit_purchases(triples), int(triples["buyers"].sum())
    try:
        order_values, left_out = fit_order_values(orders), None
    except TooLittleData as reason:
        order_values, left_out = None, str(reason)
    return ValueModel(as_of.isoformat(), buyers, purchases, order_values, left_out, factor)


def means_by_segment(named_values: DataFrame) -> list[dict[str, Any]]:
    """segment_name, buyers and the means over them of CUSTOMER_VALUE's columns; most orders to come first."""
    means = [F.mean(name).alias(name) for name in CUSTOMER_VALUE.names[1:]]
    rows = named_values.groupBy("segment_name").agg(F.count("*").alias("buyers"), *means).collect()
    return sorted((row.asDict() for row in rows), key=lambda row: (-row["expected_orders"], row["segment_name"]))


def with_value(model: ValueModel, buyers: DataFrame, triples: pd.DataFrame) -> DataFrame:
    """Rows of `per_buyer` with p_alive, expected_orders, expected_order_value and clv. Grain: one buyer.

    The purchase model is asked once for each different (x, t_x, T), which are few as days are whole, and `triples` are
    all of them; its answers are joined. The order value is a formula over columns.
    """
    answers = buyers.sparkSession.createDataFrame(model.predict(triples))
    value = _order_value(model.order_values)
    known = buyers.join(answers, on=TRIPLE, how="inner")
    return known.withColumns({"expected_order_value": value, "clv": F.col("expected_orders") * value})


def per_buyer(days: DataFrame, until: dt.date, *more: Column) -> DataFrame:
    """Purchase days up to a day -> user_id, x, t_x, T, mean_value, valued_days, and `more`; grain: one buyer.

    x: days with a purchase after the first. t_x: days from the first to the last of them. T: days from the first to
    `until`. mean_value: mean revenue of the days with positive revenue (Gamma-Gamma knows no others: a refund can make
    a day's negative), null without any. valued_days: their number.
    """
    value = F.when(F.col("revenue") > 0, F.col("revenue"))
    x, t_x, age = _triple(F.col("day"), until)
    return days.groupBy("user_id").agg(
        x.alias("x"),
        t_x.alias("t_x"),
        age.alias("T"),
        F.mean(value).alias("mean_value"),
        F.count(value).alias("valued_days"),
        *more,
    )


def _triple(day: Column, until: dt.date) -> tuple[Column, Column, Column]:
    """Aggregates x, t_x and T over the days that are not null."""
    first = F.min(day)
    return F.count(day) - 1, F.datediff(F.max(day), first), F.datediff(F.lit(until), first)


def _until_split(split: dt.date) -> list[Column]:
    """The same as of the day before the holdout, and the purchase days in it."""
    before = F.when(F.col("day") <= F.lit(split), F.col("day"))
    triple = zip(_triple(before, split), TRIPLE, strict=True)
    actual = F.count_if(F.col("day") > F.lit(split)).alias("actual")
    return [*(column.alias(f"{name}_before") for column, name in triple), actual]


def _cells(buyers: DataFrame) -> pd.DataFrame:
    """Buyers who bought before the holdout, those alike counted: the columns of value_holdout.trial."""
    half = F.pmod(F.xxhash64("user_id"), F.lit(2)).alias("half")
    before = [F.col(f"{name}_before").alias(name) for name in TRIPLE]
    alike = buyers.where("T_before is not null").groupBy(*before, half, "segment_name")
    return alike.agg(F.count("*").alias("buyers"), F.sum("actual").alias("actual")).toPandas()


def _order_values(buyers: DataFrame, triples: pd.DataFrame) -> pd.DataFrame:
    """n and mean_value of repeat buyers, of a sample of them where they are many; the same users in each run."""
    repeat_buyers = max(1, int(triples.loc[triples["x"] > 0, "buyers"].sum()))
    drawn = F.pmod(F.xxhash64("user_id", F.lit("order values")), F.lit(_MILLION))
    sample = buyers.where((F.col("valued_days") > 1) & (drawn < _MILLION * ORDER_VALUE_SAMPLE // repeat_buyers))
    return sample.select(F.col("valued_days").alias("n"), "mean_value").toPandas()


def _order_value(model: OrderValueModel | None) -> Column:
    """Gamma-Gamma's expected value of a buyer's next order: their own mean, drawn towards that of all (Fader, Hardie
    2013, equation 5), which stands alone for a buyer without a priced order. Null without a model.
    """
    if model is None:
        return F.lit(None).cast("double")
    n, mean = F.col("valued_days"), F.coalesce("mean_value", F.lit(0.0))
    return model.p * (model.v + n * mean) / (model.p * n + model.q - 1)

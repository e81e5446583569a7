import datetime as dt

import numpy as np
import pandas as pd
from pyspark.sql import SparkSession

from shoplab.segments.history import user_history
from shoplab.segments.rfm import CLASSES, NON_BUYER, RfmModel, apply_rfm, fit_rfm
from tests.segments.user_rows import user_row, user_table

AS_OF = dt.date(2019, 10, 31)


def buyers(count: int) -> list[dict[str, object]]:
    rng = np.random.default_rng(3)
    days, orders, paid = rng.integers(0, 30, count), rng.geometric(0.5, count), rng.gamma(2, 100, count).round(2)
    return [
        user_row(str(i), orders=int(orders[i]), sessions=int(orders[i]), revenue=float(paid[i]),
                 last_purchase=dt.datetime(2019, 10, 31, 23) - dt.timedelta(days=int(days[i])))
        for i in range(count)
    ]  # fmt: skip


def test_same_as_pandas(spark: SparkSession) -> None:
    rows = buyers(300)
    history = user_history(user_table(spark, [*rows, user_row("window")]))

    got = apply_rfm(fit_rfm(history, AS_OF), history).where("user_id != 'window'").toPandas()

    given = pd.DataFrame(rows).set_index("user_id").loc[got["user_id"]]
    recency = (pd.Timestamp(AS_OF) - given["last_purchase"].dt.normalize()).dt.days
    for name, values in (("recency_days", recency), ("frequency", given["orders"]), ("monetary", given["revenue"])):
        assert got[name].tolist() == values.tolist()

    def quintile(values: pd.Series) -> list[int]:
        points = np.quantile(values, [0.2, 0.4, 0.6, 0.8])
        return (1 + (values.to_numpy()[:, None] > points).sum(axis=1)).tolist()

    assert got["r"].tolist() == [6 - score for score in quintile(recency)]
    assert got["f"].tolist() == quintile(given["orders"])
    assert got["m"].tolist() == quintile(given["revenue"])
    assert got["r"].nunique() == got["m"].nunique() == 5


def test_classes_cover_the_grid_once() -> None:
    cells = [(r, f) for _, rs, fs in CLASSES for r in range(rs[0], rs[1] + 1) for f in range(fs[0], fs[1] + 1)]
    assert sorted(cells) == [(r, f) for r in range(1, 6) for f in range(1, 6)]


def test_class_follows_from_scores(spark: SparkSession) -> None:
    model = RfmModel("2019-10-31", (1.0, 5.0, 10.0, 20.0), (1.0, 2.0, 3.0, 4.0), (10.0, 20.0, 30.0, 40.0))
    rows = [
        user_row("best", orders=9, sessions=9, revenue=99.0, last_purchase=dt.datetime(2019, 10, 31)),
        user_row("gone", orders=1, revenue=5.0, last_purchase=dt.datetime(2019, 10, 1)),
        user_row("was good", orders=9, sessions=9, revenue=99.0, last_purchase=dt.datetime(2019, 10, 1)),
    ]
    got = {row.user_id: row.rfm_class for row in apply_rfm(model, user_history(user_table(spark, rows))).collect()}
    assert got == {"best": "champion", "gone": "lost", "was good": "can't lose"}


def test_without_purchases_everybody_is_a_non_buyer(spark: SparkSession) -> None:
    history = user_history(user_table(spark, [user_row("1"), user_row("2")]))
    model = fit_rfm(history, AS_OF)
    assert RfmModel.from_dict(model.to_dict()) == model
    rows = apply_rfm(model, history).collect()
    assert [(row.r, row.f, row.m, row.recency_days, row.frequency) for row in rows] == [(None, None, None, None, 0)] * 2
    assert {row.rfm_class for row in rows} == {NON_BUYER}

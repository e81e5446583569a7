import datetime as dt

import pytest
from pyspark.sql import SparkSession

from shoplab.segments.confidence import STAGES, Confidence, confidence, fit_confidence
from shoplab.segments.history import user_history
from shoplab.segments.kmeans import apply_segments, fit_segments
from tests.segments.user_rows import session_row, session_table, user_row, user_table


def test_shares_of_those_who_stayed(spark: SparkSession) -> None:
    """Buyers buy at every visit, visitors never; a quarter of the visitors turn into buyers at their second visit."""
    sessions, users = [], []
    for i in range(40):
        buys = [i < 10 or (i < 20 and visit > 0) for visit in range(8)]
        sessions += [
            session_row(str(i), dt.datetime(2019, 10, 1 + visit), events=3, purchases=int(bought), revenue=9.0 * bought)
            for visit, bought in enumerate(buys)
        ]
        orders = sum(buys)
        users.append(user_row(str(i), sessions=8, events=24, orders=orders, revenue=9.0 * orders, price_level=None))
    history = user_history(user_table(spark, users))
    model = fit_segments(history, k=2)
    segmented = apply_segments(model, history)

    measured = fit_confidence(model, session_table(spark, sessions), segmented)

    assert Confidence.from_dict(measured.to_dict()) == measured
    buyers = segmented.where("user_id = '0'").first().segment
    mean = 30 / 40  # of those placed by one visit
    assert measured.shares[buyers][0] == pytest.approx((10 + 5 * mean) / (10 + 5))
    assert measured.shares[1 - buyers][0] == pytest.approx((20 + 5 * mean) / (30 + 5))
    assert measured.shares[buyers][len(STAGES) - 1] == pytest.approx(1.0)


def test_more_visits_ask_for_a_later_stage(spark: SparkSession) -> None:
    model = Confidence(((0.1, 0.2, 0.3, 0.4), (0.5, 0.6, 0.7, 0.8)))
    rows = spark.createDataFrame([(0, 0), (1, 0), (2, 0), (5, 1), (100, 1)], "sessions int, segment int")
    assert [row[0] for row in rows.select(confidence(model)).collect()] == [0.1, 0.1, 0.2, 0.7, 0.8]

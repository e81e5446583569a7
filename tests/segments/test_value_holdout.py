import datetime as dt

import numpy as np
import pandas as pd
import pytest

from shoplab.segments.value_holdout import last_day_before, trial
from tests.segments.buyers import FIRST_DAY, drawn_purchase_days, per_buyer

DAYS = 180
SPLIT, LAST = FIRST_DAY + dt.timedelta(days=119), FIRST_DAY + dt.timedelta(days=179)


def cells(buyers: int, seed: int = 1) -> pd.DataFrame:
    """One row per buyer before the holdout: cells need not be summed up."""
    days = drawn_purchase_days(buyers, 0.8, 40, 1.2, 3, DAYS, seed)
    known = per_buyer(days, 119)
    after = days[days["day"] > 119].groupby("buyer")["day"].count()
    names = np.where(known["x"] > 0, "loyal", "one-off")
    return known.assign(half=known.index % 2, segment_name=names, buyers=1, actual=after).fillna({"actual": 0})


@pytest.mark.parametrize(
    ("first", "until", "split"),
    [
        ((2019, 10, 1), (2019, 10, 31), (2019, 10, 21)),
        ((2019, 10, 1), (2019, 11, 30), (2019, 11, 10)),
        ((2019, 10, 1), (2019, 10, 21), (2019, 10, 14)),
        ((2019, 10, 1), (2019, 10, 20), None),
        ((2019, 10, 1), (2019, 10, 1), None),
    ],
)
def test_last_third_is_held_out_if_it_is_a_week(
    first: tuple[int, int, int], until: tuple[int, int, int], split: tuple[int, int, int] | None
) -> None:
    assert last_day_before(dt.date(*first), dt.date(*until)) == (split and dt.date(*split))


def test_orders_of_the_holdout_are_foretold() -> None:
    """Within some percent before the factor: the model's time is continuous, two purchases on one day count as one."""
    report, why, factor = trial(cells(20_000), SPLIT, LAST)
    assert (why, report and report["from"], report and report["to"]) == (None, "2019-05-01", "2019-06-29")
    assert report is not None
    assert report["predicted"] == pytest.approx(report["actual"], rel=0.07)
    assert factor == pytest.approx(1, abs=0.1)
    assert abs(report["error"]) < 0.05
    for row in report["curve"]:
        assert row["predicted"] == pytest.approx(row["actual"], rel=0.12), row


def test_report_adds_up() -> None:
    known = cells(3_000)
    report, _, _ = trial(known, SPLIT, LAST)
    assert report is not None
    assert report["actual"] == known["actual"].sum() == sum(row["actual"] for row in report["by_segment"])
    assert report["predicted"] == pytest.approx(sum(row["predicted"] for row in report["by_segment"]))
    assert [row["segment_name"] for row in report["by_segment"]] == ["loyal", "one-off"]
    assert [row["repeat_orders"] for row in report["curve"]] == [0, 1, 2, 3]
    assert sum(row["buyers"] for row in report["curve"]) == report["buyers"] == len(known)
    total = sum(row["actual"] * row["buyers"] for row in report["curve"])
    assert total == pytest.approx(report["actual"])


def test_factor_is_learnt_on_one_half_and_judged_on_the_other() -> None:
    known = cells(4_000)
    known.loc[known["half"] == 1, "actual"] *= 2
    report, _, factor = trial(known, SPLIT, LAST)
    assert report is not None
    assert factor == report["factor"] == pytest.approx(1, abs=0.15)
    assert report["error"] == pytest.approx(-0.5, abs=0.1)


def test_few_orders_make_no_factor() -> None:
    report, _, factor = trial(cells(4_000).assign(actual=0), SPLIT, LAST)
    assert report is not None
    assert (factor, report["actual"], report["error"]) == (1.0, 0, None)


def test_no_holdout_is_said() -> None:
    assert trial(None, None, LAST) == (None, "no holdout: the orders span less than 21 days", 1.0)
    report, why, factor = trial(cells(30), SPLIT, LAST)
    assert (report, factor) == (None, 1.0)
    assert why is not None
    assert why.startswith("no holdout: up to 2019-04-30")

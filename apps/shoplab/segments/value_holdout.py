"""How well the purchase model foretells: fitted on the first two thirds of the days, judged on the last."""

import datetime as dt
from typing import Any, NamedTuple

import pandas as pd

from shoplab.segments.value_model import TRIPLE, TooLittleData, fit_purchases

MIN_DAYS = 7
MIN_ORDERS = 30  # a factor from fewer would be off by a fifth by chance alone
_MOST_REPEATS = 3  # the curve's last class is "3 or more"


class Trial(NamedTuple):
    """`report` is the manifest's part `holdout`, `why` says why there is none. `factor`: actual over predicted."""

    report: dict[str, Any] | None
    why: str | None
    factor: float


def last_day_before(first: dt.date, until: dt.date) -> dt.date | None:
    """The last day of the part that is fitted on, for days `first` to `until`; None where the last third of them is
    less than a week.
    """
    held_out = ((until - first).days + 1) // 3
    return until - dt.timedelta(days=held_out) if held_out >= MIN_DAYS else None


def trial(cells: pd.DataFrame | None, split: dt.date | None, until: dt.date) -> Trial:
    """Fits on the orders up to `split` and compares with those from there to `until`.

    cells: one row of buyers alike: x, t_x, T as of `split`, half (0 or 1), segment_name, buyers, actual (purchase days
    after `split`). The factor comes from one half of the buyers, its error is measured on the other. In the report
    `predicted` and `actual` are orders before the factor, in `curve` orders per buyer.
    """
    if split is None or cells is None:
        return Trial(None, f"no holdout: the orders span less than {3 * MIN_DAYS} days", 1.0)
    try:
        model = fit_purchases(cells.groupby(TRIPLE)[["buyers"]].sum().reset_index())
    except TooLittleData as reason:
        return Trial(None, f"no holdout: up to {split} {reason}", 1.0)
    cells = cells.assign(predicted=cells["buyers"] * model.expected_orders((until - split).days, cells))
    known, judged = (cells.loc[cells["half"] == half, ["predicted", "actual"]].sum() for half in (0, 1))
    factor = float(known["actual"] / known["predicted"]) if known["actual"] >= MIN_ORDERS else 1.0
    error = float(factor * judged["predicted"] / judged["actual"]) - 1 if judged["actual"] else None
    report = {
        "from": (split + dt.timedelta(days=1)).isoformat(),
        "to": until.isoformat(),
        "buyers": int(cells["buyers"].sum()),
        "predicted": float(cells["predicted"].sum()),
        "actual": int(cells["actual"].sum()),
        "factor": factor,
        "error": error,
        "by_segment": _sums(cells, cells["segment_name"]).to_dict("records"),
        "curve": _means(_sums(cells, cells["x"].clip(upper=_MOST_REPEATS).rename("repeat_orders"))).to_dict("records"),
    }
    return Trial(report, None, factor)


def _sums(cells: pd.DataFrame, by: "pd.Series[Any]") -> pd.DataFrame:
    sums = cells.groupby(by)[["predicted", "actual", "buyers"]].sum()
    return sums.astype({"actual": "int64", "buyers": "int64"}).reset_index()


def _means(sums: pd.DataFrame) -> pd.DataFrame:
    return sums.assign(predicted=sums["predicted"] / sums["buyers"], actual=sums["actual"] / sums["buyers"])

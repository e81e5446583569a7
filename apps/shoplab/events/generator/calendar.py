"""A month's clock: when sessions start, which days are sale days, what October is like and November adds."""

import calendar
import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shoplab.core.errors import LabError

HOUR, DAY = 3600, 86_400

# Events by hour (UTC), in thousands. 0-9 h are October 2019's; the rest keeps its sum and its peak near 15 h.
HOUR_SHAPE = (
    307, 559, 1069, 1550, 1916, 2126, 2269, 2336, 2390, 2352, 2310, 2320,
    2380, 2530, 2720, 2790, 2730, 2510, 2040, 1430, 830, 460, 300, 230,
)  # fmt: skip
# Days 1-10 are October 2019's, in millions; the others share what is left of the month, with a weekly wave.
FIRST_DAYS = (1.24, 1.19, 1.13, 1.42, 1.33, 1.32, 1.20, 1.37, 1.35, 1.28)
OTHER_DAYS = (1.41, 1.38, 1.37, 1.40, 1.44, 1.46, 1.43)

# November's sales: day of month -> how many times the usual traffic.
SALE_DAYS = {15: 1.6, 16: 2.0, 17: 2.2, 29: 1.8}
SALE_ORDERS = 1.6  # orders are this many times as likely on a sale day


@dataclass(frozen=True)
class Month:
    """A calendar month. `ordinal` counts months from 2000-01."""

    name: str
    year: int
    number: int

    @property
    def ordinal(self) -> int:
        return (self.year - 2000) * 12 + self.number - 1

    @property
    def days(self) -> int:
        return calendar.monthrange(self.year, self.number)[1]

    @property
    def seconds(self) -> int:
        return self.days * DAY

    @property
    def has_sales(self) -> bool:
        return self.number == 11

    def sale_days(self) -> NDArray[np.bool_]:
        """One flag per day, day 1 first."""
        return np.array([self.has_sales and day in SALE_DAYS for day in range(1, self.days + 1)])

    def start_edges(self) -> NDArray[np.float64]:
        """Cumulative share of sessions by hour of the month: days * 24 + 1 values from 0 to 1."""
        days = np.array([_day_weight(self, day) for day in range(1, self.days + 1)])
        hours = np.outer(days, np.array(HOUR_SHAPE, dtype=float)).ravel()
        return np.concatenate([[0.0], np.cumsum(hours) / hours.sum()])


def parse_month(text: str) -> Month:
    """ "2019-10" -> Month, for the years 2000 to 2099."""
    if not re.fullmatch(r"20\d\d-(0[1-9]|1[0-2])", text):
        raise LabError(f"not a month: {text!r}; give it as YYYY-MM, years 2000 to 2099, for example --month 2019-10")
    return Month(text, int(text[:4]), int(text[5:]))


def _day_weight(month: Month, day: int) -> float:
    weight = FIRST_DAYS[day - 1] if day <= len(FIRST_DAYS) else OTHER_DAYS[day % 7]
    return weight * (SALE_DAYS.get(day, 1.0) if month.has_sales else 1.0)

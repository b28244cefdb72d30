"""Days as whole numbers since 1970-01-01, and the Mondays among them.

Belongs here: conversions between dates, day numbers and week numbers. Does not belong here: the clock, or what happens
on a day.
"""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import numpy.typing as npt
import polars as pl

from winback.errors import UsageError
from winback.weeks import monday_of

NEVER = -1
"""Day number of what has not happened."""

FAR = 10**7
"""Day number of what will not happen in any simulated time."""

_EPOCH = date(1970, 1, 1)
_FIRST_MONDAY = 4


def day_number(day: date) -> int:
    """Days since 1970-01-01."""
    return (day - _EPOCH).days


def date_of(day: int) -> date:
    """The date of a day number."""
    return _EPOCH + timedelta(days=day)


def week_number(day: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Weeks (Monday to Sunday) since the week of 1970-01-05."""
    return (day - _FIRST_MONDAY) // 7


def require_monday(day: date, name: str) -> int:
    """Day number of a Monday; UsageError naming the nearest one if `day` is another day of the week."""
    if day != monday_of(day):
        raise UsageError(f"{name} {day} is a {day:%A}; it must be a Monday, such as {monday_of(day)}")
    return day_number(day)


def dates(day: npt.NDArray[np.int64]) -> pl.Series:
    """Date column from day numbers; null where the day is negative (NEVER) or FAR."""
    series = pl.Series(day.astype(np.int32)).cast(pl.Date)
    known = pl.Series((day >= 0) & (day < FAR))
    return series.zip_with(known, pl.Series([None], dtype=pl.Date).new_from_index(0, len(day)))

"""Scores that allow for rows whose return was not seen because the log ended: weights and integrated Brier score.

Belongs here: the censoring curve and what is weighted by its inverse row by row. Does not belong here: pairs of rows
(`concordance`).

Days count from the as-of day as day 1. A row censored with t days was seen silent through day t, so its outcome at day t is
known; a return and a censoring on the same day are read as return first. The censoring curve is one Kaplan-Meier curve over
all rows: where rows of several as-of dates are pooled, it takes the date of a row to tell nothing about its return.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from winback.evaluation.ranking import Flags, Matrix, Vector

Days = NDArray[np.int64]

MIN_FOLLOWED_SHARE = 0.1
"""Days on which fewer than this share of the rows would still be followed are left out: their weights would swamp the rest."""


def followed_share(time_days: Days, has_returned: Flags) -> Vector:
    """P(a row is followed through day t) for t = 0 to the longest time + 1: the G(t-) of the literature.

    The Kaplan-Meier estimate of the time to censoring, taken just before censorings on day t.
    """
    longest = int(time_days.max())
    censored = np.bincount(time_days[~has_returned], minlength=longest + 1)
    returned = np.bincount(time_days[has_returned], minlength=longest + 1)
    at_risk = np.cumsum((censored + returned)[::-1])[::-1] - returned
    stay = 1 - np.divide(censored, at_risk, out=np.zeros(longest + 1), where=at_risk > 0)
    return np.concatenate([[1.0], np.cumprod(stay)])


def last_followed_day(followed: Vector) -> int:
    """The last day through which at least `MIN_FOLLOWED_SHARE` of the rows would be followed."""
    return int(np.flatnonzero(followed[:-1] >= MIN_FOLLOWED_SHARE)[-1])


def inverse_weights(time_days: Days, has_returned: Flags, followed: Vector) -> Vector:
    """1 / G(T-) for rows that returned no later than `last_followed_day`, 0 for all others."""
    counts = has_returned & (time_days <= last_followed_day(followed))
    return np.where(counts, 1 / np.where(counts, followed[time_days], 1.0), 0.0)


def known_weights(time_days: Days, has_returned: Flags, horizon_days: int, followed: Vector) -> Vector:
    """How much each row counts when only "returned within the horizon or not" is asked.

    1/G(T-) for a return within the horizon, 1/G(h-) for a row seen silent through it, 0 for a row censored before: those that
    are seen stand for those that are not. All 1 where every row is seen through the horizon.
    """
    is_return = has_returned & (time_days <= horizon_days)
    is_known = is_return | (time_days >= horizon_days)
    day = np.minimum(np.where(is_return, time_days, horizon_days), len(followed) - 1)
    return np.where(is_known, 1 / np.where(is_known, followed[day], 1.0), 0.0)


def integrated_brier_rows(time_days: Days, has_returned: Flags, curve: Matrix, curve_days: Days, followed: Vector) -> Vector:
    """What each row adds to the integrated Brier score; the (weighted) mean over rows is the score.

    On each day t of `curve_days` the squared error of `curve` (rows x days, P(return within t)) is weighted by 1/G(T-) for
    a return on day T <= t, by 1/G(t-) for a row known to be silent through t, and by 0 where the state is unknown. Days are
    integrated by the trapezoid rule over the grid, up to `last_followed_day`, and divided by the stretch; a single day
    counts alone. Lower is better. NaN if no grid day is followed. Graf, Schmoor, Sauerbrei and Schumacher (1999).
    """
    days = curve_days[curve_days <= last_followed_day(followed)]
    if not len(days):
        return np.full(len(time_days), np.nan)
    returns = inverse_weights(time_days, has_returned, followed)[:, None] * (time_days[:, None] <= days)
    silent = np.where(has_returned[:, None], time_days[:, None] > days, time_days[:, None] >= days) / followed[days]
    chance = curve[:, : len(days)]
    errors = returns * (1 - chance) ** 2 + silent * chance**2
    return np.asarray(errors @ _trapezoid_shares(days))


def _trapezoid_shares(days: Days) -> Vector:
    if len(days) == 1:
        return np.ones(1)
    steps = np.diff(days).astype(float)
    return np.asarray((np.append(steps, 0) + np.insert(steps, 0, 0)) / 2 / steps.sum())

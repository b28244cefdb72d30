"""Curves of return between and beyond the horizons that models were fitted at.

Belongs here: keeping chances from falling with the horizon, reading them at any day, and what follows from a curve (median,
best-by day). Does not belong here: fitting.
"""

from __future__ import annotations

import numpy as np

from winback.evaluation.censoring import Days
from winback.survival.btyd import Matrix, Vector
from winback.survival.gap_curve import BEST_BY_SHARE

MAX_PROB = 1 - 1e-6
"""No chance is certain."""

_LEAST_PROB = 1e-6


def logit(probs: Matrix) -> Matrix:
    """Log-odds, with chances held within 1e-6 of 0 and 1."""
    held = np.clip(probs, _LEAST_PROB, MAX_PROB)
    return np.asarray(np.log(held / (1 - held)))


def inverse_logit(log_odds: Matrix) -> Matrix:
    """Chances of log-odds."""
    return np.asarray(1 / (1 + np.exp(-log_odds)))


def read_curve(knot_days: Vector, knot_probs: Matrix, days: Vector, tail_silent: Matrix | None = None) -> Matrix:
    """P(return within each of `days`) from chances at the knots (rows x knots, never falling).

    Between knots the cumulative hazard is a straight line. Beyond the last one the chance still to be silent falls as
    `tail_silent` does: rows x (1 + days), the chance of silence at the last knot and at each day by a model that has a tail;
    without it the last hazard goes on.
    """
    hazard = -np.log1p(-np.minimum(np.maximum.accumulate(knot_probs, axis=1), MAX_PROB))
    knots, hazard = np.append(0.0, knot_days), np.column_stack([np.zeros(len(hazard)), hazard])
    at = np.clip(np.searchsorted(knots, days, side="left"), 1, len(knots) - 1)
    share = (days - knots[at - 1]) / (knots[at] - knots[at - 1])
    found = hazard[:, at - 1] + share * (hazard[:, at] - hazard[:, at - 1])
    if tail_silent is not None:
        is_beyond = days > knots[-1]
        fall = np.log(np.maximum(tail_silent[:, :1], _LEAST_PROB)) - np.log(np.maximum(tail_silent[:, 1:], _LEAST_PROB))
        found = np.where(is_beyond, hazard[:, -1:] + np.maximum(fall, 0), found)
    return np.asarray(-np.expm1(-found))


def later_chances(curve: Matrix, horizon_days: int) -> Matrix:
    """P(return within the horizon | still silent d days on) for d = 0 ... horizon; `curve` holds days 0 ... 2 x horizon."""
    silent = np.maximum(1 - curve, 1 - MAX_PROB)
    return np.asarray(1 - silent[:, horizon_days : 2 * horizon_days + 1] / silent[:, : horizon_days + 1])


def best_by_days(later: Matrix) -> Days:
    """Days during which the chance stays at least `BEST_BY_SHARE` of today's, at most the horizon; of `later_chances`."""
    has_fallen = later[:, 1:] < BEST_BY_SHARE * later[:, :1]
    return np.asarray(np.where(has_fallen.any(axis=1), has_fallen.argmax(axis=1), later.shape[1] - 1), dtype=np.int64)


def median_days(curve: Matrix) -> Days:
    """First day by which half have returned, -1 where the curve (days 0, 1, ...) never gets there."""
    is_half = curve >= 0.5
    return np.asarray(np.where(is_half.any(axis=1), is_half.argmax(axis=1), -1), dtype=np.int64)

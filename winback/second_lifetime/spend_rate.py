"""Spend a day after a return, from spend a day before.

Belongs here: the regression of the second lifetime's spend a day on the first's, and its spread. Does not belong here: how
long the second lifetime lasts.

Kumar, Bhagwat & Zhang (2015) and Stauss & Friege (1999): the second lifetime has a value of its own; what came before tells
about it, but is not it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

Vector = npt.NDArray[np.float64]

MIN_REGRESSION_ROWS = 50
"""Fewest second lifetimes from which a slope is learned; below it every account keeps the pool's median ratio."""

PRIOR_ROWS = 25.0
"""Rows' worth of belief that spend a day after is proportional to spend a day before (slope 1)."""

MIN_SPREAD = 0.05
"""Smallest spread of log spend a day: nobody's rate is known exactly."""

_Z_90 = 1.2815515655446004
_HUBER = 1.345
_N_STEPS = 25


@dataclass(frozen=True)
class SpendRate:
    """log(spend a day after) = log_ratio + log(centre) + slope · (log(spend a day before) - log(centre)) + spread · N(0, 1).

    `mean_factor` turns the middle rate into the mean one: spend seen over spend told, all days together.
    """

    level: str
    centre_amount: float
    log_ratio: float
    slope: float
    spread: float
    mean_factor: float
    n_lifetimes: int

    def middle(self, first_daily_amount: Vector) -> Vector:
        """Middle spend a day (base currency) for spend a day before; 0 where nothing was spent before."""
        known = np.maximum(first_daily_amount, 1e-9) / self.centre_amount
        middle = self.centre_amount * np.exp(self.log_ratio + self.slope * np.log(known))
        return np.where(first_daily_amount > 0, middle, 0.0)


def fit_spend_rate(frame: pl.DataFrame) -> SpendRate:
    """From the columns first_daily_amount, covered_days and spend_amount of `core_second_lifetimes`.

    Rows weigh by the days they cover (at most the 90 % point of all), since days are what a rate is multiplied with; the
    slope is Huber's M-estimate, held to 1 by `PRIOR_ROWS` and kept within 0 … 1. Rows without spend on either side cannot
    tell a ratio; those without spend after the return still lower the mean factor. Raises ValueError if no row can tell one.
    """
    before = frame["first_daily_amount"].to_numpy().astype(np.float64)
    days = frame["covered_days"].to_numpy().astype(np.float64)
    spend = frame["spend_amount"].cast(pl.Float64).to_numpy()
    told = (before > 0) & (spend > 0)
    if not told.any():
        raise ValueError("no second lifetime has spend both before and after the return")
    log_before, log_after = np.log(before[told]), np.log(spend[told] / days[told])
    weights = np.minimum(days[told], np.quantile(days[told], 0.9))
    weights = weights / weights.mean()
    centre = weighted_quantile(log_before, weights, 0.5)
    ratio = weighted_quantile(log_after - log_before, weights, 0.5)
    slope, level = 1.0, "median"
    if told.sum() >= MIN_REGRESSION_ROWS:
        ratio, slope = _huber_line(log_before - centre, log_after - centre, weights)
        level = "regression"
    residuals = log_after - (centre + ratio + slope * (log_before - centre))
    low, high = (weighted_quantile(residuals, weights, q) for q in (0.1, 0.9))
    spread = max((high - low) / (2 * _Z_90), MIN_SPREAD)
    rate = SpendRate(level, float(np.exp(centre)), ratio, slope, spread, 1.0, int(told.sum()))
    return SpendRate(**{**vars(rate), "mean_factor": _mean_factor(rate, before, days, spend)})


def weighted_quantile(values: Vector, weights: Vector, share: float) -> float:
    """The smallest value at which the weights below and at it reach `share` of their sum."""
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weights[order]) >= share * weights.sum() * (1 - 1e-12)
    return float(values[order][np.argmax(reached)])


def _huber_line(x: Vector, y: Vector, weights: Vector) -> tuple[float, float]:
    """Height at x = 0 and slope of the weighted Huber line through (x, y), the slope pulled to 1 and kept within 0 … 1."""
    height, slope, trust = weighted_quantile(y - x, weights, 0.5), 1.0, weights
    for _ in range(_N_STEPS):
        residuals = y - height - slope * x
        scale = max(1.4826 * weighted_quantile(np.abs(residuals), weights, 0.5), 1e-6)
        trust = weights * np.minimum(1.0, _HUBER * scale / np.maximum(np.abs(residuals), 1e-12))
        mean_x = float(np.average(x, weights=trust))
        excess = y - x
        mean_excess = float(np.average(excess, weights=trust))
        prior = PRIOR_ROWS * float(np.average((x - mean_x) ** 2, weights=trust))
        tilt = float((trust * (x - mean_x) * (excess - mean_excess)).sum())
        tilt /= max(float((trust * (x - mean_x) ** 2).sum()) + prior, 1e-12)
        slope = min(max(1.0 + tilt, 0.0), 1.0)
        height = float(np.average(y - slope * x, weights=trust))
    return height, slope


def _mean_factor(rate: SpendRate, before: Vector, days: Vector, spend: Vector) -> float:
    """Spend seen over spend told by the middle rate; the hundredth of lifetimes furthest above is cut to the next one."""
    told = rate.middle(before) * days
    has_told = told > 0
    ratios = spend[has_told] / told[has_told]
    capped = np.clip(ratios, 0.0, np.quantile(ratios, 0.99))
    return max(float((capped * told[has_told]).sum() / told[has_told].sum()), 1e-6)

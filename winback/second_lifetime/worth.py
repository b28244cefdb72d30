"""The worth of a second lifetime as a distribution.

Belongs here: quantiles and mean of discounted spend over an uncertain duration at an uncertain spend a day. Does not belong
here: how durations and spend a day are estimated.

V = R · A(min(T, H)), with R = e^(spread · Z) the spend a day (in units of its middle), T the duration and
A(t) = (1 - e^(-δt)) / δ the discounted days, δ = log(1 + rate a year) / 365. T and Z are taken as independent, given the
account. Mean of V / mean of R = ∫ S(t) e^(-δt) dt over 0 … H.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Vector = npt.NDArray[np.float64]

SHARES = (0.1, 0.5, 0.9)
"""Low, middle and high: an 80 % interval around the median."""

_N_NODES = 64
_N_HALVINGS = 45
_SMALLEST_DAYS = 1e-3


@dataclass(frozen=True)
class Worth:
    """Figures of curves, one row a curve: durations (days) and values (spend days) at `SHARES`, the mean of the discounted
    days, and the chance to outlast the curve's last day."""

    durations: Vector
    values: Vector
    mean_days: Vector
    outlast: Vector


def daily_discount(rate_per_year: float) -> float:
    """δ: the continuous rate a day of a yearly rate (0.10 is ten per cent)."""
    return float(np.log1p(rate_per_year) / 365)


def discounted_days(days: Vector, discount: float) -> Vector:
    """A(t): days until t, each worth e^(-δt)."""
    return -np.expm1(-discount * days) / discount if discount > 0 else days


def worth_of(survival: Vector, *, horizon_days: int, discount: float, spread: float) -> Worth:
    """Figures of survival curves of shape (curves, days 0 … last observed day).

    What lies past the last day is not counted: durations end there, and value ends there or at the horizon.
    """
    last_day = survival.shape[1] - 1
    end = min(horizon_days, last_day)
    weights = np.exp(-discount * np.arange(end + 1))
    return Worth(
        durations=np.column_stack([_duration(survival, share) for share in SHARES]),
        values=np.column_stack([_value(survival, share, end, discount, spread) for share in SHARES]),
        mean_days=np.asarray(np.trapezoid(survival[:, : end + 1] * weights, axis=1), dtype=np.float64),
        outlast=survival[:, -1],
    )


def _duration(survival: Vector, share: float) -> Vector:
    """First day, in between interpolated, at which `share` of lifetimes have ended; the last day where that is not seen."""
    last_day = survival.shape[1] - 1
    day = np.minimum((survival > 1 - share).sum(axis=1), last_day)
    rows = np.arange(len(survival))
    above, below = survival[rows, np.maximum(day - 1, 0)], survival[rows, day]
    part = np.divide(above - (1 - share), above - below, out=np.ones_like(above), where=above > below)
    return np.asarray(np.minimum(np.maximum(day - 1, 0) + np.clip(part, 0, 1), last_day), dtype=np.float64)


def _value(survival: Vector, share: float, end: int, discount: float, spread: float) -> Vector:
    """The value below which `share` of the distribution lies, by halving on the log scale over fixed nodes of Z."""
    from scipy.special import ndtri

    factors = np.exp(spread * ndtri((np.arange(_N_NODES) + 0.5) / _N_NODES))
    most = float(discounted_days(np.array([float(end)]), discount)[0]) * factors[-1]
    low = np.full(len(survival), np.log(_SMALLEST_DAYS * factors[0]))
    high = np.full(len(survival), np.log(most))
    for _ in range(_N_HALVINGS):
        middle = (low + high) / 2
        is_below = _share_below(survival, np.exp(middle), factors, end, discount) < share
        low, high = np.where(is_below, middle, low), np.where(is_below, high, middle)
    return np.asarray(np.exp(high), dtype=np.float64)


def _share_below(survival: Vector, values: Vector, factors: Vector, end: int, discount: float) -> Vector:
    """P(V ≤ value) of every curve."""
    spend_days = values[:, None] / factors[None, :]
    whole = float(discounted_days(np.array([float(end)]), discount)[0])
    is_whole = spend_days >= whole
    inner = np.minimum(spend_days, whole * (1 - 1e-12))
    days = -np.log1p(-discount * inner) / discount if discount > 0 else inner
    at = np.minimum(days.astype(np.int64), end - 1)
    part = days - at
    rows = np.arange(len(survival))[:, None]
    alive = (1 - part) * survival[rows, at] + part * survival[rows, at + 1]
    return np.asarray(np.where(is_whole, 1.0, 1 - alive).mean(axis=1), dtype=np.float64)

"""Weighted means of two groups and their difference.

Belongs here: means under weights, effective numbers, Welch's interval and the one by dealing again. Does not belong here: shares
(`shares`), what the weights are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from winback.track.shares import Interval
from winback.uplift.experiment import Codes, Flags, Matrix, Vector

N_DEALS = 999
"""How often the values are dealt again."""

MAX_DEALT_UNITS = 20_000
"""Above so many units Welch's interval serves: means of so many are as good as normal, and dealing would take long."""

_SEED = 29
_CELLS_AT_ONCE = 4_000_000


@dataclass(frozen=True)
class WeightedMean:
    """A mean, its squared standard error, and the effective number of units (Kish: (sum w)² / sum w²)."""

    value: float
    squared_error: float
    effective_n: float

    @property
    def share_n(self) -> float:
        """For a mean of 0s and 1s: units of equal weight that would leave as much in doubt (Korn & Graubard 1998); exactly n for
        equal weights, and the effective number at 0 and 1, where nothing varies.
        """
        variance = self.squared_error * (self.effective_n - 1) / self.effective_n
        return self.value * (1 - self.value) / variance if 0 < self.value < 1 and 0 < variance < np.inf else self.effective_n


def weighted_mean(values: Vector, weights: Vector) -> WeightedMean:
    """The mean of at least one value under weights above 0; only their ratios count.

    The squared error is sum w² (y - mean)² / (sum w)² x m / (m - 1) with the effective number m: under equal weights exactly
    s² / n. It is infinite where the effective number is 1.
    """
    total = float(weights.sum())
    effective_n = total**2 / float((weights**2).sum())
    value = float(values @ weights) / total
    squared = float(((weights * (values - value)) ** 2).sum()) / total**2
    return WeightedMean(value, squared * effective_n / (effective_n - 1) if effective_n > 1 else np.inf, effective_n)


def welch(one: WeightedMean, other: WeightedMean) -> Interval:
    """`one` less `other` with Welch's 95 % t interval (Welch 1947), its degrees of freedom after Satterthwaite."""
    from scipy import stats

    value = one.value - other.value
    total = one.squared_error + other.squared_error
    if total == 0:
        return Interval(value, value, value)
    parts = sum(m.squared_error**2 / (m.effective_n - 1) for m in (one, other))
    reach = float(stats.t.ppf(0.975, total**2 / parts)) * total**0.5
    return Interval(value, value - reach, value + reach)


def difference_of_means(values: Vector, weights: Vector, is_one: Flags, block: Codes) -> Interval:
    """Mean of the units marked True less that of the others, with a 95 % permutation-t interval.

    Spend is mostly zero with a long tail, and the smaller group is small: there Welch's t covers the truth far less often than it
    says. So its quantiles are replaced by those of the same statistic with the values, cleared of their group's mean, dealt again
    among the units of each `block` (Janssen, Statistics & Probability Letters 36, 1997; Chung & Romano, Annals of Statistics 41,
    2013). Exact up to the clearing where the groups do not differ. Weights stay with the places. Each group has 2 units or more.
    """
    one, other = (weighted_mean(values[group], weights[group]) for group in (is_one, ~is_one))
    found = welch(one, other)
    error = (one.squared_error + other.squared_error) ** 0.5
    if error == 0 or len(values) > MAX_DEALT_UNITS:
        return found
    cleared = values - np.where(is_one, one.value, other.value)
    low, high = np.quantile(_dealt_again(cleared, weights, is_one, block), [0.025, 0.975])
    return Interval(found.value, found.value - float(high) * error, found.value - float(low) * error)


def _dealt_again(cleared: Vector, weights: Vector, is_one: Flags, block: Codes) -> Vector:
    """Welch's t of every deal; deals without any spread are left out."""
    random = np.random.default_rng(_SEED)
    places = [np.flatnonzero(block == b) for b in np.unique(block)]
    found, step = [], max(1, _CELLS_AT_ONCE // len(cleared))
    for start in range(0, N_DEALS, step):
        dealt = np.empty((min(step, N_DEALS - start), len(cleared)))
        for place in places:
            order = random.random((len(dealt), len(place)), dtype=np.float32).argsort(axis=1)
            dealt[:, place] = cleared[place][order]
        one, one_error = _row_means(dealt[:, is_one], weights[is_one])
        other, other_error = _row_means(dealt[:, ~is_one], weights[~is_one])
        error = np.sqrt(one_error + other_error)
        found.append((one - other)[error > 0] / error[error > 0])
    return np.concatenate(found)


def _row_means(values: Matrix, weights: Vector) -> tuple[Vector, Vector]:
    """As `weighted_mean`, per row: the mean and its squared error."""
    total = float(weights.sum())
    effective_n = total**2 / float((weights**2).sum())
    means = values @ weights / total
    squared = ((values - means[:, None]) ** 2) @ weights**2 / total**2
    return means, squared * effective_n / (effective_n - 1)

"""Standard errors from what each row contributes.

Belongs here: influences of means, their sums by cluster, and intervals. Does not belong here: what is estimated.

An estimate that is an average over fold seeds has the average of their influences; so rows that fall on the same side under
every seed count as they should.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from winback.uplift.experiment import Codes, Flags, Vector

SHARED_ROWS_FACTOR = 2.0**0.5
"""Cross-fitted scores are made from the very rows they are judged on, each pair of rows twice (i trains for j, j for i). Where
customers do not differ this doubles the variance of whatever rests on the order of customers; so its influence is stretched by
this factor. Where they do differ, intervals are wider than need be."""

NORMAL_95 = 1.959964


@dataclass(frozen=True)
class Estimate:
    """A figure and its 95 % interval, in the unit of the outcome."""

    value: float
    low: float
    high: float
    standard_error: float

    @property
    def is_above_zero(self) -> bool:
        """Whether the whole interval is."""
        return self.low > 0

    @property
    def is_below_zero(self) -> bool:
        """Whether the whole interval is."""
        return self.high < 0


def mean_influence(outcome: Vector, rows: Flags) -> Vector:
    """Contribution of each row to the mean of `outcome` over the rows marked True."""
    n_rows = rows.sum()
    if n_rows == 0:
        return np.zeros(len(outcome))
    return np.where(rows, (outcome - outcome[rows].mean()) / n_rows, 0.0)


def standard_error(influence: Vector, cluster: Codes | None) -> float:
    """Root of the summed squares, rows of a cluster summed first (with the usual G / (G - 1))."""
    if cluster is not None:
        sums = np.bincount(cluster, weights=influence)
        influence = np.asarray(sums[np.bincount(cluster) > 0])
    n_units = len(influence)
    return float(np.sqrt(np.sum(influence**2) * n_units / max(n_units - 1, 1)))


def estimate(value: float, influence: Vector, cluster: Codes | None) -> Estimate:
    """The figure with its normal 95 % interval."""
    error = standard_error(influence, cluster)
    return Estimate(value, value - NORMAL_95 * error, value + NORMAL_95 * error, error)

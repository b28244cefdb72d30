"""How near probabilities are to what happened: Brier score, its skill, calibration errors.

Belongs here: metrics and tables of probabilities against a yes/no outcome, for many weightings of the rows at once. Does not
belong here: order (`ranking`), times (`concordance`, `censoring`), mending probabilities.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from winback.evaluation.ranking import Flags, Matrix, Vector

N_BINS = 10
"""Bins of equal width ([0, 0.1), [0.1, 0.2), ..., [0.9, 1]) or of equal mass (a tenth of the rows each)."""

Bins = np.ndarray[tuple[int, ...], np.dtype[np.int64]]


@dataclass(frozen=True)
class CalibrationBin:
    """One bin of probability: how many rows with a label, their mean probability and the share that returned."""

    low: float
    high: float
    n_rows: int
    mean_prob: float
    returned_share: float


def bin_of(prob: Vector) -> Bins:
    """The equal-width bin, 0 to 9, of each probability; an upper edge belongs to the next bin, 1 to the last."""
    edges = np.arange(1, N_BINS) / N_BINS
    return np.searchsorted(edges, prob, side="right")


def mass_bin_of(prob: Vector) -> Bins:
    """The equal-mass bin, 0 to 9, of each probability; equal ones stay together, in the bin of their middle rank."""
    _, step, size = np.unique(prob, return_inverse=True, return_counts=True)
    middle = np.cumsum(size) - size / 2
    return (N_BINS * middle / len(prob)).astype(np.int64)[step]


class Calibration:
    """Probabilities against outcomes, to be measured under any weights."""

    def __init__(self, is_return: Flags, prob: Vector) -> None:
        self._is_return = is_return.astype(float)
        self._squared_error = (prob - self._is_return) ** 2
        excess = prob - self._is_return
        self._excess_by_width = _by_bin(excess, bin_of(prob))
        self._excess_by_mass = _by_bin(excess, mass_bin_of(prob))

    def measure(self, weights: Matrix) -> dict[str, Vector]:
        """`brier`, `brier_skill`, `ece` and `ece_equal_mass`, one value per row of `weights` (replicates x rows, not negative).

        Skill is 1 - Brier / (b (1 - b)) with b the base rate of the same rows under the same weights: 0 is as good as
        knowing the base rate beforehand; NaN where b is 0 or 1. The calibration errors are the mean over rows of the
        distance, bin by bin, between mean probability and returned share: `ece` over 10 equal-width bins, `ece_equal_mass`
        over 10 bins of equally many rows, drawn once on the rows as they are.
        """
        size = weights.sum(axis=1)
        base_rate = weights @ self._is_return / size
        brier = weights @ self._squared_error / size
        with np.errstate(divide="ignore", invalid="ignore"):
            skill = np.where((base_rate > 0) & (base_rate < 1), 1 - brier / (base_rate * (1 - base_rate)), np.nan)
        by_width, by_mass = (
            np.abs(weights @ excess).sum(axis=1) / size for excess in (self._excess_by_width, self._excess_by_mass)
        )
        return {"brier": brier, "brier_skill": skill, "ece": by_width, "ece_equal_mass": by_mass}


def _by_bin(excess: Vector, bins: Bins) -> Matrix:
    columns = np.zeros((len(excess), N_BINS))
    columns[np.arange(len(excess)), bins] = excess
    return columns


def calibration_bins(is_return: Flags, prob: Vector, weights: Vector) -> list[CalibrationBin]:
    """The equal-width bins that hold at least one row of positive weight, ascending; means are weighted, rows are counted."""
    bins = np.where(weights > 0, bin_of(prob), -1)
    rows = [(k, bins == k) for k in range(N_BINS)]
    return [
        CalibrationBin(
            low=k / N_BINS,
            high=(k + 1) / N_BINS,
            n_rows=int(of.sum()),
            mean_prob=float(np.average(prob[of], weights=weights[of])),
            returned_share=float(np.average(is_return[of], weights=weights[of])),
        )
        for k, of in rows
        if of.any()
    ]

"""Whether as many return as was stated: calibration in the large, and by stated chance, on later landmarks.

Belongs here: comparing stated chances with what happened on rows that the judged candidate has not learned from. Does not belong
here: making those rows (`champion`), mending chances (`season`, `stack`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from winback.evaluation.calibration import mass_bin_of
from winback.survival.assumptions import Finding
from winback.survival.btyd import Vector
from winback.survival.curves import logit
from winback.survival.landmark_rows import account_folds, labels, landmark_numbers

CALIBRATION = "calibration_in_the_large"

MOST_MISS = 0.03
MOST_RELATIVE_MISS = 0.25
"""A clear miss of the mean is told beyond 3 points, or beyond a quarter of the share that returned where that is less."""

Groups = npt.NDArray[np.int64]

Z_95 = 1.959964
_N_STEPS = 25
_DIGITS = 6


@dataclass(frozen=True)
class StatedBin:
    """Rows with like chances: their mean chance, the share that returned with its 95 % interval, rows, accounts."""

    mean_prob: float
    returned_share: float
    low_share: float
    high_share: float
    n_rows: int
    n_accounts: int


def calibration_error(bins: Sequence[StatedBin]) -> float:
    """Mean distance between stated chance and share that returned, over `bins` (at least one) by their rows; 0 is perfect."""
    n_rows = sum(b.n_rows for b in bins)
    return round(sum(b.n_rows * abs(b.mean_prob - b.returned_share) for b in bins) / n_rows, _DIGITS)


def check_calibration(frame: pl.DataFrame, prob: Vector, horizon_days: int) -> tuple[Finding, tuple[StatedBin, ...]]:
    """The finding, and ten bins of equally many rows, of judged landmark rows and the chance stated for each."""
    returned, weights = labels(frame, horizon_days)
    known = weights > 0
    accounts, dates = account_folds(frame, frame.height)[known], landmark_numbers(frame)[known]
    returned, weights, prob = returned[known], weights[known], prob[known]
    miss, error = _clustered_mean(prob - returned, weights, accounts, dates)
    share = float(np.average(returned, weights=weights))
    threshold = round(min(MOST_MISS, MOST_RELATIVE_MISS * share), _DIGITS)
    figures = {
        "mean_prob": share + miss,
        "returned_share": share,
        "low": miss - Z_95 * error,
        "high": miss + Z_95 * error,
        "slope": _slope(logit(prob), returned, weights),
        "n_accounts": float(len(np.unique(accounts))),
    }
    is_clear = abs(miss) > Z_95 * error
    finding = Finding(
        CALIBRATION,
        not (is_clear and abs(miss) > threshold),
        round(miss, _DIGITS),
        threshold,
        len(prob),
        figures={name: round(value, _DIGITS) for name, value in figures.items()},
    )
    return finding, _bins(prob, returned, weights, accounts)


def _clustered_mean(values: Vector, weights: Vector, accounts: Groups, dates: Groups) -> tuple[float, float]:
    """Weighted mean and its standard error; rows of an account go together, and so do those of a date (its season)."""
    mean = float(np.average(values, weights=weights))
    by_account, by_date = (np.bincount(groups, weights=weights * (values - mean)) for groups in (accounts, dates))
    return mean, float(np.sqrt((by_account**2).sum() + (by_date**2).sum()) / weights.sum())


def _slope(log_odds: Vector, returned: Vector, weights: Vector) -> float:
    """Slope of the outcome on the stated log-odds (Cox, Biometrika 45, 1958): 1 is right, less means too extreme chances.

    A ridge of one row keeps it finite where chances and outcomes part perfectly.
    """
    design = np.column_stack([np.ones(len(log_odds)), log_odds])
    beta = np.array([0.0, 1.0])
    for _ in range(_N_STEPS):
        chance = 1 / (1 + np.exp(-np.clip(design @ beta, -30, 30)))
        gradient = design.T @ (weights * (returned - chance)) - (beta - np.array([0.0, 1.0]))
        information = (design * (weights * chance * (1 - chance))[:, None]).T @ design + np.eye(2)
        beta = beta + np.clip(np.linalg.solve(information, gradient), -1, 1)
    return float(beta[1])


def _bins(prob: Vector, returned: Vector, weights: Vector, accounts: Groups) -> tuple[StatedBin, ...]:
    bins = mass_bin_of(prob)
    found = []
    for number in np.unique(bins):
        rows = bins == number
        share = float(np.average(returned[rows], weights=weights[rows]))
        n_accounts = len(np.unique(accounts[rows]))
        low, high = _wilson(share, n_accounts)
        mean = float(np.average(prob[rows], weights=weights[rows]))
        mean, share, low, high = (round(value, _DIGITS) for value in (mean, share, low, high))
        found.append(StatedBin(mean, share, low, high, int(rows.sum()), n_accounts))
    return tuple(found)


def _wilson(share: float, n: int) -> tuple[float, float]:
    """95 % interval of a share (Wilson, JASA 22, 1927); `n` counts accounts, since an account's rows tell the same story."""
    centre = (share + Z_95**2 / (2 * n)) / (1 + Z_95**2 / n)
    half = Z_95 * np.sqrt(share * (1 - share) / n + Z_95**2 / (4 * n**2)) / (1 + Z_95**2 / n)
    return max(centre - float(half), 0.0), min(centre + float(half), 1.0)

"""The logistic family: one penalised logistic regression.

Belongs here: its fit and how sure it is. Does not belong here: the matrix it reads
(`winback.survival.design`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from winback.propensity.families import LOGISTIC, Family, FittedFamily, Inputs, TouchRows
from winback.propensity.family_constant import fit as fit_shift
from winback.survival.btyd import Matrix, Vector
from winback.survival.curves import inverse_logit
from winback.survival.landmark_rows import account_folds

PENALTIES = (300.0, 100.0, 30.0, 10.0, 3.0)
"""Ridges tried, on standardised columns; the one with the best log loss on accounts not learned from is taken, the stronger of
equals. A ridge of 100 draws a coefficient to 0 as by about a hundred rows without any difference."""

SLOPE_PENALTY = 10.0
"""Most ridge on the slope of the log-odds if left alone."""

SPREAD_PENALTY = 100.0
"""Most ridge that may narrow an interval."""

_MAX_STEPS, _TOLERANCE = 50, 1e-9
_LONGEST_MOVE = 3.0

_N_FOLDS = 4
_DIGITS = 9


@dataclass(frozen=True)
class FittedLogistic:
    """What is added to the log-odds if left alone: intercept, slope on those log-odds, then a coefficient per column.

    `covariance` is that of the coefficients, by accounts.
    """

    coefficients: Vector
    covariance: Matrix
    penalty: float

    def log_odds(self, inputs: Inputs) -> Vector:
        """As `FittedFamily`."""
        return np.asarray(inputs.alone + _columns(inputs) @ self.coefficients)

    def spread(self, inputs: Inputs) -> Vector:
        """Standard deviation of the log-odds."""
        columns = _columns(inputs)
        return np.asarray(np.sqrt(np.maximum(np.einsum("ij,jk,ik->i", columns, self.covariance, columns), 0)))

    def as_json(self) -> dict[str, Any]:
        """As `FittedFamily`."""
        return {
            "coefficients": self.coefficients.tolist(),
            "covariance": self.covariance.tolist(),
            "penalty": self.penalty,
        }

    def attachments(self) -> dict[str, bytes]:
        """As `FittedFamily`."""
        return {}


def fit(rows: TouchRows) -> FittedLogistic:
    """Fit with the ridge that serves accounts not learned from best."""
    penalty = _best_penalty(rows)
    coefficients = _coefficients(rows, penalty)
    return FittedLogistic(
        np.round(coefficients, _DIGITS), np.round(_covariance(coefficients, rows, penalty), _DIGITS), penalty
    )


def _columns(inputs: Inputs) -> Matrix:
    return np.column_stack([np.ones(len(inputs.alone)), inputs.alone, inputs.matrix])


def _ridge(n_columns: int, penalty: float) -> Vector:
    """None on the intercept; the slope on the log-odds if left alone is drawn to what the return model says, 1 in all."""
    return np.concatenate([[1e-6, min(penalty, SLOPE_PENALTY)], np.full(n_columns - 2, penalty)])


def _best_penalty(rows: TouchRows) -> float:
    fold = account_folds(rows.frame, _N_FOLDS)
    losses = np.zeros(len(PENALTIES))
    for k in range(_N_FOLDS):
        seen, held = rows.at(fold != k), rows.at(fold == k)
        if len(held.returned) == 0 or len(np.unique(seen.returned)) < 2:
            continue
        for i, penalty in enumerate(PENALTIES):
            odds = held.inputs.alone + _columns(held.inputs) @ _coefficients(seen, penalty)
            losses[i] += float((np.logaddexp(0, odds) - held.returned * odds).sum())
    return PENALTIES[int(np.argmin(losses))]


def _coefficients(rows: TouchRows, penalty: float) -> Vector:
    """By Newton's method from the shift that all share."""
    columns, ridge = _columns(rows.inputs), _ridge(rows.inputs.matrix.shape[1] + 2, penalty)
    found = np.zeros(len(ridge))
    found[0] = fit_shift(rows, is_over_alone=True).odds
    for _ in range(_MAX_STEPS):
        chance = inverse_logit(rows.inputs.alone + columns @ found)
        slope = columns.T @ (rows.returned - chance) - ridge * found
        curvature = (columns * (chance * (1 - chance))[:, None]).T @ columns + np.diag(ridge)
        step = np.linalg.solve(curvature, slope)
        step *= min(1.0, _LONGEST_MOVE / max(float(np.abs(columns @ step).max()), 1e-12))
        found = found + step
        if np.abs(step).max() < _TOLERANCE:
            break
    return found


def _covariance(coefficients: Vector, rows: TouchRows, penalty: float) -> Matrix:
    """Inverse curvature, times how much more accounts pull together than so many single rows would.

    The ridge is held at `SPREAD_PENALTY` at most: a strong one draws figures together, but what it hides is not known either.
    """
    columns = _columns(rows.inputs)
    chance = inverse_logit(rows.inputs.alone + columns @ coefficients)
    curvature = (columns * (chance * (1 - chance))[:, None]).T @ columns
    ridge = np.diag(_ridge(len(coefficients), min(penalty, SPREAD_PENALTY)))
    sums = np.bincount(rows.accounts, weights=rows.returned - chance)
    clustering = float((sums**2).sum() / ((rows.returned - chance) ** 2).sum())
    return np.asarray(np.linalg.inv(curvature + ridge) * max(clustering, 1.0))


def _from_json(data: dict[str, Any], attachments: dict[str, bytes]) -> FittedFamily:
    return FittedLogistic(np.array(data["coefficients"]), np.array(data["covariance"]), data["penalty"])


FAMILY = Family(LOGISTIC, fit, _from_json)

"""The logistic family: one penalised logistic regression.

Belongs here: its fit. Does not belong here: the matrix it reads (`winback.survival.design`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from winback.at_risk.families import LOGISTIC, Family, FittedFamily, LapseRows
from winback.survival.btyd import Matrix, Vector
from winback.survival.curves import inverse_logit
from winback.survival.family_logistic import PENALTY
from winback.survival.landmark_rows import account_folds

N_DRAWS = 20
"""Bootstrap draws of accounts."""

_DIGITS = 9


@dataclass(frozen=True)
class FittedLogistic:
    """Intercept, then a coefficient per column; `draws` the same on bootstrap draws of accounts (a row each)."""

    coefficients: Vector
    draws: Matrix

    def log_odds(self, frame: pl.DataFrame, matrix: Matrix) -> Vector:
        """As `FittedFamily`."""
        return np.asarray(self.coefficients[0] + matrix @ self.coefficients[1:])

    def spread(self, matrix: Matrix) -> Vector:
        """Standard deviation of the log-odds over draws of accounts."""
        return np.asarray((self.draws[:, :1] + self.draws[:, 1:] @ matrix.T).std(axis=0))

    def as_json(self) -> dict[str, Any]:
        """As `FittedFamily`."""
        return {"coefficients": self.coefficients.tolist(), "draws": self.draws.tolist()}

    def attachments(self) -> dict[str, bytes]:
        """As `FittedFamily`."""
        return {}


def fit(rows: LapseRows) -> FittedLogistic:
    """Fit with the ridge of the return model: landmarks of one account repeat its story."""
    from sklearn.linear_model import LogisticRegression

    used = rows.weights > 0
    model = LogisticRegression(C=1 / PENALTY, max_iter=1000)
    model.fit(rows.matrix[used], rows.lapsed[used], sample_weight=rows.weights[used])
    coefficients = np.append(model.intercept_, model.coef_[0])
    return FittedLogistic(np.round(coefficients, _DIGITS), np.round(_draws(coefficients, rows.at(used)), _DIGITS))


def _draws(coefficients: Vector, rows: LapseRows) -> Matrix:
    """One Newton step from the fit towards the fit on each bootstrap draw of accounts (all landmarks of one go together)."""
    columns = np.column_stack([np.ones(len(rows.matrix)), rows.matrix])
    chance = inverse_logit(columns @ coefficients)
    curvature = (columns * (rows.weights * chance * (1 - chance))[:, None]).T @ columns
    curvature[np.arange(1, len(curvature)), np.arange(1, len(curvature))] += PENALTY
    accounts = account_folds(rows.frame, rows.frame.height)
    pulls = np.zeros((int(accounts.max()) + 1, len(coefficients)))
    np.add.at(pulls, accounts, columns * (rows.weights * (rows.lapsed - chance))[:, None])
    draw = np.random.default_rng(0)
    counts = draw.multinomial(len(pulls), np.full(len(pulls), 1 / len(pulls)), size=N_DRAWS)
    return np.asarray(coefficients + np.linalg.solve(curvature, ((counts - 1) @ pulls).T).T)


def _from_json(data: dict[str, Any], attachments: dict[str, bytes]) -> FittedFamily:
    return FittedLogistic(np.array(data["coefficients"]), np.array(data["draws"]))


FAMILY = Family(LOGISTIC, fit, _from_json)

"""The logistic family: one penalised logistic regression per horizon.

Belongs here: its fit and its curve. Does not belong here: the matrix it reads (`design`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from winback.survival.btyd import Matrix, Vector
from winback.survival.curves import inverse_logit, read_curve
from winback.survival.families import DesignedRows, Family, FamilyStepsAsideError, FittedFamily
from winback.survival.landmark_rows import labels

PENALTY = 300.0
"""Ridge on coefficients of scaled columns, in units of a row's log-likelihood: each is drawn to 0 as by a prior of spread
0.06. Landmarks of one account repeat its story, so there is less in the rows than their number says."""

_DIGITS = 9


@dataclass(frozen=True)
class FittedLogistic:
    """`coefficients` holds one row per horizon: intercept, then a value per column."""

    horizons_days: tuple[int, ...]
    coefficients: Matrix

    def return_probs(self, rows: DesignedRows, days: Vector) -> Matrix:
        """As `FittedFamily`."""
        log_odds = self.coefficients[:, 0] + rows.matrix @ self.coefficients[:, 1:].T
        return read_curve(np.asarray(self.horizons_days, dtype=np.float64), inverse_logit(log_odds), days)

    def as_json(self) -> dict[str, Any]:
        """As `FittedFamily`."""
        return {"horizons_days": list(self.horizons_days), "coefficients": self.coefficients.tolist()}

    def attachments(self) -> dict[str, bytes]:
        """As `FittedFamily`."""
        return {}


def fit(rows: DesignedRows) -> FittedLogistic:
    """Fit each horizon. Raises FamilyStepsAsideError if at some horizon nobody returned or everybody did."""
    from sklearn.linear_model import LogisticRegression

    found = []
    for horizon in rows.horizons_days:
        returned, weights = labels(rows.frame, horizon)
        is_used = weights > 0
        if len(np.unique(returned[is_used])) < 2:
            raise FamilyStepsAsideError(f"within {horizon} days nobody returned, or everybody did")
        model = LogisticRegression(C=1 / PENALTY, max_iter=1000)
        model.fit(rows.matrix[is_used], returned[is_used], sample_weight=weights[is_used])
        found.append(np.round(np.append(model.intercept_, model.coef_[0]), _DIGITS))
    return FittedLogistic(rows.horizons_days, np.array(found))


def _from_json(data: dict[str, Any], attachments: dict[str, bytes]) -> FittedFamily:
    return FittedLogistic(tuple(data["horizons_days"]), np.array(data["coefficients"]))


FAMILY = Family("logistic", fit, _from_json)

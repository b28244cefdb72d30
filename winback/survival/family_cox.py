"""The Cox family: penalised proportional hazards (lifelines) with a baseline of our own.

Belongs here: its fit and its curve. Does not belong here: checks of its assumptions.

Rows start at their landmark, so none enters late and lifelines' partial likelihood is the right one; the baseline is Breslow's
(1974) over those same risk sets.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from winback.survival.btyd import Matrix, Vector
from winback.survival.families import DesignedRows, Family, FamilyStepsAsideError, FittedFamily

MAX_ROWS = 100_000
"""Largest fit; more rows are thinned by account before they come here."""

PENALTY = 300.0
LEAST_PENALTY = 0.02
"""Ridge on scaled columns as in the logistic family, in units of a row's log-likelihood; lifelines wants it per row. On large
tables it stays at the least, since neighbouring columns tell the same story."""

LEAST_SPREAD = 0.25
"""Least standard deviation of a column (1 over all training rows) at which it is fitted."""

MIN_EVENTS = 20
"""Fewest returns that a hazard is fitted on."""

_DIGITS = 9


@dataclass(frozen=True)
class FittedCox:
    """Log hazard ratios, and the baseline's cumulative hazard on days 0, 1, ... of an account at the columns' means."""

    coefficients: Vector
    baseline: Vector

    def return_probs(self, rows: DesignedRows, days: Vector) -> Matrix:
        """As `FittedFamily`; beyond the last day fitted the hazard goes on at its mean of the second half."""
        last = len(self.baseline) - 1
        slope = (self.baseline[last] - self.baseline[last // 2]) / max(last - last // 2, 1)
        at = np.interp(days, np.arange(last + 1), self.baseline) + np.maximum(np.asarray(days) - last, 0) * slope
        ratio = np.exp(np.clip(rows.matrix @ self.coefficients, -20, 20))
        return np.asarray(-np.expm1(-ratio[:, None] * at[None, :]))

    def as_json(self) -> dict[str, Any]:
        """As `FittedFamily`."""
        return {"coefficients": self.coefficients.tolist(), "baseline": self.baseline.tolist()}

    def attachments(self) -> dict[str, bytes]:
        """As `FittedFamily`."""
        return {}


def fit(rows: DesignedRows) -> FittedCox:
    """Fit on times censored at the longest horizon.

    Raises FamilyStepsAsideError with fewer than `MIN_EVENTS` returns, or if the fit does not converge.
    """
    time = rows.frame["time_days"].to_numpy()
    longest = rows.horizons_days[-1]
    has_returned = rows.frame["has_returned"].to_numpy() & (time <= longest)
    if has_returned.sum() < MIN_EVENTS:
        raise FamilyStepsAsideError(f"it needs {MIN_EVENTS} returns and has {int(has_returned.sum())}")
    time = np.minimum(time, longest)
    beta = np.round(cox_coefficients(rows.matrix, time, has_returned, max(LEAST_PENALTY, PENALTY / len(time))), _DIGITS)
    return FittedCox(beta, np.round(breslow_baseline(rows.matrix @ beta, time, has_returned, longest), _DIGITS))


def cox_coefficients(
    matrix: Matrix, time_days: npt.NDArray[np.int64], has_returned: npt.NDArray[np.bool_], penalty: float
) -> Vector:
    """Log hazard ratios of the columns, in their order (Efron's ties).

    lifelines scales columns to spread 1 before it penalises, so one that hardly varies in these rows would get a coefficient
    that explodes where it does vary: columns with a spread below `LEAST_SPREAD` get 0.

    Raises FamilyStepsAsideError if the fit does not converge.
    """
    import pandas as pd
    from lifelines import CoxPHFitter
    from lifelines.exceptions import ConvergenceError

    used = np.flatnonzero(matrix.std(axis=0) >= LEAST_SPREAD)
    frame = pd.DataFrame(matrix[:, used], columns=[f"x{i}" for i in used])
    frame["time_days"], frame["has_returned"] = time_days, has_returned
    try:
        fitted = CoxPHFitter(penalizer=penalty).fit(frame, "time_days", "has_returned")
    except ConvergenceError as error:
        raise FamilyStepsAsideError(f"its fit does not converge: {str(error).splitlines()[0]}") from error
    found = np.zeros(matrix.shape[1])
    found[used] = fitted.params_.to_numpy()
    return found


def breslow_baseline(
    log_ratio: Vector, time_days: npt.NDArray[np.int64], has_returned: npt.NDArray[np.bool_], last_day: int
) -> Vector:
    """Cumulative hazard on days 0 ... last_day at a log hazard ratio of 0: returns of a day over the ratios still at risk."""
    ratio = np.exp(np.clip(log_ratio, -20, 20))
    at_risk = np.bincount(time_days, weights=ratio, minlength=last_day + 1)[::-1].cumsum()[::-1][: last_day + 1]
    returns = np.bincount(time_days[has_returned], minlength=last_day + 1)[: last_day + 1]
    return np.asarray(np.divide(returns, at_risk, out=np.zeros(last_day + 1), where=at_risk > 0).cumsum())


def _from_json(data: dict[str, Any], attachments: dict[str, bytes]) -> FittedFamily:
    return FittedCox(np.array(data["coefficients"]), np.array(data["baseline"]))


FAMILY = Family("cox", fit, _from_json)

"""Whether the Cox family's columns keep their effect over time: proportional hazards.

Belongs here: the test on a sample of the training rows, and how large a drift must be to matter. Does not belong here: the fit that
scores (`family_cox`).

Test: Grambsch & Therneau, Biometrika 81 (1994), as lifelines has it, on the rank of time. Rows of one account are not
independent, so each account gives one row, of a landmark drawn by lot. A large sample finds any drift, so a clear one must
also be large.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from winback.survival.assumption_columns import matrix_columns
from winback.survival.assumptions import Culprit, Finding, not_judged
from winback.survival.btyd import Vector
from winback.survival.design import Design
from winback.survival.families import DesignedRows
from winback.survival.family_cox import LEAST_PENALTY, LEAST_SPREAD, MIN_EVENTS
from winback.survival.landmark_rows import account_folds

if TYPE_CHECKING:
    import pandas as pd

HAZARDS = "proportional_hazards"

MAX_ACCOUNTS = 5_000
"""Most accounts tested, drawn by lot."""

MAX_COLUMNS = 20
RETURNS_PER_COLUMN = 10
"""The columns with the largest effects are tested, each needing ten returns (Peduzzi et al., J. Clin. Epidemiol. 48, 1995)."""

SIGNIFICANCE = 0.05
"""Chance of one false alarm over all columns tested (Bonferroni)."""

LEAST_FACTOR = 1.25
"""Hazard ratios per standard deviation that differ by less between the halves of the returns move a chance by no more than the
stated interval does; a choice of ours, no published bound."""

_SEED = 0
_DIGITS = 6


def check_hazards(design: Design, rows: DesignedRows, coefficients: Vector) -> Finding:
    """The finding on rows of training; `coefficients` are the Cox family's, one per matrix column."""
    from lifelines.exceptions import ConvergenceError

    chosen = rows.at(_one_row_per_account(rows))
    time = np.minimum(chosen.frame["time_days"].to_numpy(), rows.horizons_days[-1])
    returned = chosen.frame["has_returned"].to_numpy() & (chosen.frame["time_days"].to_numpy() <= rows.horizons_days[-1])
    if returned.sum() < MIN_EVENTS:
        why = f"the test needs {MIN_EVENTS} accounts that returned and has {int(returned.sum())}"
        return not_judged(HAZARDS, LEAST_FACTOR, why)
    at = _largest_effects(coefficients, chosen.matrix.std(axis=0), int(returned.sum()) // RETURNS_PER_COLUMN)
    if not len(at):
        return not_judged(HAZARDS, LEAST_FACTOR, "no column has an effect")
    names = matrix_columns(design)
    try:
        drifts = _drifts(chosen.matrix[:, at], time, returned)
    except ConvergenceError as error:
        return not_judged(
            HAZARDS, LEAST_FACTOR, f"the test's fit does not converge: {str(error).splitlines()[0].rstrip('.')}"
        )
    culprits = [
        Culprit(names[column].words, figures)
        for column, figures in zip(at, drifts, strict=True)
        if figures["adjusted_p"] < SIGNIFICANCE and _factor(figures) >= LEAST_FACTOR
    ]
    culprits.sort(key=lambda c: (-_factor(c.figures), c.column))
    clear = [_factor(f) for f in drifts if f["adjusted_p"] < SIGNIFICANCE]
    return Finding(HAZARDS, not culprits, max(clear, default=1.0), LEAST_FACTOR, len(time), tuple(culprits))


def _one_row_per_account(rows: DesignedRows) -> npt.NDArray[np.int64]:
    """Positions of at most `MAX_ACCOUNTS` rows, ascending."""
    by_lot = np.random.default_rng(_SEED).permutation(rows.frame.height)
    _, first = np.unique(account_folds(rows.frame, rows.frame.height)[by_lot], return_index=True)
    return np.sort(by_lot[np.sort(first)[:MAX_ACCOUNTS]])


def _largest_effects(coefficients: Vector, spread: Vector, n_most: int) -> npt.NDArray[np.int64]:
    """Positions of the columns to test, ascending."""
    effects = np.where(spread >= LEAST_SPREAD, np.abs(coefficients), 0.0)
    largest = np.argsort(-effects, kind="stable")[: min(max(n_most, 1), MAX_COLUMNS)]
    return np.sort(largest[effects[largest] > 0])


def _drifts(
    matrix: npt.NDArray[np.float64], time_days: npt.NDArray[np.int64], returned: npt.NDArray[np.bool_]
) -> list[dict[str, float]]:
    """Per column: hazard ratio in the middle of the first and of the second half of the returns, and the adjusted p."""
    import pandas as pd
    from lifelines import CoxPHFitter
    from lifelines.statistics import proportional_hazard_test

    frame = pd.DataFrame(matrix, columns=[f"x{i}" for i in range(matrix.shape[1])])
    frame["time_days"], frame["returned"] = time_days, returned
    fitted = CoxPHFitter(penalizer=LEAST_PENALTY).fit(frame, "time_days", "returned")
    residuals = fitted.compute_residuals(frame, kind="scaled_schoenfeld")
    p = np.atleast_1d(proportional_hazard_test(fitted, frame, "rank", residuals).p_value)
    slope = _slopes(residuals, time_days)
    log_ratio = fitted.params_.to_numpy()
    early, late = (np.exp(np.clip(log_ratio + side * slope / 4, -20, 20)) for side in (-1, 1))
    return [
        {
            "early_ratio": round(float(e), _DIGITS),
            "late_ratio": round(float(lt), _DIGITS),
            "adjusted_p": round(min(float(q) * len(p), 1.0), _DIGITS + 6),
        }
        for e, lt, q in zip(early, late, p, strict=True)
    ]


def _slopes(residuals: pd.DataFrame, time_days: npt.NDArray[np.int64]) -> Vector:
    """Change of the log hazard ratio from the first to the last return, by least squares on the rank of time."""
    from scipy.stats import rankdata

    at = rankdata(time_days[residuals.index.to_numpy()]) / len(residuals)
    at = at - at.mean()
    return np.asarray(at @ residuals.to_numpy() / max(float(at @ at), 1e-12))


def _factor(figures: Any) -> float:
    """How many times the larger of the two hazard ratios is the smaller."""
    ratio = float(figures["early_ratio"]) / max(float(figures["late_ratio"]), 1e-12)
    return round(max(ratio, 1 / max(ratio, 1e-12)), _DIGITS)

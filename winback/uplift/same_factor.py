"""The same factor on everybody's rate of return: how an effect without differences between customers is spread over them.

Belongs here: that factor and the effects from it. Does not belong here: learners that tell customers apart (`learners`).

The same points for all would promise as much to an account that is all but lost as to one that left last week. A factor on the
hazard gives each the effect that its own chance allows, and nobody a chance above one; absolute effects go with the chance
without treatment as a rule (Kent et al. 2020, PATH statement). On each side of the test the chances are first moved by one
factor, so that their mean is the share that did return: where both sides had the same chances, the mean effect is the measured one.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import brentq
from scipy.special import log_expit

from winback.uplift.experiment import Flags, Vector

_LOG_FACTOR_RANGE = (-12.0, 12.0)


def spread_effect(log_odds: Vector, is_contact: Flags, returned: Vector, rows_log_odds: Vector) -> Vector:
    """P(return | contacted) less P(return | held back) of rows, from a test on others.

    `log_odds`, `is_contact`, `returned`: the test's rows, with both sides; `rows_log_odds`: the rows asked for. Log-odds are those
    of a return if left alone, NaN where unknown: such rows get the difference of the two shares.
    """
    mean = float(returned[is_contact].mean() - returned[~is_contact].mean())
    is_known = np.isfinite(log_odds)
    if not (is_known & is_contact).any() or not (is_known & ~is_contact).any():
        return np.full(len(rows_log_odds), mean)
    held, contacted = (
        _log_factor(_hazard(log_odds[side & is_known]), float(returned[side & is_known].mean()))
        for side in (~is_contact, is_contact)
    )
    hazard = _hazard(rows_log_odds)
    effect = np.exp(-hazard * np.exp(held)) - np.exp(-hazard * np.exp(contacted))
    return np.asarray(np.where(np.isfinite(rows_log_odds), effect, mean))


def _hazard(log_odds: Vector) -> Vector:
    """Cumulative hazard over the horizon of a chance given as log-odds: -ln(1 - chance)."""
    return np.asarray(-log_expit(-log_odds))


def _log_factor(hazard: Vector, share: float) -> float:
    """Log of the factor on `hazard` at which the mean chance is `share`, kept within what a computer tells apart."""
    low, high = _LOG_FACTOR_RANGE

    def surplus(log_factor: float) -> float:
        return float(-np.expm1(-hazard * np.exp(log_factor)).mean()) - share

    if surplus(low) >= 0:
        return low
    return high if surplus(high) <= 0 else float(brentq(surplus, low, high))

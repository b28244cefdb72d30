"""S-learner: one model of the outcome with the arm among its features.

Belongs here: that model, and the effects from switching the arm. Does not belong here: models per arm.
"""

from __future__ import annotations

import numpy as np

from winback.uplift.boosted import fit_boosted
from winback.uplift.experiment import Codes, Matrix, Vector
from winback.uplift.learners import Effects, is_binary

_TREES, _DEPTH = 120, 3
"""More and deeper trees than elsewhere: what differs between customers must split on the arm and on a feature."""


def fit_s_learner(x: Matrix, arm: Codes, outcome: Vector, shares: Matrix) -> Effects:
    """As `learners.Fit`. Effects are drawn to 0: trees need not use the arm at all."""
    n_arms = shares.shape[-1]
    model = fit_boosted(_with_arm(x, arm, n_arms), outcome, is_binary=is_binary(outcome), n_trees=_TREES, depth=_DEPTH)

    def effects(rows: Matrix) -> Matrix:
        outcomes = [model(_with_arm(rows, np.full(len(rows), a), n_arms)) for a in range(n_arms)]
        return np.column_stack([outcomes[a] - outcomes[0] for a in range(1, n_arms)])

    return effects


def _with_arm(x: Matrix, arm: Codes, n_arms: int) -> Matrix:
    return np.column_stack([x, *((arm == a).astype(np.float64) for a in range(1, n_arms))])

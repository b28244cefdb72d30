"""The same effect for all: the mean of the arm less the mean of the control.

Belongs here: that learner, against which all others have to prove themselves. Does not belong here: effects per customer.
"""

from __future__ import annotations

import numpy as np

from winback.uplift.experiment import Codes, Matrix, Vector
from winback.uplift.learners import Effects, Learner


def fit_same_effect(x: Matrix, arm: Codes, outcome: Vector, shares: Matrix) -> Effects:
    """As `learners.Fit`."""
    means = [float(outcome[arm == a].mean()) for a in range(shares.shape[-1])]
    effect = np.array(means[1:]) - means[0]
    return lambda rows: np.tile(effect, (len(rows), 1))


SAME_EFFECT = Learner("same", "the same effect for all", fit_same_effect)

"""T-learner: a model of the outcome per arm; the effect is the difference of their predictions.

Belongs here: the outcome under each arm, by trees or linear models, and the effects from it. Does not belong here: learners
that model the effect itself.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from winback.uplift.boosted import fit_boosted
from winback.uplift.experiment import Codes, Matrix, Vector
from winback.uplift.learners import Effects, is_binary
from winback.uplift.linear import Linear

Outcomes = Callable[[Matrix], Matrix]
"""From rows of features to rows x arms: the expected outcome under each arm."""


def fit_boosted_outcomes(x: Matrix, arm: Codes, outcome: Vector, n_arms: int) -> Outcomes:
    """The outcome under each arm by boosted trees."""
    binary = is_binary(outcome)
    models = [fit_boosted(x[arm == a], outcome[arm == a], is_binary=binary) for a in range(n_arms)]
    return lambda rows: np.column_stack([model(rows) for model in models])


def fit_linear_outcomes(x: Matrix, arm: Codes, outcome: Vector, n_arms: int) -> Outcomes:
    """The outcome under each arm by ridge or logistic regression."""
    binary = is_binary(outcome)
    models = [Linear(x[arm == a], outcome[arm == a], is_binary=binary) for a in range(n_arms)]
    return lambda rows: np.column_stack([model(rows) for model in models])


def fit_t_learner(x: Matrix, arm: Codes, outcome: Vector, shares: Matrix) -> Effects:
    """As `learners.Fit`, on boosted trees."""
    return _differences(fit_boosted_outcomes(x, arm, outcome, shares.shape[-1]))


def fit_linear_t_learner(x: Matrix, arm: Codes, outcome: Vector, shares: Matrix) -> Effects:
    """As `learners.Fit`, on ridge or logistic regression."""
    return _differences(fit_linear_outcomes(x, arm, outcome, shares.shape[-1]))


def _differences(outcomes: Outcomes) -> Effects:
    def effects(rows: Matrix) -> Matrix:
        expected = outcomes(rows)
        return np.asarray(expected[:, 1:] - expected[:, :1])

    return effects

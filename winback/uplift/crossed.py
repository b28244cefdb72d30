"""X-learner (Künzel, Sekhon, Bickel and Yu 2019, PNAS 116): effects imputed across the arms.

Belongs here: its two stages. Does not belong here: models per arm, which it takes from `separate_models`.
"""

from __future__ import annotations

import numpy as np

from winback.uplift.boosted import EFFECT_TREES, fit_boosted
from winback.uplift.experiment import Codes, Matrix, Vector
from winback.uplift.learners import Effects
from winback.uplift.separate_models import fit_boosted_outcomes


def fit_x_learner(x: Matrix, arm: Codes, outcome: Vector, shares: Matrix) -> Effects:
    """As `learners.Fit`.

    Each row's own outcome less the other side's prediction is regressed on the features, among the treated and among the
    control apart; the two are averaged with weights g and 1 - g, g the chance of the arm among arm and control.
    """
    n_arms = shares.shape[-1]
    expected = fit_boosted_outcomes(x, arm, outcome, n_arms)(x)
    typical = np.asarray(shares).reshape(-1, n_arms).mean(axis=0)
    control = arm == 0
    stages = []
    for a in range(1, n_arms):
        treated = arm == a
        gained = outcome[treated] - expected[treated, 0]
        forgone = expected[control, a] - outcome[control]
        from_treated = fit_boosted(x[treated], gained, is_binary=False, n_trees=EFFECT_TREES)
        from_control = fit_boosted(x[control], forgone, is_binary=False, n_trees=EFFECT_TREES)
        stages.append((typical[a] / (typical[0] + typical[a]), from_treated, from_control))
    return lambda rows: np.column_stack(
        [g * on_control(rows) + (1 - g) * on_treated(rows) for g, on_treated, on_control in stages]
    )

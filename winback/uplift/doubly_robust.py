"""Doubly robust learner (Kennedy 2020, arXiv 2004.14497): a regression on effects that are right on average for every row.

Belongs here: doubly robust outcomes from predictions and known chances, and the learner. Does not belong here: the value of
policies, which uses the same outcomes (`policy_value`).
"""

from __future__ import annotations

import numpy as np

from winback.uplift.boosted import EFFECT_TREES, fit_boosted
from winback.uplift.experiment import Codes, Matrix, Vector
from winback.uplift.learners import Effects
from winback.uplift.separate_models import fit_boosted_outcomes

_N_PARTS = 2
_SEED = 11


def doubly_robust_outcomes(expected: Matrix, arm: Codes, outcome: Vector, shares: Matrix) -> Matrix:
    """Rows x arms: the prediction, plus for the arm the row was in its miss over the chance of that arm.

    `expected` (rows x arms) must come from models that did not see the row; with the true chances the mean over rows is then
    unbiased for the outcome under each arm, however bad the predictions are.
    """
    rows = np.arange(len(arm))
    chances = np.broadcast_to(shares, expected.shape)
    found = expected.copy()
    found[rows, arm] += (outcome - expected[rows, arm]) / chances[rows, arm]
    return found


def fit_dr_learner(x: Matrix, arm: Codes, outcome: Vector, shares: Matrix) -> Effects:
    """As `learners.Fit`. Each half's doubly robust effects rest on outcome models of the other half."""
    n_arms = shares.shape[-1]
    expected = np.empty((len(arm), n_arms))
    part = _halves(arm)
    for p in range(_N_PARTS):
        seen = part != p
        expected[~seen] = fit_boosted_outcomes(x[seen], arm[seen], outcome[seen], n_arms)(x[~seen])
    scores = doubly_robust_outcomes(expected, arm, outcome, shares)
    models = [fit_boosted(x, scores[:, a] - scores[:, 0], is_binary=False, n_trees=EFFECT_TREES) for a in range(1, n_arms)]
    return lambda rows: np.column_stack([model(rows) for model in models])


def _halves(arm: Codes) -> Codes:
    """Two parts by lot, each with half of every arm."""
    order = np.random.default_rng(_SEED).permutation(len(arm))
    by_arm = order[np.argsort(arm[order], kind="stable")]
    part = np.empty(len(arm), dtype=np.int64)
    part[by_arm] = np.arange(len(arm)) % _N_PARTS
    return part

"""Effects of every customer by models that have not seen them.

Belongs here: fitting on all folds but one and predicting that one, for learners and for outcome models. Does not belong here:
judging the predictions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from winback.uplift.encoding import fit_encoding
from winback.uplift.experiment import Codes, Experiment, Matrix
from winback.uplift.folds import fold_of_rows
from winback.uplift.learners import Learner
from winback.uplift.separate_models import fit_linear_outcomes

MAX_TRAINING_ROWS = 100_000
"""Models are fitted on at most this many rows, drawn by lot, so that the time stays in hand; all rows are judged."""


@dataclass(frozen=True)
class CrossFitted:
    """Out-of-fold effects of one fold seed: learner name -> rows x arms but the control."""

    seed: int
    fold: Codes
    effects: dict[str, Matrix]


def cross_fit(
    experiment: Experiment, features: pl.DataFrame, learners: Sequence[Learner], n_folds: int, seed: int
) -> CrossFitted:
    """Every learner fitted `n_folds` times; encodings are fitted inside the fold, too."""
    fold = fold_of_rows(experiment, n_folds, seed)
    found = {learner.name: np.zeros((len(fold), experiment.n_arms - 1)) for learner in learners}
    for k in range(n_folds):
        seen, judged = _training_rows(fold, k, seed), fold == k
        encoding = fit_encoding(features[seen])
        x, rows = encoding.matrix(features[seen]), encoding.matrix(features.filter(judged))
        for learner in learners:
            effects = learner.fit(x, experiment.arm[seen], experiment.outcome[seen], experiment.assignment_shares)
            found[learner.name][judged] = effects(rows)
    return CrossFitted(seed, fold, found)


def cross_fit_outcomes(experiment: Experiment, features: pl.DataFrame, n_folds: int, seed: int) -> Matrix:
    """Expected outcome of every row under every arm (rows x arms), by linear models of the other folds."""
    fold = fold_of_rows(experiment, n_folds, seed)
    expected = np.zeros((len(fold), experiment.n_arms))
    for k in range(n_folds):
        seen, judged = _training_rows(fold, k, seed), fold == k
        encoding = fit_encoding(features[seen])
        x = encoding.matrix(features[seen])
        fitted = fit_linear_outcomes(x, experiment.arm[seen], experiment.outcome[seen], experiment.n_arms)
        expected[judged] = fitted(encoding.matrix(features.filter(judged)))
    return expected


def _training_rows(fold: Codes, k: int, seed: int) -> Codes:
    """Positions of the rows outside fold `k`, a part of them by lot where they are very many."""
    seen = np.flatnonzero(fold != k)
    if len(seen) <= MAX_TRAINING_ROWS:
        return seen
    return np.sort(np.random.default_rng((seed, k)).choice(seen, MAX_TRAINING_ROWS, replace=False))

"""Which learner is used: judged on the folds it has not seen.

Belongs here: the figure learners are compared by, and the choice. Does not belong here: the learners.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from winback.uplift.arm_effects import arm_means
from winback.uplift.cross_fitting import CrossFitted
from winback.uplift.experiment import Experiment, Flags, Matrix
from winback.uplift.policy_value import choose_arms
from winback.uplift.qini import qini_area, rank_by

CRITERION = (
    "Learners are compared by what their order gains over a random one (area of the Qini curve over rows and treated rows, mean "
    "over the arms) plus what their choice of arms gains over the best arm for all, both per customer and out of fold. The "
    "simplest learner within a standard error of the best is taken. Each fold is judged with the learner that is best on "
    "the other folds, so that choosing is part of what is judged."
)


@dataclass(frozen=True)
class Selection:
    """Learner chosen on everything, what it was compared by (mean per learner), and the effects used for judging, per seed."""

    learner: str
    criterion: dict[str, float]
    effects: tuple[Matrix, ...]


def select_learner(experiment: Experiment, fitted: Sequence[CrossFitted], scores: Matrix, n_folds: int) -> Selection:
    """Chooses among the learners in `fitted` (the simplest first); `scores` are doubly robust outcomes."""
    names = list(fitted[0].effects)
    gains = np.stack([_gains(experiment, one, scores, n_folds) for one in fitted], axis=1)
    flat = gains.reshape(len(names), -1)
    chosen = names[_simplest_of_the_best(flat, n_folds)]
    effects = tuple(_judged_effects(one, gains[:, s], n_folds) for s, one in enumerate(fitted))
    return Selection(chosen, dict(zip(names, flat.mean(axis=1).tolist(), strict=True)), effects)


def _judged_effects(fitted: CrossFitted, gains: Matrix, n_folds: int) -> Matrix:
    names = list(fitted.effects)
    found = np.zeros_like(fitted.effects[names[0]])
    for k in range(n_folds):
        others = np.delete(gains, k, axis=1)
        rows = fitted.fold == k
        found[rows] = fitted.effects[names[_simplest_of_the_best(others, n_folds - 1)]][rows]
    return found


def _simplest_of_the_best(gains: Matrix, n_independent: int) -> int:
    """First row of `gains` (learners x folds) whose mean is within a standard error (of the difference) of the best one's."""
    means = gains.mean(axis=1)
    best = int(np.argmax(means))
    errors = (gains[best] - gains).std(axis=1, ddof=1) / n_independent**0.5
    return int(np.flatnonzero(means >= means[best] - errors)[0])


def _gains(experiment: Experiment, fitted: CrossFitted, scores: Matrix, n_folds: int) -> Matrix:
    """Learners x folds: gain of the order plus gain of the choice, per customer."""
    net = scores - scores.mean(axis=0) + arm_means(experiment) - experiment.costs
    best = int(np.argmax(arm_means(experiment) - experiment.costs))
    found = np.zeros((len(fitted.effects), n_folds))
    for row, effects in enumerate(fitted.effects.values()):
        policy = choose_arms(effects, experiment.costs)
        choice = net[np.arange(len(policy)), policy] - net[:, best]
        for k in range(n_folds):
            judged = fitted.fold == k
            found[row, k] = choice[judged].mean() + _order_gain(experiment, effects, judged)
    return found


def _order_gain(experiment: Experiment, effects: Matrix, judged: Flags) -> float:
    gains = []
    for a in range(1, experiment.n_arms):
        rows = judged & np.isin(experiment.arm, (0, a))
        treated = (experiment.arm[rows] == a).astype(np.float64)
        area = qini_area(rank_by(effects[rows, a - 1]), experiment.outcome[rows], treated)
        gains.append(area / (len(treated) * max(treated.sum(), 1.0)))
    return float(np.mean(gains))

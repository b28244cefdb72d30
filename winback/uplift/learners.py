"""The learners of the effect per customer, behind one interface.

Belongs here: what a learner promises, and the list of those there are. Does not belong here: any one learner's method.

All are meant for contacts given by lot: `shares` are the chances of the arms, per row or the same for all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from winback.uplift.experiment import Codes, Matrix, Vector

Effects = Callable[[Matrix], Matrix]
"""From rows of features to rows x arms but the control: outcome under the arm less outcome under the control."""


class Fit(Protocol):
    """Fits a learner.

    `x`: rows x features, NaN where missing; `arm`: codes, 0 the control, every arm present; `outcome`: 0/1 or numbers;
    `shares`: chance of each arm, shape (arms,) or (rows, arms), each above 0 where that arm was possible.
    """

    def __call__(self, x: Matrix, arm: Codes, outcome: Vector, shares: Matrix) -> Effects:
        """The fitted effects."""


@dataclass(frozen=True)
class Learner:
    """A named way to learn effects; `words` say what it does."""

    name: str
    words: str
    fit: Fit


def is_binary(outcome: Vector) -> bool:
    """Whether the outcome is 0 or 1 throughout."""
    return bool(np.isin(outcome, (0.0, 1.0)).all())


def all_learners() -> tuple[Learner, ...]:
    """Every learner, the simplest first: of two that do equally well the earlier is chosen."""
    from winback.uplift.crossed import fit_x_learner
    from winback.uplift.doubly_robust import fit_dr_learner
    from winback.uplift.separate_models import fit_linear_t_learner, fit_t_learner
    from winback.uplift.single_model import fit_s_learner

    return (
        Learner("linear-t", "one ridge or logistic regression per arm", fit_linear_t_learner),
        Learner("s", "one model of boosted trees with the arm as a feature", fit_s_learner),
        Learner("t", "one model of boosted trees per arm", fit_t_learner),
        Learner("x", "boosted trees on effects imputed across the arms", fit_x_learner),
        Learner("dr", "boosted trees on doubly robust effects", fit_dr_learner),
    )

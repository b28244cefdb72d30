"""Shallow boosted trees, as the learners use them.

Belongs here: one regression on XGBoost and its settings. Does not belong here: what is regressed on what (the learners).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from winback.uplift.experiment import Matrix, Vector

OUTCOME_TREES = 60
EFFECT_TREES = 40

_SETTINGS = {
    "tree_method": "hist",
    "max_bin": 64,
    "eta": 0.05,
    "subsample": 0.8,
    "colsample_bytree": 0.8,
    "seed": 7,
    "nthread": 1,
}
"""Shallow and drawn to the mean: effects are small beside the noise. One thread: the same numbers on every machine."""

_PULL_ROWS = 10
"""A leaf's value is drawn to 0 as by this many rows without any difference."""

_LEAF_SHARE = 0.03
_MIN_LEAF_ROWS = 10


@dataclass(frozen=True)
class Boosted:
    """A fitted regression; predictions are in the unit of what it was fitted on (a chance for 0/1 outcomes)."""

    booster: Any

    def __call__(self, x: Matrix) -> Vector:
        """Predictions for rows of the matrix it was fitted on."""
        return np.asarray(self.booster.inplace_predict(x), dtype=np.float64)


def fit_boosted(x: Matrix, y: Vector, *, is_binary: bool, n_trees: int = OUTCOME_TREES, depth: int = 2) -> Boosted:
    """Squared error, or log loss for 0/1. A leaf holds about 3 % of the rows at least, and ten rows."""
    import xgboost

    smallest = max(_MIN_LEAF_ROWS, _LEAF_SHARE * len(y))
    mean = float(y.mean())
    information = mean * (1 - mean) if is_binary else 1.0
    settings = _SETTINGS | {
        "objective": "binary:logistic" if is_binary else "reg:squarederror",
        "base_score": min(max(mean, 1e-4), 1 - 1e-4) if is_binary else mean,
        "max_depth": depth,
        "min_child_weight": smallest * information,
        "reg_lambda": _PULL_ROWS * information,
    }
    data = xgboost.QuantileDMatrix(x, y, max_bin=_SETTINGS["max_bin"], nthread=1)
    return Boosted(xgboost.train(settings, data, num_boost_round=n_trees))

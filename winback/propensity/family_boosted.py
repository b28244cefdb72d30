"""The boosted family: shallow trees from the shifted chance if left alone.

Belongs here: its fit, and what each column adds to a row's log-odds. Does not belong here: which family is used (`champion`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from winback.propensity.families import BOOSTED, Family, FittedFamily, Inputs, TouchRows
from winback.propensity.family_constant import fit as fit_shift
from winback.survival.btyd import Matrix, Vector

N_TREES = 120
SEED = 1

PARAMETERS = {
    "objective": "binary:logistic",
    "tree_method": "hist",
    "max_bin": 64,
    "max_depth": 2,
    "eta": 0.05,
    "min_child_weight": 5,
    "subsample": 0.7,
    "colsample_bytree": 0.5,
    "reg_lambda": 10,
    "nthread": 1,
}
"""Small: contacts are few, and few of them are followed by a return. One thread: the same bytes on any machine."""


@dataclass(frozen=True)
class FittedBoosted:
    """The booster as raw UBJ, and the shift that it starts from."""

    trees: bytes
    shift: float

    def log_odds(self, inputs: Inputs) -> Vector:
        """As `FittedFamily`."""
        booster, data = self._loaded(inputs)
        return np.asarray(booster.predict(data, output_margin=True), dtype=np.float64)

    def contributions(self, inputs: Inputs) -> Matrix:
        """SHAP values on the log-odds scale, rows x columns (Lundberg et al. 2020), without mean and start."""
        booster, data = self._loaded(inputs)
        return np.asarray(booster.predict(data, pred_contribs=True), dtype=np.float64)[:, :-1]

    def _loaded(self, inputs: Inputs) -> tuple[Any, Any]:
        import xgboost

        booster = xgboost.Booster({"nthread": PARAMETERS["nthread"]}, model_file=bytearray(self.trees))
        margin = self.shift + inputs.alone
        return booster, xgboost.DMatrix(inputs.matrix, base_margin=margin, nthread=PARAMETERS["nthread"])

    def as_json(self) -> dict[str, Any]:
        """As `FittedFamily`."""
        return {"shift": self.shift}

    def attachments(self) -> dict[str, bytes]:
        """As `FittedFamily`."""
        return {"trees": self.trees}


def fit(rows: TouchRows) -> FittedBoosted:
    """Fit the trees on what the shifted chance misses."""
    import xgboost

    shift = fit_shift(rows, is_over_alone=True).odds
    margin = shift + rows.inputs.alone
    data = xgboost.DMatrix(rows.inputs.matrix, rows.returned, base_margin=margin, nthread=PARAMETERS["nthread"])
    trees = xgboost.train({**PARAMETERS, "seed": SEED}, data, N_TREES)
    return FittedBoosted(bytes(trees.save_raw("ubj")), shift)


def _from_json(data: dict[str, Any], attachments: dict[str, bytes]) -> FittedFamily:
    return FittedBoosted(attachments["trees"], data["shift"])


FAMILY = Family(BOOSTED, fit, _from_json)

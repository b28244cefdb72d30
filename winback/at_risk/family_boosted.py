"""The boosted family: shallow trees from the base rate.

Belongs here: its fit. Does not belong here: which family is used (`champion`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl

from winback.at_risk.families import BOOSTED, Family, FittedFamily, LapseRows
from winback.survival.btyd import Matrix, Vector

N_TREES = 200
SEED = 1

PARAMETERS = {
    "objective": "binary:logistic",
    "tree_method": "hist",
    "max_bin": 64,
    "max_depth": 4,
    "eta": 0.05,
    "min_child_weight": 15,
    "subsample": 0.7,
    "colsample_bytree": 0.6,
    "reg_lambda": 20,
    "nthread": 1,
}
"""Richer than the return model's: lapses are a third of the rows and follow from few columns in steps (days to the coming lapse
against the own cycle), and shallower trees stay too near the base rate. One thread: the same bytes on any machine."""


@dataclass(frozen=True)
class FittedBoosted:
    """The booster as raw UBJ."""

    trees: bytes

    def log_odds(self, frame: pl.DataFrame, matrix: Matrix) -> Vector:
        """As `FittedFamily`."""
        return np.asarray(self._read.inplace_predict(matrix, predict_type="margin"), dtype=np.float64)

    @cached_property
    def _read(self) -> Any:
        """The booster, read from its bytes once; it predicts for any number of threads."""
        import xgboost

        return xgboost.Booster({"nthread": PARAMETERS["nthread"]}, model_file=bytearray(self.trees))

    def as_json(self) -> dict[str, Any]:
        """As `FittedFamily`."""
        return {}

    def attachments(self) -> dict[str, bytes]:
        """As `FittedFamily`."""
        return {"trees": self.trees}


def fit(rows: LapseRows) -> FittedBoosted:
    """Fit the trees from the base rate."""
    import xgboost

    used = rows.weights > 0
    lapsed, weights = rows.lapsed[used], rows.weights[used]
    data = xgboost.DMatrix(rows.matrix[used], lapsed, weight=weights, nthread=PARAMETERS["nthread"])
    base = {**PARAMETERS, "base_score": round(float(np.average(lapsed, weights=weights)), 9), "seed": SEED}
    return FittedBoosted(bytes(xgboost.train(base, data, N_TREES).save_raw("ubj")))


def _from_json(data: dict[str, Any], attachments: dict[str, bytes]) -> FittedFamily:
    return FittedBoosted(attachments["trees"])


FAMILY = Family(BOOSTED, fit, _from_json)

"""What each feature adds to a row's log-odds of return.

Belongs here: SHAP values of the model that makes the figures, one per feature. Does not belong here: their words (`drivers`).

Lundberg et al. (2020), Nature Machine Intelligence 2. Of a linear model on centred columns a column's SHAP value is its coefficient
times the value. The columns that a feature has in the matrix (value, missing, levels) are added up.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from winback.propensity.family_boosted import FittedBoosted
from winback.propensity.family_logistic import FittedLogistic
from winback.propensity.model import PropensityModel, inputs_of
from winback.survival import family_boosted as return_boosted
from winback.survival.btyd import Matrix
from winback.survival.design import Design
from winback.survival.return_model import ReturnModel


@dataclass(frozen=True)
class Contributions:
    """Rows x features on the log-odds scale, in the order of `features`."""

    features: tuple[str, ...]
    values: Matrix


def contributions(
    propensity: PropensityModel | None, return_model: ReturnModel | None, rows: pl.DataFrame
) -> Contributions | None:
    """Of both where both tell accounts apart: the propensity model says what is to be added to the chance if left alone. None where
    neither does.

    `rows` has the columns of `touch_rows.option_rows`.
    """
    if rows.is_empty():
        return None
    parts = (
        None if return_model is None else _of_return(return_model, rows),
        None if propensity is None else _of_propensity(propensity, rows),
    )
    told = [part for part in parts if part is not None]
    return _added(told) if told else None


def _added(parts: list[Contributions]) -> Contributions:
    features = tuple(sorted({name for part in parts for name in part.features}))
    values = np.zeros((len(parts[0].values), len(features)))
    for part in parts:
        values[:, [features.index(name) for name in part.features]] += part.values
    return Contributions(features, values)


def matrix_features(design: Design) -> tuple[str, ...]:
    """The feature behind each column of the design's matrix."""
    names: list[str] = []
    for number in design.numbers:
        names += [number.name] * (2 if number.has_gaps else 1)
    return (*names, *(feature for feature, _, _ in design.levels))


def _of_propensity(model: PropensityModel, rows: pl.DataFrame) -> Contributions | None:
    inputs, family = inputs_of(model.design, rows), model.families[model.champion]
    if isinstance(family, FittedBoosted):
        return _by_feature(model.design, family.contributions(inputs))
    if isinstance(family, FittedLogistic):
        return _by_feature(model.design, inputs.matrix * family.coefficients[2:])
    return None


def _of_return(model: ReturnModel, rows: pl.DataFrame) -> Contributions | None:
    import xgboost

    family = model.families.get("boosted")
    if not isinstance(family, return_boosted.FittedBoosted) or model.horizon_days not in family.horizons_days:
        return None
    if missing := set(model.design.columns) - set(rows.columns):
        raise ValueError(f"rows lack {len(missing)} features of the return model: {', '.join(sorted(missing))}")
    matrix = model.design.matrix(rows)
    data = xgboost.DMatrix(matrix, nthread=1)
    total = np.zeros(matrix.shape)
    for seed in return_boosted.SEEDS:
        trees = family.boosters[f"{model.horizon_days}_{seed}"]
        booster = xgboost.Booster({"nthread": 1}, model_file=bytearray(trees))
        total += booster.predict(data, pred_contribs=True)[:, :-1] / len(return_boosted.SEEDS)
    return _by_feature(model.design, total)


def _by_feature(design: Design, values: Matrix) -> Contributions:
    of_column = matrix_features(design)
    features = tuple(sorted(set(of_column)))
    member = np.array([[f == c for f in features] for c in of_column], dtype=np.float64)
    return Contributions(features, values @ member)

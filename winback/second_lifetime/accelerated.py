"""Accelerated failure time: the logarithm of the duration is a location told by facts, plus noise of a known shape.

Belongs here: Weibull and log-normal regressions and the boosted trees that correct their location. Does not belong here:
which family is used (`selection`), Kaplan-Meier (`curves`).

log T = location(x) + scale · W, with W standard normal (log-normal) or the smallest extreme value (Weibull; its shape is
1 / scale). Kalbfleisch & Prentice (2002), The Statistical Analysis of Failure Time Data, ch. 3.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from winback.second_lifetime.facts import FEATURES, fact_matrix

Vector = npt.NDArray[np.float64]

PRIOR_WEIGHT = 4.0
"""Weight of the normal prior on coefficients of standardised facts: a standard deviation of 0.5 in log days."""

MIN_FACT_ROWS = 10
"""Fewest lifetimes on either side of a flag, and fewest distinct rows, for a fact to be used."""

N_TREES = 120
"""Trees that correct the location; three levels deep, learning rate 0.05: small steps, for there are few lifetimes."""

Z_95 = 1.959963984540054


class NotConvergedError(Exception):
    """The fit of a family found no maximum; the family is left out, and its trial says so."""


@dataclass(frozen=True)
class AftDurations:
    """A fitted family. Facts are clipped to the range seen in training, then centred and scaled; the trees, where there are
    any, add to the location. `coef_low` and `coef_high` bound the 95 % interval of each coefficient (per standard
    deviation of its fact)."""

    family: str
    distribution: str
    features: tuple[str, ...]
    minimum: Vector
    maximum: Vector
    centre: Vector
    spread: Vector
    coef: Vector
    coef_low: Vector
    coef_high: Vector
    intercept: float
    scale: float
    trees: bytes | None = None

    def scaled(self, frame: pl.DataFrame) -> Vector:
        """The facts used, clipped and standardised, shape (rows, features)."""
        facts = fact_matrix(frame)[:, [FEATURES.index(name) for name in self.features]]
        return (np.clip(facts, self.minimum, self.maximum) - self.centre) / self.spread

    def locations(self, frame: pl.DataFrame) -> Vector:
        """Location of log duration (log days) of every row."""
        scaled = self.scaled(frame)
        linear = self.intercept + scaled @ self.coef
        return linear if self.trees is None else _tree_locations(self.trees, scaled, linear)

    def survival(self, frame: pl.DataFrame, days: Vector) -> Vector:
        """P(duration > t) of every row at `days`, shape (rows, days)."""
        return self.survival_at(self.locations(frame), days)

    def survival_at(self, locations: Vector, days: Vector) -> Vector:
        """P(duration > t) for locations (log days), shape (locations, days)."""
        return survival_of(self.distribution, locations, self.scale, days)


def survival_of(distribution: str, locations: Vector, scale: float, days: Vector) -> Vector:
    """P(T > t) of a Weibull or log-normal duration, shape (locations, days)."""
    from scipy.special import ndtr

    with np.errstate(divide="ignore"):
        z = (np.log(days)[None, :] - locations[:, None]) / scale
    return np.exp(-np.exp(np.minimum(z, 30.0))) if distribution == "weibull" else np.asarray(ndtr(-z), dtype=np.float64)


def fit_aft(frame: pl.DataFrame, distribution: str) -> AftDurations:
    """Weibull or log-normal regression (lifelines) on core_second_lifetimes' columns; durations must be positive.

    Raises NotConvergedError where the likelihood has no maximum that can be reached.
    """
    facts = fact_matrix(frame)
    used = _usable(facts)
    facts = facts[:, used]
    names = [FEATURES[i] for i in used]
    centre, spread = facts.mean(axis=0), facts.std(axis=0)
    fitter = _fit_lifelines((facts - centre) / spread, names, frame, distribution)
    place, shape = ("lambda_", "rho_") if distribution == "weibull" else ("mu_", "sigma_")
    coef = fitter.params_.loc[place].reindex(names).to_numpy(dtype=np.float64)
    error = fitter.standard_errors_.loc[place].reindex(names).to_numpy(dtype=np.float64)
    log_shape = float(fitter.params_.loc[(shape, "Intercept")])
    return AftDurations(
        family=distribution,
        distribution=distribution,
        features=tuple(names),
        minimum=facts.min(axis=0),
        maximum=facts.max(axis=0),
        centre=centre,
        spread=spread,
        coef=coef,
        coef_low=coef - Z_95 * error,
        coef_high=coef + Z_95 * error,
        intercept=float(fitter.params_.loc[(place, "Intercept")]),
        scale=float(np.exp(-log_shape if distribution == "weibull" else log_shape)),
    )


def _fit_lifelines(scaled: Vector, names: list[str], frame: pl.DataFrame, distribution: str) -> Any:
    import pandas as pd
    from lifelines import LogNormalAFTFitter, WeibullAFTFitter
    from lifelines.exceptions import ConvergenceError

    table = pd.DataFrame(scaled, columns=names)
    table["duration"] = frame["duration_days"].to_numpy().astype(np.float64)
    table["ended"] = frame["is_ended"].to_numpy()
    fitter = (WeibullAFTFitter if distribution == "weibull" else LogNormalAFTFitter)(penalizer=PRIOR_WEIGHT / len(table))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # lifelines speaks of columns that `_usable` has passed; failures raise
            fitter.fit(table, duration_col="duration", event_col="ended", fit_intercept=True)
    except ConvergenceError as error:
        raise NotConvergedError(distribution) from error
    return fitter


def fit_boosted(frame: pl.DataFrame, base: AftDurations) -> AftDurations:
    """Trees that start from the location of `base` and keep its distribution and scale (XGBoost's `survival:aft`)."""
    import xgboost

    scaled = base.scaled(frame)
    durations = frame["duration_days"].to_numpy().astype(np.float64)
    matrix = xgboost.DMatrix(scaled, base_margin=base.intercept + scaled @ base.coef, nthread=1)
    matrix.set_float_info("label_lower_bound", durations)
    matrix.set_float_info("label_upper_bound", np.where(frame["is_ended"].to_numpy(), durations, np.inf))
    booster = xgboost.train(_tree_parameters(base), matrix, num_boost_round=N_TREES)
    return AftDurations(**{**vars(base), "family": "boosted_trees", "trees": bytes(booster.save_raw("ubj"))})


def _tree_parameters(base: AftDurations) -> dict[str, Any]:
    return {
        "objective": "survival:aft",
        "aft_loss_distribution": "extreme" if base.distribution == "weibull" else "normal",
        "aft_loss_distribution_scale": base.scale,
        "tree_method": "hist",
        "max_depth": 3,
        "learning_rate": 0.05,
        "min_child_weight": 10.0,
        "lambda": 5.0,
        "nthread": 1,
        "seed": 0,
    }


def _tree_locations(trees: bytes, scaled: Vector, linear: Vector) -> Vector:
    import xgboost

    booster = xgboost.Booster(model_file=bytearray(trees))
    matrix = xgboost.DMatrix(scaled, base_margin=linear, nthread=1)
    return np.asarray(booster.predict(matrix, output_margin=True), dtype=np.float64)


def _usable(facts: Vector) -> list[int]:
    """Facts that vary enough to learn from: neither constant nor a flag that is nearly always the same."""
    return [
        i
        for i, column in enumerate(facts.T)
        if (column != np.median(column)).sum() >= MIN_FACT_ROWS and len(np.unique(column)) > 1
    ]

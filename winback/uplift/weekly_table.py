"""What was tried for uplift, told as rows.

Belongs here: champion and challengers as rows of `model_uplift`. Does not belong here: the choice (`weekly_model`).
"""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl

from winback.uplift.weekly_model import LearnerFigures, UpliftModel, weekly_learners

_FLOATS = (
    "qini", "qini_chance_low", "qini_chance_high", "policy_value_share", "policy_low_share", "policy_high_share",
    "policy_gain_share", "policy_gain_low_share", "policy_gain_high_share", "effect_share", "effect_low_share",
    "effect_high_share", "effect_amount", "effect_low_amount", "effect_high_amount",
)  # fmt: skip
_SCHEMA = {
    "as_of_on": pl.Date, "learner": pl.String, "is_champion": pl.Boolean, "trained_on": pl.Date, "uplift_status": pl.String,
    **dict.fromkeys(_FLOATS, pl.Float64),
    "n_contacted": pl.Int64, "n_held_back": pl.Int64, "n_returned": pl.Int64, "level_reason": pl.String,
}  # fmt: skip


def uplift_trials(model: UpliftModel | None, status: str, reason: str, week_on: date) -> pl.DataFrame:
    """Rows of `model_uplift`: every learner with its figures, or without any and why."""
    if model is None:
        return pl.DataFrame([_untried(one.name, status, reason, week_on) for one in weekly_learners()], schema=_SCHEMA)
    return pl.DataFrame([_row(model, figures, status, week_on) for figures in model.figures], schema=_SCHEMA)


def _untried(learner: str, status: str, reason: str, week_on: date) -> dict[str, Any]:
    return {
        "as_of_on": week_on, "learner": learner, "is_champion": False, "trained_on": week_on, "uplift_status": status,
        **dict.fromkeys(_FLOATS), "n_contacted": 0, "n_held_back": 0, "n_returned": 0, "level_reason": f"Not tried: {reason}.",
    }  # fmt: skip


def _row(model: UpliftModel, figures: LearnerFigures, status: str, week_on: date) -> dict[str, Any]:
    is_champion = figures.learner == model.learner
    band, held = model.ranking.band, model.test.sizes
    words = "Chosen" if is_champion else "Beaten, or not clearly better than a simpler learner"
    told = (
        "customers can be told apart" if model.ranking.is_reliable else "no reliable difference between customers was found"
    )
    return {
        "as_of_on": week_on,
        "learner": figures.learner,
        "is_champion": is_champion,
        "trained_on": model.as_of_on,
        "uplift_status": status,
        "qini": figures.qini,
        "qini_chance_low": band.low,
        "qini_chance_high": band.high,
        **_interval("policy_value_share", "policy", "share", figures.value),
        **_interval("policy_gain_share", "policy_gain", "share", figures.gain),
        **_interval("effect_share", "effect", "share", model.effect),
        **_interval("effect_amount", "effect", "amount", model.amount_effect),
        "n_contacted": int(held[1]),
        "n_held_back": int(held[0]),
        "n_returned": int(model.test.outcome.sum()),
        "level_reason": f"{words}, out of fold; {told}: {model.level_reason}.",
    }


def _interval(name: str, stem: str, unit: str, figure: Any) -> dict[str, float]:
    return {name: figure.value, f"{stem}_low_{unit}": figure.low, f"{stem}_high_{unit}": figure.high}

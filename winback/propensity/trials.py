"""What was tried for the chance of return after a contact, told as rows.

Belongs here: champion and challengers as rows of `model_propensity`. Does not belong here: the choice (`champion`).
"""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl

from winback.propensity.champion import FIGURES
from winback.propensity.families import LEVEL_OF_FAMILY
from winback.propensity.model import PropensityModel

_OWN = {"lift": "lift_ratio"}
_SCHEMA = {
    "as_of_on": pl.Date, "family": pl.String, "model_level": pl.String, "is_champion": pl.Boolean, "trained_on": pl.Date,
    **{_OWN.get(name, name): pl.Float64 for name in FIGURES},
    "log_loss_difference": pl.Float64, "log_loss_difference_error": pl.Float64, "n_rows": pl.Int64, "n_returned": pl.Int64,
    "level_reason": pl.String,
}  # fmt: skip


def propensity_trials(model: PropensityModel | None, reason: str, week_on: date) -> pl.DataFrame:
    """Rows of `model_propensity`: every family, judged or not tried, and why. Without a model `reason` says what lacks."""
    return pl.DataFrame([_row(model, family, reason, week_on) for family in LEVEL_OF_FAMILY], schema=_SCHEMA)


def _row(model: PropensityModel | None, family: str, reason: str, week_on: date) -> dict[str, Any]:
    found: dict[str, Any] = {
        "as_of_on": week_on,
        "family": family,
        "model_level": LEVEL_OF_FAMILY[family],
        "is_champion": model is not None and family == model.champion,
        "trained_on": week_on if model is None else model.training.as_of_on,
        "n_rows": 0 if model is None else model.training.n_rows,
        "n_returned": 0 if model is None else model.training.n_returned,
        "level_reason": f"No model: {reason}." if model is None else _reason(model, family),
    }
    figures = None if model is None else next((c for c in model.verdict.candidates if c.family == family), None)
    names = (*FIGURES, "log_loss_difference", "log_loss_difference_error")
    return found | {_OWN.get(n, n): None if figures is None else getattr(figures, n) for n in names}


def _reason(model: PropensityModel, family: str) -> str:
    verdict = model.verdict
    how = "on accounts not learned from" if verdict.is_overlapping else "out of time"
    if family not in model.families:
        return f"Not tried: {model.level_reason}."
    if family == model.champion:
        return f"Chosen, judged {how} on {verdict.n_judged} contacts: {model.level_reason}."
    return f"Beaten, or not clearly better than the champion, {how} on {verdict.n_judged} contacts."

"""What was tried for the chance of lapse, told as rows.

Belongs here: champion and challengers as rows of `model_at_risk`. Does not belong here: the choice (`champion`).
"""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl

from winback.at_risk.champion import Candidate
from winback.at_risk.families import LEVEL_OF_FAMILY
from winback.at_risk.model import AtRiskModel

_FIGURES = ("brier", "brier_difference", "brier_difference_error", "brier_skill", "roc_auc", "ece")
_SCHEMA = {
    "as_of_on": pl.Date, "family": pl.String, "model_level": pl.String, "is_champion": pl.Boolean, "trained_on": pl.Date,
    **dict.fromkeys(_FIGURES, pl.Float64),
    "n_rows": pl.Int64, "n_lapsed": pl.Int64, "account_share": pl.Float64, "level_reason": pl.String,
}  # fmt: skip


def trial_table(model: AtRiskModel, *, as_of_on: date | None = None) -> pl.DataFrame:
    """Rows of `model_at_risk`: every family, judged or not tried, and why. `as_of_on`: the week that uses the model."""
    judged = {c.family: c for c in model.verdict.candidates}
    rows = [_row(model, family, judged.get(family), as_of_on or model.training.as_of_on) for family in LEVEL_OF_FAMILY]
    return pl.DataFrame(rows, schema=_SCHEMA)


def _row(model: AtRiskModel, family: str, figures: Candidate | None, week_on: date) -> dict[str, Any]:
    training = model.training
    return {
        "as_of_on": week_on,
        "family": family,
        "model_level": LEVEL_OF_FAMILY[family],
        "is_champion": family == model.champion,
        "trained_on": training.as_of_on,
        **{name: None if figures is None else getattr(figures, name) for name in _FIGURES},
        "n_rows": training.n_rows,
        "n_lapsed": training.n_lapsed,
        "account_share": training.account_share,
        "level_reason": _reason(model, family),
    }


def _reason(model: AtRiskModel, family: str) -> str:
    verdict = model.verdict
    how = "on accounts and landmarks not learned from" if verdict.is_overlapping else "out of time"
    if family not in model.families:
        return f"Not tried: {model.level_reason}."
    if model.correction is None:
        return f"The share of the threshold used up stands for the chance, untested: {model.level_reason}."
    if family == model.champion:
        told = f"judged {how} on {verdict.n_judged} rows" if verdict.candidates else "too few lapses to judge it on"
        return f"Chosen, {told}: {model.level_reason}."
    return f"Beaten, or not clearly better than a simpler family, {how} on {verdict.n_judged} rows."

"""What was tried for the time to return, told as rows.

Belongs here: champion, challengers and families that stepped aside, as rows of `model_return_time`. Does not belong here: the
choice (`champion`).
"""

from __future__ import annotations

from datetime import date

import polars as pl

from winback.survival.return_model import LEVEL_OF_FAMILY, ReturnModel

_SCHEMA = {
    "as_of_on": pl.Date, "family": pl.String, "model_level": pl.String, "is_champion": pl.Boolean, "trained_on": pl.Date,
    "integrated_brier": pl.Float64, "concordance": pl.Float64, "brier_difference": pl.Float64,
    "brier_difference_error": pl.Float64, "n_rows": pl.Int64, "n_returned": pl.Int64, "level_reason": pl.String,
}  # fmt: skip


def return_trials(model: ReturnModel | None, reason: str, week_on: date) -> pl.DataFrame:
    """Rows of `model_return_time`: every family judged or left aside, and why the level stands.

    Without a model there is one row: Kaplan-Meier curves by cycle group, and the reason in words.
    """
    if model is None:
        row = (week_on, "kaplan_meier", "kaplan_meier", True, week_on, None, None, None, None, 0, 0, reason)
        return pl.DataFrame([row], schema=_SCHEMA, orient="row")
    champion, training = model.verdict.champion, model.training
    judged = {c.name: c for c in model.verdict.candidates}
    best = judged[champion].levelled_brier if champion in judged else None
    how = "on accounts and landmarks not learned from" if model.verdict.is_overlapping else "out of time"
    rows = []
    for name in sorted({*judged, *model.stepped_aside, champion}):
        figures = judged.get(name)
        told = model.stepped_aside.get(name) or (
            f"chosen: {model.sufficiency_reason}" if name == champion else f"judged {how} on {model.verdict.n_judged} rows"
        )
        rows.append(
            {
                "as_of_on": week_on,
                "family": name,
                "model_level": LEVEL_OF_FAMILY[name],
                "is_champion": name == champion,
                "trained_on": training.as_of_on,
                "integrated_brier": figures.integrated_brier if figures else None,
                "concordance": figures.concordance if figures else None,
                "brier_difference": figures.levelled_brier - best if figures and best is not None else None,
                "brier_difference_error": figures.brier_gap_error if figures else None,
                "n_rows": training.n_rows,
                "n_returned": training.n_returned,
                "level_reason": told,
            }
        )
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row")

"""Chances of return under each play and offer of the week.

Belongs here: rows of `score_propensity`. Does not belong here: fitting, which option is taken.
"""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl

from winback.propensity.families import BASE_RATE
from winback.propensity.model import PropensityModel
from winback.propensity.model_files import refuse_other_features, refuse_other_week
from winback.survival.btyd import Vector
from winback.survival.model_folder import MAX_AGE_DAYS

SMALL_SAMPLE_TOUCHES = 500
"""Below so many contacts the figures carry the warning `small_sample`."""

_DIGITS = 6
_SCHEMA = {
    "account_id": pl.String, "as_of_on": pl.Date, "play_id": pl.String, "offer_id": pl.String, "horizon_days": pl.Int64,
    "touched_prob": pl.Float64, "low": pl.Float64, "high": pl.Float64, "model_level": pl.String, "usage_warning": pl.String,
}  # fmt: skip


def no_scores() -> pl.DataFrame:
    """`score_propensity` without rows: what it holds while there is no model."""
    return pl.DataFrame(schema=_SCHEMA)


def score_propensity(model: PropensityModel, rows: pl.DataFrame, max_age_days: int = MAX_AGE_DAYS) -> pl.DataFrame:
    """Rows of `score_propensity` for options (columns of `touch_rows.option_rows`); sorted by account and arm.

    Raises UsageError if the model was made with other features, for a later week or too long ago.
    """
    if rows.is_empty():
        return no_scores()
    refuse_other_features(model, rows.columns)
    for week_on in sorted(rows["as_of_on"].unique()):
        assert isinstance(week_on, date)
        refuse_other_week(model, week_on, max_age_days)
    rows = rows.sort("account_id", "arm_no")
    prob, low, high = model.probs(rows)
    return rows.select("account_id", "as_of_on", "play_id", "offer_id").with_columns(
        horizon_days=pl.lit(model.horizon_days, dtype=pl.Int64),
        touched_prob=_rounded(prob),
        low=_rounded(np.minimum(low, prob)),
        high=_rounded(np.maximum(high, prob)),
        model_level=pl.lit(model.level),
        usage_warning=pl.lit(_warning(model), dtype=pl.String),
    )


def _rounded(values: Vector) -> pl.Expr:
    return pl.lit(pl.Series(np.round(values, _DIGITS)))


def _warning(model: PropensityModel) -> str | None:
    words = ["small_sample"] if model.training.n_rows < SMALL_SAMPLE_TOUCHES else []
    words += ["pooled"] if model.champion == BASE_RATE else []
    return ";".join(words) or None

"""Chances of lapse of the active accounts of a week.

Belongs here: rows of `score_at_risk`. Does not belong here: fitting, open issues (SQL), what to do about it.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date

import numpy as np
import polars as pl

from winback.at_risk.families import RULES
from winback.at_risk.model import AtRiskModel
from winback.at_risk.model_files import refuse_other_features, refuse_other_week
from winback.survival.btyd import Vector
from winback.survival.family_boosted import N_AT_ONCE
from winback.survival.intervals import METHOD
from winback.survival.model_folder import MAX_AGE_DAYS

_DIGITS = 6
_ROWS_AT_ONCE = 20_000
"""So that millions of accounts do not stand in memory as one matrix."""
_SCHEMA = {
    "account_id": pl.String, "as_of_on": pl.Date, "horizon_days": pl.Int64, "lapse_prob": pl.Float64, "low": pl.Float64,
    "high": pl.Float64, "model_level": pl.String, "interval_method": pl.String, "usage_warning": pl.String,
}  # fmt: skip


def score_at_risk(model: AtRiskModel, frame: pl.DataFrame, max_age_days: int = MAX_AGE_DAYS) -> pl.DataFrame:
    """Rows of `score_at_risk` for feature rows (columns of `active_rows.active_rows`); sorted by account.

    Where rules were not learned from the log the figure ranks but was never tested: it has no interval and is flagged
    `uncalibrated`. Raises UsageError if the model was made with other features, for a later week or too long ago.
    """
    if frame.is_empty():
        return pl.DataFrame(schema=_SCHEMA)
    refuse_other_features(model, frame.columns)
    for week_on in sorted(frame["as_of_on"].unique()):
        assert isinstance(week_on, date)
        refuse_other_week(model, week_on, max_age_days)
    frame = frame.sort("account_id")
    with ThreadPoolExecutor(N_AT_ONCE) as pool:
        parts = list(pool.map(model.lapse_probs, frame.iter_slices(_ROWS_AT_ONCE)))
    prob = np.concatenate([part[0] for part in parts])
    low, high = _joined([part[1] for part in parts]), _joined([part[2] for part in parts])
    return frame.select("account_id", "as_of_on").with_columns(
        horizon_days=pl.lit(model.horizon_days, dtype=pl.Int64),
        lapse_prob=_rounded(prob),
        low=_rounded(None if low is None else np.minimum(low, prob)),
        high=_rounded(None if high is None else np.maximum(high, prob)),
        model_level=pl.lit(model.level),
        interval_method=pl.lit("none" if low is None else METHOD),
        usage_warning=_warnings(model, frame),
    )


def _joined(parts: list[Vector | None]) -> Vector | None:
    known = [part for part in parts if part is not None]
    return np.concatenate(known) if known else None


def _rounded(values: Vector | None) -> pl.Expr:
    return pl.lit(None, dtype=pl.Float64) if values is None else pl.lit(pl.Series(np.round(values, _DIGITS)))


def _warnings(model: AtRiskModel, frame: pl.DataFrame) -> pl.Expr:
    words = ["small_sample"] if model.champion == RULES else []
    words += ["uncalibrated"] if model.correction is None else []
    beyond = ";".join([*words, "extrapolated"])
    inside = pl.lit(";".join(words) or None, dtype=pl.String)
    is_beyond = pl.lit(frame["silence_days"] > model.training.longest_silence_days)
    return inside if model.correction is None else pl.when(is_beyond).then(pl.lit(beyond)).otherwise(inside)

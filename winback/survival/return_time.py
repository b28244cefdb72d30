"""Time to return, first level: Kaplan-Meier by cycle group.

Belongs here: the table of chances that accounts are scored from. Does not belong here: the curve itself (`gap_curve`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np
import polars as pl

from winback.survival.gap_curve import MIN_RETURNS, GapCurve, fit_gap_curve

HORIZONS_DAYS = (7, 28, 56, 91, 182)
"""Horizons stored for every lapsed account."""

_DIGITS = 6


def return_time_table(gaps: pl.DataFrame, *, as_of_on: date, cycle_groups: Sequence[str], horizon_days: int) -> pl.DataFrame:
    """Rows of `model_return_time`: chance of return by cycle group, silence and horizon.

    `gaps` has the columns of `core_gaps`. A group with fewer than `MIN_RETURNS` returns borrows the pooled curve and
    says so (`pooled`). With no gap at all the table is empty.
    """
    pooled = fit_gap_curve(gaps)
    frames = []
    for group in cycle_groups if pooled.n_gaps else []:
        own = fit_gap_curve(gaps.filter(pl.col("cycle_group") == group))
        is_own = own.n_returns >= MIN_RETURNS
        curve = own if is_own else pooled
        warnings = ([] if is_own else ["pooled"]) + (["small_sample"] if curve.n_returns < MIN_RETURNS else [])
        for horizon in sorted({*HORIZONS_DAYS, horizon_days}):
            frames.append(_group_rows(curve, group, horizon, as_of_on, ";".join(warnings) or None))
    return pl.concat(frames) if frames else pl.DataFrame(schema=_SCHEMA)


_SCHEMA = {
    "as_of_on": pl.Date,
    "cycle_group": pl.String,
    "silence_days": pl.Int64,
    "horizon_days": pl.Int64,
    "prob": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "best_by_days": pl.Int64,
    "n_gaps": pl.Int64,
    "model_level": pl.String,
    "interval_method": pl.String,
    "usage_warning": pl.String,
}


def _group_rows(curve: GapCurve, group: str, horizon: int, as_of_on: date, warning: str | None) -> pl.DataFrame:
    chance, low, high = (np.round(v, _DIGITS) for v in curve.return_chances(horizon))
    n = len(chance)
    return pl.DataFrame(
        {
            "as_of_on": [as_of_on] * n,
            "cycle_group": [group] * n,
            "silence_days": np.arange(n),
            "horizon_days": [horizon] * n,
            "prob": chance,
            "low": low,
            "high": high,
            "best_by_days": curve.best_by_days(horizon),
            "n_gaps": [curve.n_gaps] * n,
            "model_level": ["kaplan_meier"] * n,
            "interval_method": ["greenwood"] * n,
            "usage_warning": [warning] * n,
        },
        schema=_SCHEMA,
    )

"""Scores from the first level alone: Kaplan-Meier by cycle group, where there is too little for a model of the accounts.

Belongs here: reading chances and timing of lapsed accounts off the curves. Does not belong here: the curves (`return_time`).
"""

from __future__ import annotations

import polars as pl

from winback.survival.return_scores import WEEK_DAYS, ReturnScores

_LEVEL = "kaplan_meier"


def score_by_curves(curves: pl.DataFrame, lapses: pl.DataFrame, horizon_days: int) -> ReturnScores:
    """Chances and timing of `lapses` (account_id, as_of_on, cycle_group, silence_days) from rows of `model_return_curves`.

    A silence longer than a curve reaches gets the curve's last value and says so (`extrapolated`). Without any curve there
    are no scores.
    """
    reach = curves.group_by("cycle_group").agg(last_days=pl.col("silence_days").max())
    placed = lapses.select("account_id", "as_of_on", "cycle_group", "silence_days").join(reach, on="cycle_group")
    now = _read(placed, curves, 0)
    later = _read(placed, curves.filter(pl.col("horizon_days") == horizon_days), WEEK_DAYS)
    at_horizon = now.filter(pl.col("horizon_days") == horizon_days)
    timing = at_horizon.join(later.select("account_id", week_on_prob="prob"), on="account_id").select(
        "account_id",
        "as_of_on",
        "prob",
        "week_on_prob",
        "best_by_days",
        median_days=pl.lit(None, dtype=pl.Int64),
        never_prob=pl.lit(None, dtype=pl.Float64),
    )
    chances = now.select(
        "account_id", "as_of_on", "horizon_days", "prob", "low", "high", "model_level", "interval_method", "usage_warning"
    )
    return ReturnScores(chances.sort("account_id", "horizon_days"), timing.sort("account_id"))


def _read(placed: pl.DataFrame, curves: pl.DataFrame, days_on: int) -> pl.DataFrame:
    """Every horizon of `curves` at each account's silence, so many days on."""
    silence = pl.col("silence_days") + days_on
    is_beyond = silence > pl.col("last_days")
    at = placed.with_columns(silence_days=pl.min_horizontal(silence, "last_days"), is_beyond=is_beyond)
    found = at.join(curves.drop("as_of_on"), on=["cycle_group", "silence_days"])
    beyond = pl.when(pl.col("is_beyond")).then(pl.lit("extrapolated"))
    return found.with_columns(
        usage_warning=pl.concat_str([pl.col("usage_warning"), beyond], separator=";", ignore_nulls=True).replace("", None)
    )

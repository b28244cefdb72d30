"""Rows of active accounts as the models take them: outcomes, weights, and what follows from the day of the coming lapse.

Belongs here: which rows a model may learn from, their labels, the features made of a row alone. Does not belong here: making
the rows (`active_rows`), models.
"""

from __future__ import annotations

import polars as pl

from winback.at_risk.active_rows import OUTCOMES
from winback.evaluation.censoring import followed_share, known_weights
from winback.survival.btyd import Vector

READ_BY_RULES = ("threshold_used_share", "lapse_basis")
"""Columns that the rules read."""


def learnable(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows whose untouched future was seen for at least a day; sorted by landmark and account."""
    return rows.filter((pl.col("time_days") >= 1) & (pl.col("seen_days") >= 1)).sort("as_of_on", "account_id")


def labels(rows: pl.DataFrame, horizon_days: int) -> tuple[Vector, Vector]:
    """Lapsed within the horizon (0 or 1), and how much each row counts.

    A row whose landmark lies less than the horizon before the day its lapses were read counts 0; of the others, those censored
    by a touch count 0 and the rest stand for them (inverse probability of censoring). A closed business has not lapsed.
    """
    time = rows["time_days"].cast(pl.Int64)
    lapsed, is_seen = rows["has_lapsed"], rows["seen_days"] >= horizon_days
    weights = is_seen.cast(pl.Float64).to_numpy().copy()
    if is_seen.any():
        seen_time, seen_lapsed = time.filter(is_seen).to_numpy(), lapsed.filter(is_seen).to_numpy()
        followed = followed_share(seen_time, seen_lapsed)
        weights[is_seen.to_numpy()] = known_weights(seen_time, seen_lapsed, horizon_days, followed)
    return (lapsed & (time <= horizon_days)).cast(pl.Float64).to_numpy(), weights


def with_cover(rows: pl.DataFrame, horizon_days: int) -> pl.DataFrame:
    """Features without outcomes, and what the days of cover left mean within the horizon.

    `uncovered_share`: share of the horizon that lies after the coming lapse; `uncovered_contract_share` the same for
    contracts, 0 for others; `gaps_to_lapse`: usual gaps that fit before it; `no_purchase_prob`: the chance that none comes
    before it if purchases came at random at the account's usual rate.
    """
    uncovered = (1 - pl.col("lapse_in_days") / horizon_days).clip(0, 1)
    gaps = pl.col("lapse_in_days") / pl.col("gap_mean_days")
    return rows.drop(OUTCOMES, strict=False).with_columns(
        uncovered_share=uncovered,
        uncovered_contract_share=pl.when(pl.col("lapse_basis") == "paid_through").then(uncovered).otherwise(0.0),
        gaps_to_lapse=gaps,
        no_purchase_prob=(-gaps).exp(),
    )

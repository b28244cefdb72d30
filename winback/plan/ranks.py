"""The order of a list, and why a row is new on it.

Belongs here: ranks and the one word for the change since last week. Does not belong here: which rows there are
(`winback.plan.lists`).
"""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl

from winback.plan.columns import PlanTables
from winback.plan.lots import HOLDOUT


def ranks(rows: pl.DataFrame) -> pl.Series:
    """Rank on the representative's list, null for those withheld: the red lane first, then value in the plan, then account id."""
    is_held = pl.col("assignment") == HOLDOUT
    placed = (
        rows.select("rep_id", "lane", "plan_value_amount", "account_id", is_held=is_held)
        .with_row_index("at")
        .sort(
            "is_held",
            "rep_id",
            pl.col("lane") != "red",
            "plan_value_amount",
            "account_id",
            descending=[False, False, False, True, False],
        )
        .with_columns(rank=pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over("rep_id", "is_held"))
        .with_columns(rank=pl.when(~pl.col("is_held")).then(pl.col("rank")))
    )
    return placed.sort("at")["rank"]


def change_words(tables: PlanTables, week_on: date) -> pl.DataFrame:
    """One word per lapsed account for why it is new on a list, as far as the ledger and the lapse dates tell.

    carried: on last week's list and again on this one; again: on an earlier list in this silence; holdout_over: withheld earlier in
    this silence; new_lapse: lapsed since the week before; entered: lapsed for longer and listed for the first time, because its
    value rose or room was made, which the ledger does not tell apart; first_week: there is no earlier list at all.
    """
    last_week = week_on - timedelta(days=7)
    is_listed = pl.col("assignment") != HOLDOUT
    earlier = tables.spell_history.group_by("account_id").agg(
        was_last_week=(is_listed & (pl.col("week_on") == last_week)).any(),
        was_listed=is_listed.any(),
        was_withheld=(~is_listed).any(),
    )
    if tables.history.is_empty():
        word = pl.lit("first_week")
    else:
        word = (
            pl.when(pl.col("was_last_week"))
            .then(pl.lit("carried"))
            .when(pl.col("was_listed"))
            .then(pl.lit("again"))
            .when(pl.col("was_withheld"))
            .then(pl.lit("holdout_over"))
            .when(pl.col("lapsed_on") >= last_week)
            .then(pl.lit("new_lapse"))
            .otherwise(pl.lit("entered"))
        )
    return tables.lapses.join(earlier, on="account_id", how="left").select("account_id", word.alias("change_word"))

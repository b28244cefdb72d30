"""One week's lists under the representatives' minutes.

Belongs here: who is chosen and in which order. Does not belong here: who may be contacted at all (`plan_candidates`).
"""

from __future__ import annotations

import base64
import hashlib
from datetime import date

import polars as pl

ASK_PLAY = "ask_reason"
"""The play for accounts whose reason nobody knows."""


def assign_week(
    candidates: pl.DataFrame, capacities: pl.DataFrame, plays: pl.DataFrame, *, week_on: date, default_weekly_minutes: int
) -> pl.DataFrame:
    """Rows of `plan_assignments`: per representative the most valuable accounts that fit their minutes.

    `candidates` has the columns of `plan_candidates`; those with a cause are left out. `capacities` gives rep_id and
    weekly_minutes, null meaning the default. Order: value at stake, then the worth of a year (where the chance of
    return is nil), then account id, so that the same input gives the same list.
    """
    play = plays.filter(pl.col("play_id") == ASK_PLAY).select("play_id", "play_version", "minutes")
    ranked = (
        candidates.filter(pl.col("cause").is_null())
        .join(capacities, on="rep_id", how="left")
        .with_columns(pl.col("weekly_minutes").fill_null(default_weekly_minutes))
        .join(play, how="cross")
        .sort(
            "rep_id",
            "value_at_stake_amount",
            "year_amount",
            "account_id",
            descending=[False, True, True, False],
            nulls_last=True,
        )
        .with_columns(
            used_minutes=pl.col("minutes").cum_sum().over("rep_id"),
            rank=pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over("rep_id"),
        )
        .filter(pl.col("used_minutes") <= pl.col("weekly_minutes"))
    )
    return ranked.select(
        row_keys(ranked, week_on).alias("row_key"),
        "account_id",
        pl.lit(week_on).alias("week_on"),
        "rep_id",
        "rank",
        "play_id",
        "play_version",
        pl.lit(None, dtype=pl.String).alias("offer_id"),
        "minutes",
        pl.lit("treated").alias("assignment"),
        pl.lit(1.0).alias("assignment_prob"),
        pl.lit(None, dtype=pl.String).alias("experiment_id"),
    )


def row_keys(rows: pl.DataFrame, week_on: date) -> pl.Series:
    """Keys of playbook rows: 'R' and 15 base-32 characters of SHA-256 over week, account and play.

    They start with a letter so that no spreadsheet takes one for a number.
    """
    return pl.Series(
        "row_key",
        [_row_key(week_on.isoformat(), account, play) for account, play in rows.select("account_id", "play_id").iter_rows()],
        dtype=pl.String,
    )


def _row_key(*parts: str) -> str:
    digest = hashlib.sha256("\x1f".join(parts).encode()).digest()
    return "R" + base64.b32encode(digest).decode()[:15].replace("=", "")

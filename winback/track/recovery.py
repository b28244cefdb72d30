"""How many of the accounts worked came back, per reason: the rows of `track_recovery`.

Belongs here: one reason per lapse worked, shares, and the least number shown. Does not belong here: the mix of reasons of all
lapsed accounts (`winback.reasons.mix`), what the contact changed (`effect`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import polars as pl

from winback.track.frames import contract_frame
from winback.track.shares import wilson

MIN_ACCOUNTS = 20
"""Fewest lapses worked for a reason at which its share is shown: below, one account more or less moves it by 5 points or more."""

POOL = "*"
UNKNOWN = "7"
_DIGITS = 6


def recovery_rows(treatments: pl.DataFrame, play_codes: Mapping[str, str | None], as_of_on: date) -> pl.DataFrame:
    """Rows of `track_recovery` from those of `core_treatments`; `play_codes`: reason code of each play, None where it asks.

    A lapse worked several times counts once. Only rows whose horizon has passed count, so early returns are not over-counted.
    """
    lapses = _lapses(treatments, play_codes)
    pooled = lapses.with_columns(reason_code=pl.lit(POOL))
    counts = (
        pl.concat([pooled, lapses])
        .group_by("reason_code")
        .agg(
            n_worked_accounts=pl.len(),
            n_confirmed=pl.col("is_confirmed").sum(),
            n_returned_accounts=pl.col("has_returned").sum(),
        )
    )
    return contract_frame("track_recovery", (row | _share(row) | {"as_of_on": as_of_on} for row in counts.to_dicts()))


def _lapses(treatments: pl.DataFrame, play_codes: Mapping[str, str | None]) -> pl.DataFrame:
    """One row per account and lapse worked: the newest reason written back, else the code of the newest play."""
    worked = treatments.filter(pl.col("is_worked") & pl.col("is_settled")).sort("week_on", "row_key")
    codes = {play: code for play, code in play_codes.items() if code is not None}
    return (
        worked.with_columns(play_code=pl.col("play_id").replace_strict(codes, default=None, return_dtype=pl.String))
        .group_by("account_id", "last_spend_on", maintain_order=True)
        .agg(
            true_code=pl.col("true_reason_code").drop_nulls().last(),
            play_code=pl.col("play_code").last(),
            has_returned=pl.col("has_returned").any(),
        )
        .select(
            reason_code=pl.coalesce("true_code", "play_code", pl.lit(UNKNOWN)),
            is_confirmed=pl.col("true_code").is_not_null(),
            has_returned="has_returned",
        )
    )


def _share(row: dict[str, Any]) -> dict[str, Any]:
    n = row["n_worked_accounts"]
    if n < MIN_ACCOUNTS:
        return {"hidden_reason": f"{n} accounts worked; a share is shown from {MIN_ACCOUNTS}"}
    found = wilson(row["n_returned_accounts"] / n, n)
    names = ("recovery_share", "recovery_low_share", "recovery_high_share")
    return dict(zip(names, (round(v, _DIGITS) for v in (found.value, found.low, found.high)), strict=True))

"""Landmarks of active accounts: what was known of each at earlier dates, and whether its spell then ended in a lapse.

Belongs here: the rows that a model of lapses learns from and scores. Does not belong here: running the SQL as of a date
(`winback.survival.snapshots`), models.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import duckdb
import polars as pl

from winback.config import Settings
from winback.contracts.tables import read_table
from winback.survival.snapshots import (
    KEY,
    future_days,
    in_order,
    last_batch,
    next_day,
    run_as_of,
    scratch_copy,
    with_features,
)

OUTCOMES = ("time_days", "has_lapsed", "seen_days", "is_touched", "is_closed")
"""Columns of a landmark that lie in its future."""

_ACTIVE_COLUMNS = (
    "business_kind", "cycle_group", "cycle_days", "silence_days", "n_purchase_days", "lapse_basis", "is_unpaid",
    "lapse_in_days", "threshold_days", "threshold_used_share",
)  # fmt: skip


def active_rows(con: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """The active accounts of the week that `con` stands at, with the columns of all `feat_*` tables; sorted by account."""
    return with_features(con, read_table(con, "core_actives").select(*KEY, *_ACTIVE_COLUMNS))


def active_snapshots(
    con: duckdb.DuckDBPyConnection,
    settings: Settings,
    landmarks: Sequence[date],
    *,
    seen_until_on: date,
    accounts: pl.Series | None = None,
    batch_cutoff: int | None = None,
) -> pl.DataFrame:
    """One row per landmark and account that was active then, with every feature of then and the time to its lapse.

    `con`, `accounts` and `batch_cutoff` as in `winback.survival.snapshots.snapshots`. Lapses are those of `core_spells` as
    known when the horizon of `settings` had passed, or at `seen_until_on` where that came first: thresholds learned much
    later date lapses that nobody could have told at the time, and undo others that reps were told of.

    Columns beside key and features: `time_days` (days from the landmark to the lapse that ends the present spell, a lapse on
    the landmark counting as 1; else days seen), `has_lapsed`, `seen_days` (days from the landmark to the day on which lapses
    were read), `is_touched` (censored at a win-back touch before the lapse; at time 0 if it came before the landmark),
    `is_closed` (the business closed before any lapse; it stays in view as not lapsed).
    """
    days = sorted(set(landmarks))
    read_on = {day: min(day + timedelta(days=settings.lapse.horizon_days), seen_until_on) for day in days}
    rows: dict[date, pl.DataFrame] = {}
    ends: dict[date, Ends] = {}
    with scratch_copy(con, accounts) as scratch:
        cutoff = last_batch(scratch) if batch_cutoff is None else batch_cutoff
        for day in sorted({*days, *read_on.values()}):
            tables = ["core_spells", "core_touches", *(["core_actives"] if day in read_on else [])]
            run_as_of(scratch, settings, day, cutoff, in_order(*tables, layer="feat" if day in read_on else None))
            ends[day] = ends_of(scratch)
            if day in read_on:
                rows[day] = active_rows(scratch)
    frames = [with_lapses(rows[day], ends[read_on[day]], read_on[day]) for day in days]
    return pl.concat(frames, how="vertical").sort("as_of_on", "account_id")


@dataclass(frozen=True)
class Ends:
    """What ends an active spell, as known on a day: lapses (account_id, last_spend_on, lapsed_on, ended_on), touches, closings."""

    lapses: pl.DataFrame
    touches: pl.DataFrame
    closings: pl.DataFrame


def ends_of(con: duckdb.DuckDBPyConnection) -> Ends:
    """The ends known in the week that `con` stands at."""
    spells = read_table(con, "core_spells").filter(pl.col("spell_kind") == "lapsed")
    future = future_days(con)
    lapses = spells.select("account_id", "last_spend_on", "ended_on", lapsed_on="started_on")
    return Ends(lapses, future["touched_on"], future["closed_on"])


def with_lapses(rows: pl.DataFrame, ends: Ends, read_on: date) -> pl.DataFrame:
    """Join the time to the lapse that ends the present spell, as known on `read_on`.

    A lapse that thresholds learned after the landmark date before it counts on the landmark's day if the account was still
    silent then.
    """
    rows = rows.with_columns(last_on=pl.col("as_of_on") - pl.duration(days=pl.col("silence_days")))
    rows = rows.join(_first_lapse(rows, ends.lapses), on=list(KEY), how="left")
    rows = next_day(rows, ends.touches, "last_on", "touched_on", strictly=True)
    rows = next_day(rows, ends.closings, "as_of_on", "closed_on", strictly=False)

    def days_to(name: str) -> pl.Expr:
        return (pl.col(name) - pl.col("as_of_on")).dt.total_days()

    seen = (pl.lit(read_on) - pl.col("as_of_on")).dt.total_days()
    touched = days_to("touched_on").clip(lower_bound=0).fill_null(seen + 1)
    closed = days_to("closed_on").fill_null(seen + 1)
    lapsed = days_to("lapsed_on") + 1
    has_lapsed = (lapsed <= pl.min_horizontal(touched, seen)).fill_null(False) & (touched > 0)
    is_closed = ~has_lapsed & (closed < pl.min_horizontal(touched, seen))
    is_touched = ~has_lapsed & ~is_closed & (touched <= seen)
    time = pl.when(has_lapsed).then(lapsed).when(is_touched).then(touched).otherwise(seen)
    return rows.with_columns(
        time_days=time, has_lapsed=has_lapsed, seen_days=seen, is_touched=is_touched, is_closed=is_closed
    ).drop("last_on", "lapsed_on", "touched_on", "closed_on")


def _first_lapse(rows: pl.DataFrame, lapses: pl.DataFrame) -> pl.DataFrame:
    """Key and day of the first lapse after the last spend known at the landmark, of rows that have one."""
    later = rows.select(*KEY, "last_on").join(lapses, on="account_id").filter(pl.col("last_spend_on") >= pl.col("last_on"))
    lapsed_on = pl.max_horizontal("lapsed_on", "as_of_on")
    is_silent = pl.col("ended_on").is_null() | (lapsed_on < pl.col("ended_on"))
    return later.filter(is_silent).group_by(KEY).agg(lapsed_on=lapsed_on.min()).sort(KEY)

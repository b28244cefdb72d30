"""Landmarks of active accounts: what was known of each at earlier dates, and whether its spell then ended in a lapse.

Belongs here: the rows that a model of lapses learns from and scores. Does not belong here: running the SQL as of a date
(`winback.survival.walk`), models.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import duckdb
import polars as pl

from winback.config import Settings
from winback.contracts.tables import read_table
from winback.survival.snapshots import (
    FUTURE_TABLES,
    KEY,
    columns_with_features,
    future_days,
    next_day,
    parts_with_features,
    with_features,
)
from winback.survival.walk import feature_tables, walk

OUTCOMES = ("time_days", "has_lapsed", "seen_days", "is_touched", "is_closed")
"""Columns of a landmark that lie in its future."""

_ACTIVE_COLUMNS = (
    "business_kind", "cycle_group", "cycle_days", "silence_days", "n_purchase_days", "lapse_basis", "is_unpaid",
    "lapse_in_days", "threshold_days", "threshold_used_share",
)  # fmt: skip
_ENDS = ("core_spells", *FUTURE_TABLES)


def active_rows(con: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """The active accounts of the week that `con` stands at, with the columns of all `feat_*` tables; sorted by account."""
    return with_features(con, read_table(con, "core_actives").select(*KEY, *_ACTIVE_COLUMNS))


def active_parts(con: duckdb.DuckDBPyConnection, only: Collection[str]) -> Iterator[pl.DataFrame]:
    """`active_rows` with the features of these names, in parts, in their order; one empty part where there are none."""
    return parts_with_features(con, read_table(con, "core_actives").select(*KEY, *_ACTIVE_COLUMNS), only)


def active_columns(con: duckdb.DuckDBPyConnection) -> list[str]:
    """Names of the columns of `active_rows`, without reading any row."""
    return columns_with_features(con, "core_actives", _ACTIVE_COLUMNS)


@dataclass(frozen=True)
class Ends:
    """What ends an active spell, as known on a day: lapses (account_id, last_spend_on, lapsed_on, ended_on), touches, closings."""

    lapses: pl.DataFrame
    touches: pl.DataFrame
    closings: pl.DataFrame


@dataclass(frozen=True)
class ActiveReader:
    """Reads the active accounts of landmarks off a `walk`, and the lapses that came.

    Lapses are those of `core_spells` as known when the horizon had passed, or at `seen_until_on` where that came first:
    thresholds learned much later date lapses that nobody could have told at the time, and undo others that reps were told of.

    Columns of the rows beside key and features: `time_days` (days from the landmark to the lapse that ends the present spell,
    a lapse on the landmark counting as 1; else days seen), `has_lapsed`, `seen_days` (days from the landmark to the day on
    which lapses were read), `is_touched` (censored at a win-back touch before the lapse; at time 0 if it came before the
    landmark), `is_closed` (the business closed before any lapse; it stays in view as not lapsed).
    """

    landmarks: tuple[date, ...]
    seen_until_on: date
    horizon_days: int

    @property
    def tables(self) -> Mapping[date, tuple[str, ...]]:
        """As `walk.Reader`."""
        now = ("core_actives", *feature_tables())
        days = {*self.landmarks, *(self.read_on(day) for day in self.landmarks)}
        return {day: (*_ENDS, *(now if day in self.landmarks else ())) for day in days}

    def read_on(self, landmark: date) -> date:
        """The day on which the lapses after a landmark are read."""
        return min(landmark + timedelta(days=self.horizon_days), self.seen_until_on)

    def read(self, con: duckdb.DuckDBPyConnection, day: date) -> tuple[pl.DataFrame | None, Ends]:
        """The landmark's rows (None on other days), and the ends known by then."""
        return active_rows(con) if day in self.landmarks else None, ends_of(con)

    def rows(self, found: Mapping[date, tuple[pl.DataFrame | None, Ends]]) -> pl.DataFrame:
        """One row per landmark and account that was active then; sorted by both."""
        frames = [(day, found[day][0]) for day in sorted(set(self.landmarks))]
        joined = [
            with_lapses(frame, found[self.read_on(day)][1], self.read_on(day)) for day, frame in frames if frame is not None
        ]
        return pl.concat(joined, how="vertical").sort("as_of_on", "account_id")


def active_snapshots(
    con: duckdb.DuckDBPyConnection, settings: Settings, landmarks: Sequence[date], *, seen_until_on: date
) -> pl.DataFrame:
    """The rows of `ActiveReader` of all accounts, from all files received. `con` as in `walk.walk`."""
    (rows,) = walk(con, settings, [ActiveReader(tuple(landmarks), seen_until_on, settings.lapse.horizon_days)])
    return rows


def ends_of(con: duckdb.DuckDBPyConnection) -> Ends:
    """The ends known in the week that `con` stands at."""
    spells = read_table(con, "core_spells").filter(pl.col("spell_kind") == "lapsed")
    future = future_days(con)
    lapses = spells.select("account_id", "last_spend_on", "ended_on", lapsed_on="started_on")
    return Ends(lapses, future.touches, future.closings)


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

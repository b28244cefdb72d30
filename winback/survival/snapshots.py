"""Landmarks: what was known of every lapsed account at earlier dates, and when it returned.

Belongs here: the lapsed accounts of a date with their features, and joining to each the time to the first purchase after it.
Does not belong here: running the SQL as of a date (`walk`), any model of that time.

Landmarking: van Houwelingen, "Dynamic prediction by landmarking in event history analysis", Scand. J. Statist. 34 (2007). Time
zero of a row is its landmark, so no row enters late.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import duckdb
import polars as pl

from winback.config import Settings
from winback.contracts.identifiers import name_list, quote_name
from winback.contracts.tables import read_table, registered
from winback.survival.walk import feature_tables, walk

KEY = ("account_id", "as_of_on")

_LAPSE_COLUMNS = ("business_kind", "cycle_group", "cycle_days", "silence_days", "n_purchase_days")
_WANTED = "_wanted_accounts"
ROWS_AT_ONCE = 600_000
"""Accounts whose features stand in memory together where every account of a large business is scored."""
FUTURE_TABLES = ("core_touches", "core_purchase_days", "core_accounts_week")
"""What `future_days` reads."""


@dataclass(frozen=True)
class SilenceRule:
    """Who counts as lapsed by silence alone: at least `lapse_days`, and less than `cap_days` where that is given."""

    lapse_days: int
    cap_days: int | None = None


@dataclass(frozen=True)
class LapsedReader:
    """Reads the lapsed accounts of landmarks off a `walk`, and their future on the day up to which it is seen (exclusive).

    `rule` None means the product's own lapsed set (`core_lapses`).

    Columns of the rows beside key and features: `time_days` (days from the landmark to the first purchase, a purchase on the
    landmark counting as 1; else days seen), `has_returned`, `seen_days` (days from the landmark to `seen_until_on`),
    `is_touched` (censored at a win-back touch, at time 0 if it came before the landmark), `is_closed` (the business closed
    before any return; it stays in view until the data's end, so that closing competes with returning).
    """

    landmarks: tuple[date, ...]
    seen_until_on: date
    rule: SilenceRule | None = None

    @property
    def tables(self) -> Mapping[date, tuple[str, ...]]:
        """As `walk.Reader`."""
        now = ("core_lapses", *feature_tables())
        of_day = dict.fromkeys(self.landmarks, now)
        return of_day | {self.seen_until_on: (*of_day.get(self.seen_until_on, ()), *FUTURE_TABLES)}

    def read(self, con: duckdb.DuckDBPyConnection, day: date) -> tuple[pl.DataFrame | None, Future | None]:
        """The landmark's rows, and what the last day knows of the future; each None on other days."""
        rows = feature_rows(con, self.rule) if day in self.landmarks else None
        return rows, future_days(con) if day == self.seen_until_on else None

    def rows(self, found: Mapping[date, tuple[pl.DataFrame | None, Future | None]]) -> pl.DataFrame:
        """One row per landmark and account that was lapsed then; sorted by both."""
        future = found[self.seen_until_on][1]
        frames = [found[day][0] for day in sorted(set(self.landmarks))]
        assert future is not None
        joined = [_with_future(frame, future, self.seen_until_on) for frame in frames if frame is not None]
        return pl.concat(joined, how="vertical").sort("as_of_on", "account_id")


def snapshots(
    con: duckdb.DuckDBPyConnection,
    settings: Settings,
    landmarks: Sequence[date],
    *,
    seen_until_on: date,
    rule: SilenceRule | None = None,
) -> pl.DataFrame:
    """The rows of `LapsedReader` of all accounts, from all files received. `con` as in `walk.walk`."""
    (rows,) = walk(con, settings, [LapsedReader(tuple(landmarks), seen_until_on, rule)])
    return rows


def feature_rows(
    con: duckdb.DuckDBPyConnection,
    rule: SilenceRule | None = None,
    *,
    among: pl.Series | None = None,
    only: Collection[str] | None = None,
) -> pl.DataFrame:
    """The lapsed accounts of the week that `con` stands at, with the columns of all `feat_*` tables; sorted by account.

    Reads `core_lapses` (or, under a `rule`, `core_accounts_week` that are not closed) and every `feat_*` table; with `among`
    only the accounts of these ids, with `only` the features of these names.
    """
    lapsed = read_table(con, "core_lapses") if rule is None else _silent_accounts(con, rule)
    if among is not None:
        lapsed = lapsed.filter(pl.col("account_id").is_in(among.unique().implode()))
    return with_features(con, lapsed.select(*KEY, *_LAPSE_COLUMNS), only=only)


def feature_parts(con: duckdb.DuckDBPyConnection, only: Collection[str]) -> Iterator[pl.DataFrame]:
    """`feature_rows` with the features of these names, in parts, in their order; one empty part where there are none."""
    return parts_with_features(con, read_table(con, "core_lapses").select(*KEY, *_LAPSE_COLUMNS), only)


def feature_columns(con: duckdb.DuckDBPyConnection) -> list[str]:
    """Names of the columns of `feature_rows`, without reading any row."""
    return columns_with_features(con, "core_lapses", _LAPSE_COLUMNS)


def columns_with_features(con: duckdb.DuckDBPyConnection, table: str, columns: Sequence[str]) -> list[str]:
    """KEY, `columns` of a table of accounts, and those that `with_features` adds to them, without reading any row."""
    with con.cursor() as cursor:
        none = cursor.sql(f"SELECT {name_list((*KEY, *columns))} FROM {quote_name(table)} LIMIT 0").pl()
    return with_features(con, none).columns


def with_features(
    con: duckdb.DuckDBPyConnection, rows: pl.DataFrame, *, only: Collection[str] | None = None
) -> pl.DataFrame:
    """Rows of accounts with the columns of every `feat_*` table (`only`: those of these names) that they do not have yet; sorted by
    account.

    Only these accounts' features leave the database.
    """
    with con.cursor() as cursor, registered(cursor, _WANTED, rows.select("account_id")):
        for table in feature_tables():
            there = [d[0] for d in cursor.execute(f"SELECT * FROM {quote_name(table)} LIMIT 0").description]
            fresh = [c for c in there if c not in rows.columns and (only is None or c in only)]
            if fresh:
                columns = name_list(("account_id", *fresh))
                query = f"SELECT {columns} FROM {quote_name(table)} SEMI JOIN {_WANTED} USING (account_id)"
                rows = rows.join(cursor.sql(query).pl(), on="account_id", how="left")
    return rows.sort("account_id")


def parts_with_features(
    con: duckdb.DuckDBPyConnection, rows: pl.DataFrame, only: Collection[str] | None = None
) -> Iterator[pl.DataFrame]:
    """`with_features` in parts of `ROWS_AT_ONCE` accounts, in their order; one empty part of no rows."""
    rows = rows.sort("account_id")
    for start in range(0, max(rows.height, 1), ROWS_AT_ONCE):
        yield with_features(con, rows.slice(start, ROWS_AT_ONCE), only=only)


def _silent_accounts(con: duckdb.DuckDBPyConnection, rule: SilenceRule) -> pl.DataFrame:
    week = read_table(con, "core_week").row(0, named=True)
    silence = (pl.lit(week["as_of_on"]) - pl.col("last_spend_on")).dt.total_days()
    accounts = read_table(con, "core_accounts_week").with_columns(
        silence.alias("silence_days"), pl.lit(week["as_of_on"]).alias("as_of_on")
    )
    is_in = pl.col("silence_days") >= rule.lapse_days
    if rule.cap_days is not None:
        is_in &= pl.col("silence_days") < rule.cap_days
    is_open = pl.col("closed_on").is_null() | (pl.col("closed_on") >= pl.col("as_of_on"))
    return accounts.filter(is_in & is_open)


@dataclass(frozen=True)
class Future:
    """Days of purchase (purchase_on), touch (touched_on) and closing (closed_on) per account."""

    purchases: pl.DataFrame
    touches: pl.DataFrame
    closings: pl.DataFrame


def future_days(con: duckdb.DuckDBPyConnection) -> Future:
    """The days known in the week that `con` stands at."""
    closed = read_table(con, "core_accounts_week").filter(pl.col("closed_on").is_not_null())
    return Future(
        purchases=read_table(con, "core_purchase_days").select("account_id", purchase_on="spent_on"),
        touches=read_table(con, "core_touches").select("account_id", "touched_on"),
        closings=closed.select("account_id", "closed_on"),
    )


def _with_future(rows: pl.DataFrame, future: Future, seen_until_on: date) -> pl.DataFrame:
    """Join the time to return. A touch since the last purchase counts, wherever it lies beside the landmark."""
    rows = rows.with_columns(last_on=pl.col("as_of_on") - pl.duration(days=pl.col("silence_days")))
    rows = next_day(rows, future.purchases, "as_of_on", "purchase_on", strictly=False)
    rows = next_day(rows, future.touches, "last_on", "touched_on", strictly=True)
    rows = next_day(rows, future.closings, "as_of_on", "closed_on", strictly=False)

    def days_to(name: str) -> pl.Expr:
        return (pl.col(name) - pl.col("as_of_on")).dt.total_days()

    seen = (pl.lit(seen_until_on) - pl.col("as_of_on")).dt.total_days()
    touched = days_to("touched_on").clip(lower_bound=0).fill_null(seen + 1)
    closed = days_to("closed_on").fill_null(seen + 1)
    returned = days_to("purchase_on") + 1
    has_returned = (returned <= pl.min_horizontal(touched + 1, closed + 1)).fill_null(False) & (touched > 0)
    is_closed = ~has_returned & (closed < pl.min_horizontal(touched, seen))
    is_touched = ~has_returned & ~is_closed & (touched <= seen)
    time = pl.when(has_returned).then(returned).when(is_touched).then(touched).otherwise(seen)
    return rows.with_columns(
        time_days=time, has_returned=has_returned, seen_days=seen, is_touched=is_touched, is_closed=is_closed
    ).drop("last_on", "purchase_on", "touched_on", "closed_on")


def next_day(rows: pl.DataFrame, days: pl.DataFrame, after: str, name: str, *, strictly: bool) -> pl.DataFrame:
    """The account's first day in `days` from `after` on (strictly: later than it); null without one."""
    days = days.filter(pl.col(name).is_not_null()).sort(name).with_columns(pl.col(name).alias("_day"))
    return (
        rows.sort(after)
        .join_asof(
            days,
            left_on=after,
            right_on="_day",
            by="account_id",
            strategy="forward",
            allow_exact_matches=not strictly,
            check_sortedness=False,
        )
        .drop("_day", strict=False)
        .sort("account_id")
    )

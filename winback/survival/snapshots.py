"""Landmarks: what was known of every lapsed account at earlier dates, and when it returned.

Belongs here: running the project's own SQL as of several dates in a scratch database, and joining to each landmark the time to
the first purchase after it. Does not belong here: any model of that time.

Landmarking: van Houwelingen, "Dynamic prediction by landmarking in event history analysis", Scand. J. Statist. 34 (2007). Time
zero of a row is its landmark, so no row enters late.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date

import duckdb
import polars as pl

from data_contracts import load_contract, table_names
from sql import Query, queries
from winback.config import Settings
from winback.contracts.identifiers import quote_name
from winback.contracts.tables import read_table, registered, replace_from_frame, replace_from_query
from winback.publication.week_ledger import Week
from winback.publication.week_parameters import set_week
from winback.spells.thresholds import threshold_table

LAYERS = ("core", "feat")
"""Layers of SQL that are run as of each landmark."""

KEY = ("account_id", "as_of_on")

_LAPSE_COLUMNS = ("business_kind", "cycle_group", "cycle_days", "silence_days", "n_purchase_days")
_SAMPLE = "_sampled_accounts"
_MADE_BY_PYTHON = "core_lapse_thresholds"


@dataclass(frozen=True)
class SilenceRule:
    """Who counts as lapsed by silence alone: at least `lapse_days`, and less than `cap_days` where that is given."""

    lapse_days: int
    cap_days: int | None = None


def snapshots(
    con: duckdb.DuckDBPyConnection,
    settings: Settings,
    landmarks: Sequence[date],
    *,
    seen_until_on: date,
    rule: SilenceRule | None = None,
    accounts: pl.Series | None = None,
    batch_cutoff: int | None = None,
) -> pl.DataFrame:
    """One row per landmark and account that was lapsed then, with every feature of then and the time to return.

    `con` holds the `core_<input>` views and the ledgers; nothing in it is changed. `rule` None means the product's own lapsed
    set (`core_lapses`). Purchases before `seen_until_on` (exclusive) count as the future of a landmark. `accounts` limits the
    work to a sample; `batch_cutoff` to files received up to a batch (None: all).

    Columns beside key and features: `time_days` (days from the landmark to the first purchase, a purchase on the landmark
    counting as 1; else days seen), `has_returned`, `seen_days` (days from the landmark to `seen_until_on`), `is_touched`
    (censored at a win-back touch, at time 0 if it came before the landmark), `is_closed` (the business closed before any
    return; it stays in view until the data's end, so that closing competes with returning).
    """
    with scratch_copy(con, accounts) as scratch:
        cutoff = last_batch(scratch) if batch_cutoff is None else batch_cutoff
        future = _future(scratch, settings, seen_until_on, cutoff)
        frames = [
            _with_future(_landmark_rows(scratch, settings, day, cutoff, rule), future, seen_until_on)
            for day in sorted(set(landmarks))
        ]
    return pl.concat(frames, how="vertical").sort("as_of_on", "account_id")


def feature_rows(con: duckdb.DuckDBPyConnection, rule: SilenceRule | None = None) -> pl.DataFrame:
    """The lapsed accounts of the week that `con` stands at, with the columns of all `feat_*` tables; sorted by account.

    Reads `core_lapses` (or, under a `rule`, `core_accounts_week` that are not closed) and every `feat_*` table.
    """
    lapsed = read_table(con, "core_lapses") if rule is None else _silent_accounts(con, rule)
    return with_features(con, lapsed.select(*KEY, *_LAPSE_COLUMNS))


def with_features(con: duckdb.DuckDBPyConnection, rows: pl.DataFrame) -> pl.DataFrame:
    """Rows of accounts with the columns of every `feat_*` table that they do not have yet; sorted by account."""
    for table in sorted(t for t, query in queries().items() if query.layer == "feat"):
        features = read_table(con, table)
        fresh = [c for c in features.columns if c not in rows.columns]
        rows = rows.join(features.select("account_id", *fresh), on="account_id", how="left")
    return rows.sort("account_id")


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


@contextmanager
def scratch_copy(con: duckdb.DuckDBPyConnection, accounts: pl.Series | None) -> Iterator[duckdb.DuckDBPyConnection]:
    """An in-memory database of its own that holds copies of what the SQL reads, of `accounts` or (None) of all."""
    scratch = duckdb.connect()
    try:
        for table in _copied_tables():
            contract = load_contract(table.removeprefix("core_"))
            _copy(con, scratch, table, accounts if "account_id" in contract.columns else None)
        yield scratch
    finally:
        scratch.close()


def _copy(
    con: duckdb.DuckDBPyConnection, scratch: duckdb.DuckDBPyConnection, table: str, accounts: pl.Series | None
) -> None:
    with con.cursor() as cursor:
        rows = f"SELECT * FROM {quote_name(table)}"
        if accounts is None:
            frame = cursor.sql(rows).pl()
        else:
            with registered(cursor, _SAMPLE, pl.DataFrame({"account_id": accounts})):
                frame = cursor.sql(f"{rows} WHERE account_id IN (SELECT account_id FROM {_SAMPLE})").pl()
    with registered(scratch, "_copied", frame):
        scratch.execute(f"CREATE TABLE {quote_name(table)} AS SELECT * FROM _copied")


def _copied_tables() -> list[str]:
    """Core views of all inputs (the as-of views are made over them) and the ledgers."""
    ledgers = [t for t in table_names("computed") if t.startswith("ledger_")]
    return [f"core_{t}" for t in table_names("input")] + ledgers


def last_batch(con: duckdb.DuckDBPyConnection) -> int:
    """Number of the last batch of files with spend; 0 without one."""
    row = con.execute("SELECT coalesce(max(_batch), 0) FROM core_spend").fetchone()
    return int(row[0]) if row else 0


def in_order(*tables: str, layer: str | None = None) -> list[str]:
    """`tables`, all tables of a layer, and what they read, each table after those it reads."""
    todo = {t: q for t, q in queries().items() if q.layer in LAYERS}
    known = frozenset(todo) | {_MADE_BY_PYTHON}
    reads = {t: set(query.reads(known)) for t, query in todo.items()} | {_MADE_BY_PYTHON: {"core_gaps"}}
    wanted = {*tables, *(t for t, query in todo.items() if query.layer == layer)}
    while more := {needed for t in wanted for needed in reads[t]} - wanted:
        wanted |= more
    reads = {t: needs for t, needs in reads.items() if t in wanted}
    ordered: list[str] = []
    while reads:
        ready = sorted(t for t, needs in reads.items() if needs <= set(ordered))
        if not ready:
            raise ValueError(f"queries read each other in a circle: {', '.join(sorted(reads))}")
        ordered += ready
        reads = {t: needs for t, needs in reads.items() if t not in ready}
    return ordered


def run_as_of(
    con: duckdb.DuckDBPyConnection, settings: Settings, as_of_on: date, cutoff: int, tables: Sequence[str]
) -> None:
    """Make `tables` (of `in_order`) as known on a date from files received up to a batch."""
    set_week(con, Week(as_of_on, 1, cutoff, "running"), settings)
    for table in tables:
        query: Query | None = queries().get(table)
        if query is not None:
            replace_from_query(con, table, query.text)
            continue
        thresholds = threshold_table(
            read_table(con, "core_gaps"),
            as_of_on=as_of_on,
            groups=read_table(con, "core_cycle_groups"),
            settings=settings.lapse,
        )
        replace_from_frame(con, table, thresholds)


def _landmark_rows(
    con: duckdb.DuckDBPyConnection, settings: Settings, as_of_on: date, cutoff: int, rule: SilenceRule | None
) -> pl.DataFrame:
    run_as_of(con, settings, as_of_on, cutoff, in_order("core_lapses", layer="feat"))
    return feature_rows(con, rule)


def _future(con: duckdb.DuckDBPyConnection, settings: Settings, seen_until_on: date, cutoff: int) -> dict[str, pl.DataFrame]:
    run_as_of(con, settings, seen_until_on, cutoff, ("core_touches", "core_purchase_days", "core_accounts_week"))
    return future_days(con)


def future_days(con: duckdb.DuckDBPyConnection) -> dict[str, pl.DataFrame]:
    """Days of purchase, touch and closing per account, as known in the week that `con` stands at."""
    closed = read_table(con, "core_accounts_week").filter(pl.col("closed_on").is_not_null())
    return {
        "purchase_on": read_table(con, "core_purchase_days").select("account_id", purchase_on="spent_on"),
        "touched_on": read_table(con, "core_touches").select("account_id", "touched_on"),
        "closed_on": closed.select("account_id", "closed_on"),
    }


def _with_future(rows: pl.DataFrame, future: dict[str, pl.DataFrame], seen_until_on: date) -> pl.DataFrame:
    """Join the time to return. A touch since the last purchase counts, wherever it lies beside the landmark."""
    rows = rows.with_columns(last_on=pl.col("as_of_on") - pl.duration(days=pl.col("silence_days")))
    rows = next_day(rows, future["purchase_on"], "as_of_on", "purchase_on", strictly=False)
    rows = next_day(rows, future["touched_on"], "last_on", "touched_on", strictly=True)
    rows = next_day(rows, future["closed_on"], "as_of_on", "closed_on", strictly=False)

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

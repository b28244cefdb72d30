"""The walk over earlier dates: the project's own SQL as of each of them, run once, in scratch databases.

Belongs here: the scratch copy, the order of tables, and the walk that hands each date's tables to all that want to read them.
Does not belong here: what is read (`snapshots`, `winback.at_risk.active_rows`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date
from typing import Any, Protocol

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
"""Layers of SQL that are run as of each date."""

N_DATABASES = 2
"""Dates are worked off in so many scratch databases side by side: a date's SQL is many small statements, each too small for
DuckDB to spread over cores."""

_SAMPLE = "_sampled_accounts"
_MADE_BY_PYTHON = "core_lapse_thresholds"


class Reader(Protocol):
    """What somebody wants to know of earlier dates, and the rows made of it."""

    @property
    def tables(self) -> Mapping[date, tuple[str, ...]]:
        """Per date the tables to be made before it is read; what they read themselves is made, too."""
        ...

    def read(self, con: duckdb.DuckDBPyConnection, day: date) -> Any:
        """What is kept of a date whose tables `con` holds. Runs in a thread of its own: it changes nothing in the reader."""
        ...

    def rows(self, found: Mapping[date, Any]) -> pl.DataFrame:
        """The rows, from what was kept of every date."""
        ...


def walk(
    con: duckdb.DuckDBPyConnection,
    settings: Settings,
    readers: Sequence[Reader],
    *,
    accounts: pl.Series | None = None,
    batch_cutoff: int | None = None,
) -> list[pl.DataFrame]:
    """The rows of each reader; a date that several want is made once.

    `con` holds the `core_<input>` views and the ledgers; nothing in it is changed. `accounts` limits the work to a sample;
    `batch_cutoff` to files received up to a batch (None: all).
    """
    copies = _copies(con, accounts)
    cutoff = last_batch(con) if batch_cutoff is None else batch_cutoff
    days = sorted({day for reader in readers for day in reader.tables})

    def read_days(chosen: Sequence[date]) -> dict[date, list[Any]]:
        with _database(copies) as scratch:
            return {day: _read_day(scratch, settings, readers, day, cutoff) for day in chosen}

    shares = [share for share in (days[n::N_DATABASES] for n in range(N_DATABASES)) if share]
    with ThreadPoolExecutor(N_DATABASES) as pool:
        found = {day: kept for part in pool.map(read_days, shares) for day, kept in part.items()}
    return [r.rows({day: found[day][n] for day in r.tables}) for n, r in enumerate(readers)]


def _read_day(
    con: duckdb.DuckDBPyConnection, settings: Settings, readers: Sequence[Reader], day: date, cutoff: int
) -> list[Any]:
    """What each reader keeps of a day, None of one that does not want it."""
    wanted = {table for reader in readers for table in reader.tables.get(day, ())}
    run_as_of(con, settings, day, cutoff, in_order(*wanted))
    return [reader.read(con, day) if day in reader.tables else None for reader in readers]


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
        gaps, groups = read_table(con, "core_gaps"), read_table(con, "core_cycle_groups")
        thresholds = threshold_table(gaps, as_of_on=as_of_on, groups=groups, settings=settings.lapse)
        replace_from_frame(con, table, thresholds)


def feature_tables() -> tuple[str, ...]:
    """All `feat_*` tables, sorted."""
    return tuple(sorted(t for t, query in queries().items() if query.layer == "feat"))


def in_order(*tables: str) -> list[str]:
    """`tables` and what they read, each table after those it reads."""
    todo = {t: q for t, q in queries().items() if q.layer in LAYERS}
    known = frozenset(todo) | {_MADE_BY_PYTHON}
    reads = {t: set(query.reads(known)) for t, query in todo.items()} | {_MADE_BY_PYTHON: {"core_gaps"}}
    wanted = set(tables)
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


def last_batch(con: duckdb.DuckDBPyConnection) -> int:
    """Number of the last batch of files with spend; 0 without one."""
    row = con.execute("SELECT coalesce(max(_batch), 0) FROM core_spend").fetchone()
    return int(row[0]) if row else 0


@contextmanager
def _database(copies: Mapping[str, pl.DataFrame]) -> Iterator[duckdb.DuckDBPyConnection]:
    """An in-memory database of its own that holds the copies."""
    scratch = duckdb.connect()
    try:
        for table, frame in copies.items():
            with registered(scratch, "_copied", frame):
                scratch.execute(f"CREATE TABLE {quote_name(table)} AS SELECT * FROM _copied")
        yield scratch
    finally:
        scratch.close()


def _copies(con: duckdb.DuckDBPyConnection, accounts: pl.Series | None) -> dict[str, pl.DataFrame]:
    """What the SQL reads, of `accounts` or (None) of all."""
    return {table: _copy(con, table, accounts if _has_accounts(table) else None) for table in _copied_tables()}


def _has_accounts(table: str) -> bool:
    return "account_id" in load_contract(table.removeprefix("core_")).columns


def _copy(con: duckdb.DuckDBPyConnection, table: str, accounts: pl.Series | None) -> pl.DataFrame:
    if accounts is None:
        return read_table(con, table)
    with con.cursor() as cursor, registered(cursor, _SAMPLE, pl.DataFrame({"account_id": accounts})):
        chosen = f"account_id IN (SELECT account_id FROM {_SAMPLE})"
        frame: pl.DataFrame = cursor.sql(f"SELECT * FROM {quote_name(table)} WHERE {chosen}").pl()
        return frame


def _copied_tables() -> list[str]:
    """Core views of all inputs (the as-of views are made over them) and the ledgers."""
    ledgers = [t for t in table_names("computed") if t.startswith("ledger_")]
    return [f"core_{t}" for t in table_names("input")] + ledgers

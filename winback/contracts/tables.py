"""Writing a computed table the way its contract says.

Belongs here: replacing a table's rows by the result of a SELECT or by a frame, in one transaction. Does not belong here:
what the rows are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date

import duckdb
import polars as pl

from data_contracts import load_contract
from winback.contracts.ddl import table_ddl
from winback.contracts.identifiers import name_list, quote_name


@contextmanager
def transaction(con: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Commit what happens inside, or roll all of it back if an exception leaves the block."""
    con.execute("BEGIN")
    try:
        yield
    except BaseException:
        con.execute("ROLLBACK")
        raise
    con.execute("COMMIT")


@contextmanager
def registered(con: duckdb.DuckDBPyConnection, name: str, frame: pl.DataFrame) -> Iterator[None]:
    """Make `frame` readable from SQL as `name` inside the block."""
    _finish_last_result(con)
    con.register(name, frame)
    try:
        yield
    finally:
        _finish_last_result(con)
        con.unregister(name)


@contextmanager
def temporary_table(con: duckdb.DuckDBPyConnection, name: str, query: str) -> Iterator[None]:
    """Keep the rows of a SELECT readable as `name` inside the block, where several queries read them."""
    con.execute(f"CREATE OR REPLACE TEMP TABLE {quote_name(name)} AS {query}")
    try:
        yield
    finally:
        _finish_last_result(con)
        con.execute(f"DROP TABLE {quote_name(name)}")


def _finish_last_result(con: duckdb.DuckDBPyConnection) -> None:
    """DuckDB refuses to (un)register while the connection's last result has not been fetched to its end."""
    con.execute("SELECT NULL").fetchall()


def replace_from_query(con: duckdb.DuckDBPyConnection, table: str, query: str) -> int:
    """Make `table` anew from a SELECT that has exactly the contract's columns; returns the number of rows."""
    contract = load_contract(table)
    with transaction(con):
        con.execute(table_ddl(contract))
        con.execute(f"INSERT INTO {quote_name(table)} BY NAME {query}")
    return count_rows(con, table)


def replace_from_frame(con: duckdb.DuckDBPyConnection, table: str, frame: pl.DataFrame) -> int:
    """Make `table` anew from a frame that has exactly the contract's columns; returns the number of rows."""
    with registered(con, "_frame", frame):
        return replace_from_query(con, table, f"SELECT {name_list(frame.columns)} FROM _frame")


def replace_week(con: duckdb.DuckDBPyConnection, table: str, frame: pl.DataFrame, week_on: date) -> None:
    """Put `frame` in place of the rows of `week_on` in a table that keeps every week."""
    with registered(con, "_frame", frame), transaction(con):
        con.execute(f"DELETE FROM {quote_name(table)} WHERE week_on = ?", [week_on])
        con.execute(f"INSERT INTO {quote_name(table)} BY NAME SELECT * FROM _frame")


def append_missing(con: duckdb.DuckDBPyConnection, table: str, frame: pl.DataFrame) -> None:
    """Add to a ledger those rows of `frame` whose key is not in it."""
    key, into = name_list(load_contract(table).key), quote_name(table)
    with registered(con, "_frame", frame), transaction(con):
        con.execute(f"INSERT INTO {into} BY NAME SELECT * FROM _frame WHERE ({key}) NOT IN (SELECT ({key}) FROM {into})")


def create_empty_tables(con: duckdb.DuckDBPyConnection, tables: tuple[str, ...]) -> None:
    """Create those of `tables` that do not exist yet, without rows."""
    for table in tables:
        con.execute(table_ddl(load_contract(table), keeps_rows=True))


def widen_table(con: duckdb.DuckDBPyConnection, table: str, columns: Mapping[str, str]) -> None:
    """Add those of `columns` (name to SQL type) that an older version of the table lacks; they are null in its rows."""
    there = {row[0] for row in con.execute(f"DESCRIBE {quote_name(table)}").fetchall()}
    for name in columns.keys() - there:
        con.execute(f"ALTER TABLE {quote_name(table)} ADD COLUMN {quote_name(name)} {columns[name]}")


def count_rows(con: duckdb.DuckDBPyConnection, table: str) -> int:
    """Number of rows of a table or view."""
    row = con.execute(f"SELECT count(*) FROM {quote_name(table)}").fetchone()
    return int(row[0]) if row else 0


def read_table(con: duckdb.DuckDBPyConnection, table: str) -> pl.DataFrame:
    """All committed rows of a table or view as a polars frame."""
    # A cursor of its own: DuckDB refuses `sql` while the connection's last result has not been fetched to its end.
    with con.cursor() as cursor:
        frame: pl.DataFrame = cursor.sql(f"SELECT * FROM {quote_name(table)}").pl()
        return frame

"""The views through which a week is read: stored ones follow `core_week`, a run's own hold the week it was set to."""

from collections.abc import Iterator
from datetime import date

import duckdb
import pytest

from data_contracts import load_contract, table_names
from winback.config import Settings
from winback.contracts.as_of import core_view_sql
from winback.contracts.ddl import raw_table_ddl, table_ddl
from winback.contracts.identifiers import quote_name
from winback.contracts.tables import count_rows
from winback.publication.week_ledger import Week
from winback.publication.week_parameters import set_week

MONDAY, WEDNESDAY = date(2026, 3, 2), date(2026, 3, 4)


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    """A warehouse with a purchase on Sunday and one on Tuesday, and an account told of on Sunday and renamed on Tuesday."""
    with duckdb.connect() as con:
        for name in table_names("computed"):
            con.execute(table_ddl(load_contract(name)))
        for name in table_names("input"):
            contract = load_contract(name)
            con.execute(raw_table_ddl(contract))
            con.execute(f"CREATE VIEW {quote_name(f'core_{name}')} AS {core_view_sql(contract)}")
        for line, day in enumerate(("2026-03-01", "2026-03-03"), start=1):
            con.execute(
                "INSERT INTO raw_spend (account_id, spent_on, amount, kind, _file_id, _line, _batch, _file_on) "
                "VALUES ('a', ?, 10, 'purchase', 1, ?, 1, ?)",
                [day, line, day],
            )
            con.execute(
                "INSERT INTO raw_accounts (account_id, account_name, valid_from_on, _file_id, _line, _batch, _file_on) "
                "VALUES ('a', ?, ?, 1, ?, 1, ?)",
                [f"name {line}", day, line, day],
            )
        yield con


def test_a_run_reads_what_was_known_on_its_monday(con: duckdb.DuckDBPyConnection) -> None:
    for day, n_rows, name in ((MONDAY, 1, "name 1"), (WEDNESDAY, 2, "name 2"), (MONDAY, 1, "name 1")):
        set_week(con, Week(day, 1, 1, "running"), Settings())
        for reader in (con, con.cursor()):
            assert count_rows(reader, "asof_spend") == n_rows
            assert reader.execute("SELECT account_name FROM asof_accounts").fetchall() == [(name,)]


def test_rows_of_a_later_batch_do_not_count(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("UPDATE raw_spend SET _batch = 2 WHERE _line = 1")
    set_week(con, Week(MONDAY, 1, 1, "running"), Settings())
    assert [count_rows(reader, "asof_spend") for reader in (con, con.cursor())] == [0, 0]


def test_stored_views_follow_a_day_between_the_weeks(con: duckdb.DuckDBPyConnection) -> None:
    """As `winback daily` stands at one, on a connection of its own."""
    set_week(con, Week(MONDAY, 1, 1, "running"), Settings())
    with con.cursor() as other:
        other.execute("UPDATE core_week SET as_of_on = ?", [WEDNESDAY])
        assert count_rows(other, "asof_spend") == 2
        assert other.execute("SELECT account_name FROM asof_accounts").fetchall() == [("name 2",)]

"""The feed gate on hand-made ledgers."""

from datetime import date

import duckdb
import pytest

from winback.config import FeedGateSettings
from winback.load.ledger import create_ledger
from winback.publication.feed_gate import inspect_feed
from winback.publication.week_ledger import Week, create_week_ledger

MONDAY = date(2026, 3, 2)
WEEK = Week(MONDAY, 1, 1, "running")


@pytest.fixture
def con():
    connection = duckdb.connect()
    create_ledger(connection)
    create_week_ledger(connection)
    connection.execute("INSERT INTO raw_accounts BY NAME SELECT 'a' AS account_id, 1 AS _file_id, 2 AS _line, 1 AS _batch")
    connection.execute(
        "INSERT INTO raw_spend BY NAME SELECT 'a' AS account_id, DATE '2026-03-01' AS spent_on, 1 AS amount, 1 AS _file_id, "
        "2 AS _line, 1 AS _batch"
    )
    connection.execute("CREATE VIEW asof_spend AS SELECT * FROM raw_spend")
    yield connection
    connection.close()


def deliver(con, number: int, file: str, table: str, received: int, held: int = 0, declared: int | None = None) -> None:
    con.execute(
        "INSERT INTO ledger_files BY NAME SELECT ? AS file_id, ? AS file, ? AS table_name, '' AS sha256, 1 AS size_bytes, "
        "1 AS batch, DATE '2026-03-01' AS file_on, DATE '2026-03-01' AS received_on, 'loaded' AS state, "
        "? AS rows_declared, ? AS rows_received, ? AS rows_loaded, ? AS rows_quarantined",
        [number, file, table, declared, received, received - held, held],
    )


def names(con) -> list[str]:
    return [problem.name for problem in inspect_feed(con, WEEK, FeedGateSettings(), is_calendar_week=True)]


def test_a_whole_file_passes(con) -> None:
    deliver(con, 1, "spend.csv", "spend", 100, held=5, declared=100)
    assert names(con) == []


def test_fewer_rows_than_declared_are_a_file_cut_short(con) -> None:
    deliver(con, 1, "spend.csv", "spend", 99, declared=100)
    assert names(con) == ["file_short"]


def test_more_than_a_twentieth_held_back_is_too_much_but_not_for_what_people_type(con) -> None:
    deliver(con, 1, "spend.csv", "spend", 100, held=6)
    deliver(con, 2, "outcomes/rep_a.csv", "outcomes", 10, held=3)
    assert names(con) == ["quarantined_share"]


def test_a_later_file_of_the_name_replaces_the_bad_one(con) -> None:
    deliver(con, 1, "spend.csv", "spend", 50, declared=100)
    deliver(con, 2, "spend.csv", "spend", 100, declared=100)
    assert names(con) == []


def test_old_spend_is_stale(con) -> None:
    con.execute("UPDATE raw_spend SET spent_on = DATE '2026-02-19'")
    assert names(con) == ["spend_too_old"]


def test_without_accounts_or_spend_there_is_no_list(con) -> None:
    con.execute("DELETE FROM raw_spend; DELETE FROM raw_accounts")
    assert names(con) == ["table_missing", "table_missing"]

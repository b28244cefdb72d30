"""The ledger of weeks."""

from datetime import date

import duckdb
import pytest

from winback.publication.week_ledger import close_week, create_week_ledger, find_week, open_week

MONDAY = date(2026, 3, 2)


@pytest.fixture
def con():
    connection = duckdb.connect()
    create_week_ledger(connection)
    yield connection
    connection.close()


def test_an_unpublished_week_takes_the_newest_files_and_a_published_one_keeps_its_cutoff(con) -> None:
    assert open_week(con, MONDAY, 3, reopen=False, accepted_reason=None).batch_cutoff == 3
    week = open_week(con, MONDAY, 4, reopen=False, accepted_reason="because")
    assert (week.batch_cutoff, week.revision, week.accepted_reason) == (4, 1, "because")
    con.execute("UPDATE ledger_weeks SET state = 'published'")
    kept = open_week(con, MONDAY, 9, reopen=False, accepted_reason=None)
    assert (kept.batch_cutoff, kept.state) == (4, "published")


def test_reopening_makes_a_revision_with_the_newest_files(con) -> None:
    open_week(con, MONDAY, 1, reopen=False, accepted_reason=None)
    con.execute("UPDATE ledger_weeks SET state = 'published'")
    again = open_week(con, MONDAY, 7, reopen=True, accepted_reason=None)
    assert (again.revision, again.batch_cutoff, again.folder_name) == (2, 7, "2026-03-02-r2")


def test_a_withheld_week_says_why(con) -> None:
    week = open_week(con, MONDAY, 1, reopen=False, accepted_reason=None)
    close_week(con, week, "withheld", "too few rows")
    found = find_week(con, MONDAY)
    assert found is not None and (found.state, found.reason) == ("withheld", "too few rows")
    assert find_week(con, date(2026, 3, 9)) is None

"""Open complaints, overdue promises and missed standards on a few rows, with the expected result beside them."""

from datetime import date
from typing import Any

import duckdb
import pytest

from sql import queries
from winback.config import Settings
from winback.contracts.tables import replace_from_frame, replace_from_query
from winback.publication.week_ledger import Week
from winback.publication.week_parameters import week_row

AS_OF = date(2026, 3, 2)


@pytest.fixture
def week(empty_tables: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """Account `a` is active and `l` lapsed; a repair is due in 7 days, a complaint in a day and a half."""
    con = empty_tables
    replace_from_frame(con, "core_week", week_row(Week(AS_OF, 1, 1, "running"), Settings()))
    con.execute(
        "INSERT INTO core_actives BY NAME SELECT 'a' AS account_id, DATE '2026-03-02' AS as_of_on, 1 AS spell_no, "
        "'k' AS business_kind, 'all' AS cycle_group, 5 AS n_purchase_days, DATE '2025-01-01' AS started_on, "
        "DATE '2026-02-20' AS last_spend_on, 'silence' AS lapse_basis, false AS is_unpaid, DATE '2026-04-01' AS lapses_on, "
        "10 AS silence_days, 30 AS lapse_in_days, 40 AS threshold_days, 0.25 AS threshold_used_share"
    )
    con.execute(
        "INSERT INTO core_lapses BY NAME SELECT 'l' AS account_id, DATE '2026-03-02' AS as_of_on, 'k' AS business_kind, "
        "'all' AS cycle_group, DATE '2025-11-01' AS last_spend_on, DATE '2025-12-01' AS lapsed_on, 'silence' AS lapse_basis, "
        "false AS is_unpaid, 30 AS threshold_days, 121 AS silence_days, 91 AS lapsed_days, 0 AS n_earlier_lapses, "
        "5 AS n_purchase_days, 10 AS trimmed_amount, 10 AS year_amount"
    )
    put(con, "asof_service_standards", standard_id="s-repair", kind="repair", limit_days=7)
    put(con, "asof_service_standards", standard_id="s-complaint", kind="complaint", limit_days=1.5)
    return con


def put(con: duckdb.DuckDBPyConnection, table: str, **row: Any) -> None:
    names = ", ".join(row)
    con.execute(f"INSERT INTO {table} ({names}) VALUES ({', '.join('?' * len(row))})", list(row.values()))


def contact(con: duckdb.DuckDBPyConnection, account: str, number: str, day: str, **columns: Any) -> None:
    row = {
        "account_id": account,
        "touchpoint_id": number,
        "touched_on": day,
        "channel": "phone",
        "direction": "in",
        **columns,
    }
    put(con, "asof_touchpoints", **row)


def case(con: duckdb.DuckDBPyConnection, account: str, number: str, day: str, kind: str, **columns: Any) -> None:
    put(con, "asof_service_events", account_id=account, service_event_id=number, reported_on=day, kind=kind, **columns)


def issues(con: duckdb.DuckDBPyConnection) -> list[tuple]:
    replace_from_query(con, "score_open_issues", queries()["score_open_issues"].text)
    return con.execute(
        "SELECT account_id, issue_kind, spell_kind, issue_subject, source_id, since_on, due_by_on, overdue_days, n_issues, "
        "n_open_issues FROM score_open_issues ORDER BY 1, 2"
    ).fetchall()


def test_an_open_complaint_until_a_contact_on_its_matter_settles_it(week) -> None:
    contact(week, "a", "t1", "2026-02-10", kind="complaint", complaint_type="ranking", matter_id="m1", is_resolved=False)
    contact(week, "a", "t2", "2026-02-11", kind="complaint", matter_id="m2", is_resolved=False)
    contact(week, "a", "t3", "2026-02-15", kind="care", matter_id="m2", is_resolved=True)
    contact(week, "a", "t4", "2026-02-12", kind="complaint", matter_id="m3")  # nobody knows what became of it
    assert issues(week) == [
        ("a", "open_complaint", "active", "ranking", "t1", date(2026, 2, 10), date(2026, 2, 11), 19, 1, 1)
    ]


def test_a_lapsed_account_is_still_owed_its_complaint_case(week) -> None:
    case(week, "l", "v1", "2025-11-20", "complaint", promised_on="2025-11-25")
    case(week, "l", "v2", "2025-12-20", "claim", done_on="2026-03-05")  # done after the week: still open
    assert issues(week) == [
        ("l", "missed_standard", "lapsed", "complaint", "v1", date(2025, 11, 20), date(2025, 11, 21), 101, 1, 1),
        ("l", "open_complaint", "lapsed", "complaint", "v1", date(2025, 11, 20), date(2025, 11, 25), 97, 2, 2),
        ("l", "overdue_promise", "lapsed", "complaint", "v1", date(2025, 11, 20), date(2025, 11, 25), 97, 1, 1),
    ]


def test_a_promise_never_expires_and_one_kept_on_the_monday_is_not_kept_yet(week) -> None:
    contact(week, "a", "t1", "2023-01-01", kind="sales", promise_due_on="2023-01-10")
    contact(week, "a", "t2", "2026-02-01", kind="care", promise_due_on="2026-02-10", promise_done_on="2026-03-02")
    contact(week, "a", "t3", "2026-02-01", kind="care", promise_due_on="2026-02-10", promise_done_on="2026-02-20")
    contact(week, "a", "t4", "2026-02-01", kind="care", promise_due_on="2026-03-02")  # due today
    assert issues(week) == [
        ("a", "overdue_promise", "active", "sales", "t1", date(2023, 1, 1), date(2023, 1, 10), 1147, 2, 2)
    ]


def test_a_standard_is_missed_while_open_and_for_a_horizon_after(week) -> None:
    case(week, "a", "v1", "2026-02-01", "repair", done_on="2026-02-08")  # in time
    case(week, "a", "v2", "2026-01-20", "repair", done_on="2026-02-05")  # 9 days late
    case(week, "a", "v3", "2025-11-01", "repair", done_on="2026-01-04")  # long ago
    case(week, "a", "v4", "2026-02-20", "repair")  # open for 10 days
    case(week, "a", "v5", "2026-02-23", "repair")  # open for 7 days: not yet
    case(week, "a", "v6", "2026-01-01", "billing")  # without a standard
    assert issues(week) == [
        ("a", "missed_standard", "active", "repair", "v4", date(2026, 2, 20), date(2026, 2, 27), 3, 2, 1)
    ]
    week.execute("DELETE FROM asof_service_events WHERE service_event_id = 'v4'")
    assert issues(week) == [
        ("a", "missed_standard", "active", "repair", "v2", date(2026, 1, 20), date(2026, 1, 27), 9, 1, 0)
    ]


def test_accounts_that_are_neither_active_nor_lapsed_are_left_out_and_without_a_due_day_nothing_is_overdue(week) -> None:
    contact(week, "closed", "t1", "2026-02-10", kind="complaint", is_resolved=False)
    assert issues(week) == []
    week.execute("DELETE FROM asof_service_standards")
    contact(week, "a", "t2", "2026-02-10", kind="complaint", is_resolved=False)
    assert issues(week) == [("a", "open_complaint", "active", "complaint", "t2", date(2026, 2, 10), None, None, 1, 1)]

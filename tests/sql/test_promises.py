"""Promises made in written-back rows stay until they are kept. As of 2026-03-02."""

import duckdb
from test_second_lifetimes import con  # noqa: F401

from sql import queries
from winback.contracts.tables import replace_from_query


def test_a_promise_is_listed_until_it_is_kept_and_escalates(con: duckdb.DuckDBPyConnection) -> None:  # noqa: F811
    rows = {
        "open": ("2026-03-09", None),
        "due": ("2026-03-08", None),
        "late": ("2026-02-24", None),
        "escalated": ("2026-02-23", None),
        "kept": ("2026-02-23", "2026-02-20"),
        "no_day": (None, None),
    }
    con.execute("INSERT INTO asof_accounts (account_id, account_name, rep_id) VALUES ('late', 'Shop', 'new rep')")
    for key, (due_on, done_on) in rows.items():
        con.execute(
            "INSERT INTO ledger_assignments (row_key, account_id, week_on, revision, rep_id, play_id, assignment) "
            "VALUES (?, ?, '2025-12-01', 1, 'rep', 'p', 'treated')",
            [key.upper(), key],
        )
        con.execute(
            "INSERT INTO asof_outcomes (row_key, worked_on, result, promise, promise_due_on, promise_done_on) "
            "VALUES (?, '2025-12-03', 'promised', 'send the figures', ?, ?)",
            [key.upper(), due_on, done_on],
        )
    con.execute(
        "INSERT INTO ledger_assignments (row_key, account_id, week_on, revision, rep_id, play_id, assignment) "
        "VALUES ('UNDATED', 'undated', '2025-12-01', 1, 'rep', 'p', 'treated')"
    )
    con.execute("INSERT INTO asof_outcomes (row_key, promise) VALUES ('UNDATED', 'send the figures')")
    con.execute(
        "INSERT INTO asof_people (person_id, account_id, phone, is_decision_maker) "
        "VALUES ('1', 'late', '111', false), ('2', 'late', '222', true)"
    )
    for table in ("core_past_assignments", "out_promises"):
        replace_from_query(con, table, queries()[table].text)
    found = con.execute("SELECT account_id, escalation, overdue_days, rep_id, phone, result FROM out_promises ORDER BY 1")
    assert found.fetchall() == [
        ("due", "due", 0, "rep", None, "promised"),
        ("escalated", "escalated", 7, "rep", None, "promised"),
        ("late", "late", 6, "new rep", "222", "promised"),
        ("no_day", "open", None, "rep", None, "promised"),
        ("open", "open", 0, "rep", None, "promised"),
        ("undated", "open", None, "rep", None, None),
    ]

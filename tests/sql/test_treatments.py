"""Past assignments and what came of them, worked by hand. Threshold 30 days, horizon 56, as of 2026-03-02."""

from datetime import date
from typing import Any

import duckdb
import pytest
from test_second_lifetimes import AS_OF, bought, con  # noqa: F401

from sql import queries
from winback.contracts.tables import replace_from_query

ORDER = (
    "core_past_assignments", "core_touches", "core_purchase_days", "core_accounts_week",
    "core_spells", "core_lapse_histories", "core_second_lifetimes", "core_treatments",
)  # fmt: skip


def published(con: duckdb.DuckDBPyConnection, key: str, account: str, week: str, assignment: str = "treated") -> None:  # noqa: F811
    con.execute(
        "INSERT INTO ledger_assignments (row_key, account_id, week_on, revision, rep_id, play_id, assignment, assignment_prob, "
        "arm_prob, n_arms, experiment_id) VALUES (?, ?, ?, 1, 'r', 'p', ?, 0.85, 1, 3, 'E1')",
        [key, account, week, assignment],
    )


def make(con: duckdb.DuckDBPyConnection) -> None:  # noqa: F811
    for table in ORDER:
        if table == "core_spells":
            con.execute(
                "INSERT INTO core_lapse_thresholds SELECT DATE '2026-03-02', business_kind, g.cycle_group, 30, 'cycle', 0.4, "
                "100, 60 FROM (SELECT DISTINCT business_kind FROM core_accounts_week), core_cycle_groups AS g"
            )
        replace_from_query(con, table, queries()[table].text)


def treatments(con: duckdb.DuckDBPyConnection, columns: str) -> list[tuple[Any, ...]]:  # noqa: F811
    return con.execute(f"SELECT {columns} FROM core_treatments ORDER BY row_key").fetchall()


@pytest.mark.usefixtures("con")
def test_a_return_counts_within_the_horizon_and_the_account_is_kept_until_it_lapses_again(con) -> None:  # noqa: F811
    """Returns on day 10 of 56, on day 56 (one too late), and not at all; the first lapses again 30 days after its last purchase."""
    for account in ("early", "late", "never"):
        bought(con, account, "2025-01-01", "2025-01-11", amount=10)
        published(con, f"R{account.upper()}", account, "2025-06-02")
    bought(con, "early", "2025-06-12", "2025-06-22", amount=50)
    bought(con, "late", "2025-07-28", amount=50)
    make(con)
    assert treatments(con, "account_id, has_returned, is_settled, horizon_amount, second_amount") == [
        ("early", True, True, 100, 100),
        ("late", False, True, 0, 50),
        ("never", False, True, 0, None),
    ]
    assert treatments(con, "is_kept_30, is_kept_90, is_kept_180")[0] == (True, False, False)


def test_an_open_horizon_is_neither_returned_nor_not(con) -> None:  # noqa: F811
    bought(con, "a", "2025-01-01", "2025-01-11")
    bought(con, "b", "2025-01-01", "2025-01-11", "2026-02-20")
    published(con, "RA", "a", "2026-02-02")
    published(con, "RB", "b", "2026-02-02")
    make(con)
    assert treatments(con, "is_settled, has_returned, is_kept_30") == [(False, None, None), (False, True, None)]


def test_work_contamination_and_delivered_rows(con) -> None:  # noqa: F811
    for account in ("worked", "left", "held", "called"):
        bought(con, account, "2025-01-01", "2025-01-11")
    published(con, "R1WORKED", "worked", "2025-06-02")
    published(con, "R2LEFT", "left", "2025-06-02")
    published(con, "R3HELD", "held", "2025-06-02", "holdout")
    published(con, "R4CALLED", "called", "2025-06-02", "holdout")
    con.execute(
        "INSERT INTO asof_outcomes (row_key, worked_on, result, spent_minutes) VALUES ('R1WORKED', '2025-06-04', 'refused', 7), "
        "('R2LEFT', '2025-06-04', 'not_worked', NULL), ('H5', '2024-06-04', 'returned', 9)"
    )
    con.execute(
        "INSERT INTO asof_touchpoints (account_id, touched_on, channel, direction, kind) VALUES "
        "('called', '2025-06-20', 'phone', 'out', 'sales'), ('held', '2025-08-20', 'phone', 'out', 'sales')"
    )
    con.execute(
        "INSERT INTO asof_assignments (row_key, account_id, assigned_on, assignment) VALUES ('H5', 'worked', '2024-06-03', NULL), "
        "('R1WORKED', 'held', '2024-06-03', 'treated')"
    )
    make(con)
    assert treatments(con, "row_key, is_worked, is_contaminated, is_delivered, assignment_prob") == [
        ("H5", True, False, True, None),
        ("R1WORKED", True, False, False, 0.85),
        ("R2LEFT", False, False, False, 0.85),
        ("R3HELD", False, False, False, 0.85),
        ("R4CALLED", False, True, False, 0.85),
    ]
    touches = con.execute("SELECT account_id, touched_on FROM core_touches ORDER BY touched_on").fetchall()
    assert [account for account, _ in touches] == ["worked", "worked"]
    assert AS_OF.year == 2026


def test_a_result_without_its_day_was_worked_on_the_monday_of_its_list(con) -> None:  # noqa: F811
    for account in ("told", "left", "noted"):
        bought(con, account, "2025-01-01", "2025-01-11")
        published(con, f"R{account.upper()}", account, "2025-06-02")
    con.execute(
        "INSERT INTO asof_outcomes (row_key, result, promise) VALUES ('RTOLD', 'refused', NULL), ('RLEFT', 'not_worked', NULL), "
        "('RNOTED', NULL, 'send it')"
    )
    make(con)
    assert treatments(con, "account_id, is_worked, worked_on, result") == [
        ("left", False, None, "not_worked"),
        ("noted", False, None, None),
        ("told", True, date(2025, 6, 2), "refused"),
    ]
    assert con.execute("FROM core_touches").fetchall() == [("told", date(2025, 6, 2))]

"""Units, returns and counts per representative on a few rows, worked by hand. As of Monday 2026-03-02."""

from datetime import date
from typing import Any

import duckdb
import pytest
from track_rows import AS_OF, treatment, treatments

from sql import queries
from winback.config import Settings
from winback.contracts.tables import replace_from_frame, replace_from_query
from winback.publication.week_ledger import Week
from winback.publication.week_parameters import week_row


@pytest.fixture
def con(empty_tables: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    replace_from_frame(empty_tables, "core_week", week_row(Week(AS_OF, 1, 1, "running"), Settings()))
    return empty_tables


def made(con: duckdb.DuckDBPyConnection, query: str, *rows: dict[str, Any]) -> list[tuple[Any, ...]]:
    replace_from_frame(con, "core_treatments", treatments(*rows))
    for table in ("track_units", "track_returns", "track_reps"):
        replace_from_query(con, table, queries()[table].text)
    return con.execute(query).fetchall()


def test_the_first_assignment_of_a_lapse_is_the_unit(con) -> None:
    """The same lapse again, another lapse of the same account, another experiment, and a row outside of any."""
    assert made(
        con,
        "SELECT row_key FROM track_units ORDER BY row_key",
        treatment("R1", account_id="a", assignment="holdout"),
        treatment("R2", account_id="a", week_on=date(2025, 12, 8)),
        treatment("R3", account_id="a", week_on=date(2025, 12, 15), last_spend_on=date(2025, 10, 1)),
        treatment("R4", account_id="a", experiment_id="E2"),
        treatment("R5", account_id="b", experiment_id=None),
    ) == [("R1",), ("R3",), ("R4",)]


def test_money_counts_once_the_horizon_has_passed_and_only_of_returns_within_it(con) -> None:
    found = made(
        con,
        "SELECT row_key, week_on, silence_days, has_returned, horizon_amount, second_amount FROM track_units ORDER BY row_key",
        treatment(
            "R1",
            has_returned=True,
            returned_on=date(2026, 1, 1),
            horizon_amount=50,
            second_amount=80,
            week_on=date(2025, 12, 4),
        ),
        treatment("R2", has_returned=False, horizon_amount=0, second_amount=70),
        treatment("R3", has_returned=True, returned_on=date(2026, 1, 1), horizon_amount=50, second_amount=None),
        treatment(
            "R4", has_returned=True, returned_on=date(2026, 1, 1), horizon_amount=50, second_amount=50, is_settled=False
        ),
        treatment("R5", has_returned=None, is_settled=False),
    )
    monday = date(2025, 12, 1)
    assert found == [
        ("R1", monday, 125, True, 50, 80),
        ("R2", monday, 122, False, 0, 0),
        ("R3", monday, 122, True, 50, 50),
        ("R4", monday, 122, None, None, None),
        ("R5", monday, 122, None, None, None),
    ]


def back(row_key: str, account: str, on: date, **changed: Any) -> dict[str, Any]:
    return treatment(row_key, account_id=account, has_returned=True, returned_on=on, **changed)


def test_a_return_belongs_to_the_row_worked_last_before_it(con) -> None:
    on = date(2026, 1, 10)
    con.execute(
        "INSERT INTO core_spells (account_id, spell_no, spell_kind, started_on, last_spend_on, end_cause) VALUES "
        "('a', 2, 'lapsed', '2025-10-01', '2025-08-01', 'return'), ('a', 4, 'lapsed', '2026-02-14', '2026-01-10', 'open')"
    )
    found = made(
        con,
        "SELECT account_id, row_key, return_kind, returned_days, has_lapsed_again, followed_days FROM track_returns ORDER BY 1",
        back("R1", "a", on, is_worked=True, worked_on=date(2025, 12, 3), rep_id="r1"),
        back("R2", "a", on, is_worked=True, worked_on=date(2026, 1, 8), rep_id="r2", week_on=date(2026, 1, 5)),
        back("R3", "a", on, is_worked=True, worked_on=date(2026, 1, 12), rep_id="r3", week_on=date(2026, 1, 5)),
        back("R4", "b", on, assignment="holdout"),
        back("R5", "c", on),
        treatment("R6", account_id="d", has_returned=False, returned_on=date(2026, 2, 20)),
    )
    assert found == [
        ("a", "R2", "worked", 51, True, 35),
        ("b", "R4", "holdout", 51, False, 51),
        ("c", "R5", "not_worked", 51, False, 51),
    ]


def test_counts_per_representative_fall_on_their_own_days(con) -> None:
    """Given in December, worked and reached in January, regained in February; the holdout is nobody's work."""
    found = made(
        con,
        "SELECT rep_id, period_kind, period_from_on, is_complete, n_assigned, n_worked, n_reached, n_regained, spent_minutes, "
        "n_case_regained FROM track_reps ORDER BY 1, 2, 3",
        back("R1", "a", date(2026, 2, 1), is_worked=True, worked_on=date(2026, 1, 7), result="interested", spent_minutes=12),
        treatment("R2", is_worked=True, worked_on=date(2026, 1, 8), result="not_reached", spent_minutes=3),
        treatment("R3", is_worked=True, worked_on=date(2026, 1, 8), result=None),
        treatment("R4", assignment="holdout"),
        treatment("R5", rep_id=None),
        treatment("R6", rep_id="r2", week_on=date(2026, 2, 23)),
    )
    assert found == [
        ("r1", "month", date(2025, 12, 1), True, 3, 0, 0, 0, 0, None),
        ("r1", "month", date(2026, 1, 1), True, 0, 3, 1, 0, 15, None),
        ("r1", "month", date(2026, 2, 1), True, 0, 0, 0, 1, 0, None),
        ("r1", "quarter", date(2025, 10, 1), True, 3, 0, 0, 0, 0, 95),
        ("r1", "quarter", date(2026, 1, 1), False, 0, 3, 1, 1, 15, 95),
        ("r2", "month", date(2026, 2, 1), True, 1, 0, 0, 0, 0, None),
        ("r2", "quarter", date(2026, 1, 1), False, 1, 0, 0, 0, 0, 95),
    ]


@pytest.mark.parametrize(
    ("day", "month", "quarter"), [("2024-02-29", "2024-02-01", "2024-01-01"), ("2025-12-31", "2025-12-01", "2025-10-01")]
)
def test_a_period_is_over_when_its_last_day_has_passed(con, day: str, month: str, quarter: str) -> None:
    con.execute(f"UPDATE core_week SET as_of_on = DATE '{day}'")
    found = made(
        con,
        "SELECT period_kind, period_from_on, is_complete FROM track_reps ORDER BY 1",
        treatment("R1", week_on=date.fromisoformat(day)),
    )
    assert found == [("month", date.fromisoformat(month), False), ("quarter", date.fromisoformat(quarter), False)]
    con.execute(f"UPDATE core_week SET as_of_on = DATE '{day}' + 1")
    found = made(
        con, "SELECT is_complete FROM track_reps ORDER BY period_kind", treatment("R1", week_on=date.fromisoformat(day))
    )
    assert found == [(True,), (day == "2025-12-31",)]

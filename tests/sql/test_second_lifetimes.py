"""Lapse histories and second lifetimes on a few rows, worked by hand. The threshold is 30 days, grace 7, as of 2026-03-02."""

from datetime import date
from decimal import Decimal
from typing import Any

import duckdb
import pytest

from sql import queries
from winback.config import Settings
from winback.contracts.tables import replace_from_frame, replace_from_query
from winback.publication.week_ledger import Week
from winback.publication.week_parameters import week_row
from winback.spells.thresholds import cycle_groups

PUBLISHED = (
    "INSERT INTO ledger_assignments (row_key, account_id, week_on, revision, rep_id, play_id, offer_id, assignment, "
    "assignment_prob) VALUES"
)
AS_OF = date(2026, 3, 2)
TEN_DAYS_APART = ("2025-01-01", "2025-01-11", "2025-01-21")


@pytest.fixture
def con(empty_tables: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    settings = Settings()
    replace_from_frame(empty_tables, "core_week", week_row(Week(AS_OF, 1, 1, "running"), settings))
    replace_from_frame(empty_tables, "core_cycle_groups", cycle_groups(settings.lapse))
    return empty_tables


def bought(
    con: duckdb.DuckDBPyConnection, account: str, *days: str, amount: int = 10, paid_through: str | None = None
) -> None:
    con.execute(
        "INSERT INTO asof_accounts (account_id, business_kind) SELECT ?, 'k' WHERE NOT EXISTS "
        "(FROM asof_accounts WHERE account_id = ?)",
        [account, account],
    )
    for day in days:
        con.execute(
            "INSERT INTO asof_spend (account_id, spent_on, amount, kind, paid_through_on) VALUES (?, ?, ?, 'purchase', ?)",
            [account, day, amount, paid_through],
        )


def lifetimes(con: duckdb.DuckDBPyConnection, query: str) -> list[tuple[Any, ...]]:
    """Rows of a query once both tables are made."""
    for table in ("core_past_assignments", "core_touches", "core_purchase_days", "core_accounts_week"):
        replace_from_query(con, table, queries()[table].text)
    con.execute(
        "INSERT INTO core_lapse_thresholds SELECT DATE '2026-03-02', business_kind, g.cycle_group, 30, 'cycle', 0.4, 100, 60 "
        "FROM (SELECT DISTINCT business_kind FROM core_accounts_week), core_cycle_groups AS g"
    )
    for table in ("core_spells", "core_lapse_histories", "core_second_lifetimes"):
        replace_from_query(con, table, queries()[table].text)
    return con.execute(query).fetchall()


def test_what_is_known_at_each_lapse(con) -> None:
    """Lapse 1 after three purchases 10 days apart, lapse 2 after a single one: the gap over lapse 1 is no gap of the cycle."""
    bought(con, "a", *TEN_DAYS_APART)
    bought(con, "a", "2025-06-01", amount=50)
    assert lifetimes(
        con,
        "SELECT spell_no, lapsed_on, ended_on, end_cause, lapsed_days, first_lifetime_days, n_earlier_purchase_days, "
        "n_earlier_lapses, mean_purchase_amount, mean_gap_days, cover_days, first_daily_amount "
        "FROM core_lapse_histories ORDER BY 1",
    ) == [
        (2, date(2025, 2, 20), date(2025, 6, 1), "return", 101, 20, 3, 0, Decimal("10.0000"), 10.0, 10, 1.0),
        (4, date(2025, 7, 1), None, "open", 244, 151, 4, 1, Decimal("20.0000"), 10.0, 10, 2.0),
    ]


def test_a_lifetime_lasts_to_the_end_of_its_last_purchase_and_not_to_the_lapse(con) -> None:
    """Returned 2025-06-01, last bought 2025-06-11, lapsed 2025-07-11: its cover of 10 days ends on 2025-06-21, 20 days in."""
    bought(con, "a", *TEN_DAYS_APART, "2025-06-01", "2025-06-11")
    assert lifetimes(
        con,
        "SELECT spell_no, returned_on, ended_on, is_ended, duration_days, covered_days, n_purchase_days, spend_amount, "
        "second_daily_amount, lapsed_days, lapse_basis, is_after_touch FROM core_second_lifetimes",
    ) == [(3, date(2025, 6, 1), date(2025, 6, 21), True, 20, 20, 2, Decimal("20"), 1.0, 101, "silence", False)]


def test_an_open_lifetime_is_followed_to_the_day_up_to_which_ends_are_known(con) -> None:
    """Ends show 30 - 10 = 20 days late, so all are followed to 2026-02-10: 'open' for 40 of its 55 covered days."""
    bought(con, "open", *TEN_DAYS_APART, "2026-01-01", "2026-01-20", "2026-02-15")
    bought(con, "fresh", *TEN_DAYS_APART, "2026-02-20")
    assert lifetimes(
        con, "SELECT account_id, is_ended, ended_on, duration_days, covered_days FROM core_second_lifetimes ORDER BY 1"
    ) == [("fresh", False, None, 0, 10), ("open", False, None, 40, 55)]


def test_an_end_too_near_to_be_known_of_all_counts_for_none(con) -> None:
    """Cover of 'just' ends on 2026-02-10, the last day followed: an end. A day later it would be no end yet."""
    bought(con, "just", *TEN_DAYS_APART, "2026-01-21", "2026-01-30")
    bought(con, "late", *TEN_DAYS_APART, "2026-01-21", "2026-02-01")
    assert lifetimes(con, "SELECT account_id, is_ended, duration_days FROM core_second_lifetimes ORDER BY 1") == [
        ("just", True, 19),
        ("late", False, 20),
    ]


def test_a_single_purchase_covers_the_first_cycle_of_the_settings(con) -> None:
    """Its lapse was published when no second purchase was known; by now its cycle, and so its threshold, is 151 days."""
    bought(con, "a", "2025-01-01", "2025-06-01")
    con.execute("INSERT INTO ledger_lapses VALUES ('a', '2025-01-01', '2025-02-01', 31, 'silence', '2025-02-03')")
    assert lifetimes(
        con,
        "SELECT mean_gap_days, cover_days, duration_days, first_daily_amount, second_daily_amount FROM core_second_lifetimes",
    ) == [(None, 28, 28, 10 / 28, 10 / 28)]


def test_a_contract_covers_what_is_paid(con) -> None:
    bought(con, "a", "2024-01-01", amount=366, paid_through="2024-12-31")
    bought(con, "a", "2025-02-01", amount=300, paid_through="2025-05-01")
    assert lifetimes(
        con,
        "SELECT lapse_basis, cover_days, first_daily_amount, is_ended, ended_on, duration_days, second_daily_amount "
        "FROM core_second_lifetimes",
    ) == [("paid_through", 365, 366 / 365, True, date(2025, 5, 1), 89, 300 / 89)]


def test_a_closing_ends_a_lifetime(con) -> None:
    bought(con, "a", *TEN_DAYS_APART, "2025-06-01", "2025-06-11")
    con.execute("UPDATE asof_accounts SET closed_on = '2025-06-15'")
    assert lifetimes(con, "SELECT is_ended, ended_on, duration_days FROM core_second_lifetimes") == [
        (True, date(2025, 6, 15), 14)
    ]


def test_a_return_after_a_worked_row_counts_as_touched(con) -> None:
    bought(con, "a", *TEN_DAYS_APART, "2025-06-01")
    bought(con, "b", *TEN_DAYS_APART, "2025-06-01")
    con.execute(f"{PUBLISHED} ('R1', 'a', '2025-05-05', 1, 'r', 'p', NULL, 'treated', 1)")
    con.execute("INSERT INTO asof_outcomes (row_key, worked_on, result) VALUES ('R1', '2025-05-15', 'interested')")
    assert lifetimes(con, "SELECT account_id, is_after_touch FROM core_second_lifetimes ORDER BY 1") == [
        ("a", True),
        ("b", False),
    ]


def test_first_lifetimes_are_no_second_ones(con) -> None:
    bought(con, "a", *TEN_DAYS_APART)
    assert lifetimes(con, "SELECT count(*) FROM core_second_lifetimes") == [(0,)]

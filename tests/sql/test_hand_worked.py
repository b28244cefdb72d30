"""SQL on a few rows, with the expected result beside them."""

from datetime import date
from decimal import Decimal

import duckdb
import pytest

from sql import queries
from winback.config import LapseSettings, PlanSettings, Settings, ValueSettings
from winback.contracts.tables import replace_from_frame, replace_from_query
from winback.plays.tables import play_rows
from winback.publication.week_ledger import Week
from winback.publication.week_parameters import week_row
from winback.spells.thresholds import cycle_groups

PUBLISHED = (
    "INSERT INTO ledger_assignments (row_key, account_id, week_on, revision, rep_id, play_id, offer_id, assignment, "
    "assignment_prob) VALUES"
)
AS_OF = date(2026, 3, 2)


@pytest.fixture
def week(empty_tables: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    set_up(empty_tables, Settings())
    return empty_tables


def set_up(con: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    replace_from_frame(con, "core_week", week_row(Week(AS_OF, 1, 1, "running"), settings))
    replace_from_frame(con, "core_cycle_groups", cycle_groups(settings.lapse))
    replace_from_frame(con, "core_plays", play_rows("en"))


def spend(con, *rows: tuple) -> None:
    """Rows of account, day, amount, kind, and optionally further columns as a dict."""
    for account, day, amount, kind, *more in rows:
        values = {"account_id": account, "spent_on": day, "amount": amount, "kind": kind, **(more[0] if more else {})}
        names = ", ".join(values)
        con.execute(f"INSERT INTO asof_spend ({names}) VALUES ({', '.join('?' * len(values))})", list(values.values()))
        con.execute(
            "INSERT INTO asof_accounts (account_id, business_kind) SELECT ?, 'k' WHERE NOT EXISTS "
            "(FROM asof_accounts WHERE account_id = ?)",
            [account, account],
        )


def make(con, *tables: str) -> None:
    for table in tables:
        replace_from_query(con, table, queries()[table].text)


def rows(con, query: str) -> list[tuple]:
    return con.execute(query).fetchall()


def test_refunds_belong_to_the_purchase_before_them(week) -> None:
    spend(
        week,
        ("a", "2026-01-01", 100, "purchase"),
        ("a", "2026-01-01", 20, "purchase"),
        ("a", "2026-01-03", 30, "refund"),
        ("a", "2026-01-11", 50, "subscription"),
        ("a", "2026-01-12", 999, "top_up"),
        ("b", "2025-12-31", 5, "refund"),
        ("b", "2026-01-05", 7, "purchase"),
    )
    make(week, "core_purchase_days")
    assert rows(
        week,
        "SELECT account_id, purchase_no, spent_on, day_amount, gap_days, next_gap_days FROM core_purchase_days ORDER BY 1, 2",
    ) == [
        ("a", 1, date(2026, 1, 1), Decimal("90.0000"), None, 10),
        ("a", 2, date(2026, 1, 11), Decimal("50.0000"), 10, None),
        ("b", 1, date(2026, 1, 5), Decimal("7.0000"), None, None),
    ]


def test_foreign_currency_takes_the_rate_of_its_day(week) -> None:
    week.execute(
        "INSERT INTO asof_fx_rates (currency, rate_on, rate) VALUES ('USD', '2026-01-01', 7), ('USD', '2026-02-01', 6)"
    )
    spend(
        week,
        ("a", "2026-01-31", 10, "purchase", {"currency": "USD"}),
        ("a", "2026-02-01", 10, "purchase", {"currency": "USD"}),
        ("a", "2026-02-02", 10, "purchase", {"currency": "CNY"}),
        ("a", "2026-02-03", 10, "purchase"),
    )
    make(week, "core_purchase_days")
    amounts = [row[0] for row in rows(week, "SELECT day_amount FROM core_purchase_days ORDER BY purchase_no")]
    assert amounts == [Decimal("70"), Decimal("60"), Decimal("10"), Decimal("10")]


def make_spells(con, *extra: str) -> None:
    make(con, "core_past_assignments", "core_touches", "core_purchase_days", "core_accounts_week")
    con.execute(
        "INSERT INTO core_lapse_thresholds SELECT DATE '2026-03-02', business_kind, g.cycle_group, 30, 'cycle', 0.4, 100, 60 "
        "FROM (SELECT DISTINCT business_kind FROM core_accounts_week), core_cycle_groups AS g"
    )
    make(con, "core_spells", "core_lapses", *extra)


def test_spells_of_an_account_that_lapsed_and_came_back(week) -> None:
    spend(week, *[("a", day, 10, "purchase") for day in ("2025-01-01", "2025-01-11", "2025-04-01", "2025-04-06")])
    make_spells(week)
    assert rows(
        week,
        "SELECT spell_no, spell_kind, started_on, ended_on, last_spend_on, n_purchase_days, end_cause FROM core_spells ORDER BY 1",
    ) == [
        (1, "active", date(2025, 1, 1), date(2025, 2, 10), date(2025, 1, 11), 2, "lapse"),
        (2, "lapsed", date(2025, 2, 10), date(2025, 4, 1), date(2025, 1, 11), None, "return"),
        (3, "active", date(2025, 4, 1), date(2025, 5, 6), date(2025, 4, 6), 2, "lapse"),
        (4, "lapsed", date(2025, 5, 6), None, date(2025, 4, 6), None, "open"),
    ]
    assert rows(week, "SELECT lapsed_on, silence_days, lapsed_days, n_earlier_lapses FROM core_lapses") == [
        (date(2025, 5, 6), 330, 300, 1)
    ]


def test_an_account_is_not_lapsed_before_its_next_purchase_is_even_expected(week) -> None:
    spend(week, *[("a", day, 10, "purchase") for day in ("2025-03-01", "2025-09-01", "2026-01-15")])
    make_spells(week)
    assert rows(week, "SELECT count(*) FROM core_lapses") == [(0,)]  # 46 days of silence, 30 the threshold, 160 the cycle


def test_a_contract_lapses_when_its_cover_ends_and_unpaid_is_kept_apart(week) -> None:
    spend(
        week,
        (
            "a",
            "2025-01-01",
            500,
            "subscription",
            {"paid_through_on": "2026-01-31", "due_on": "2025-01-10", "paid_on": "2025-01-08"},
        ),
        ("b", "2025-01-01", 500, "subscription", {"paid_through_on": "2026-01-31", "due_on": "2025-01-10"}),
        ("c", "2025-01-01", 500, "subscription", {"paid_through_on": "2026-02-25", "due_on": "2025-01-10"}),
    )
    make_spells(week)
    assert rows(week, "SELECT account_id, lapsed_on, lapse_basis, is_unpaid FROM core_lapses ORDER BY 1") == [
        ("a", date(2026, 2, 7), "paid_through", False),
        ("b", date(2026, 2, 7), "paid_through", True),
    ]


def test_a_renewal_that_was_never_paid_is_no_purchase(week) -> None:
    spend(
        week,
        (
            "a",
            "2025-01-01",
            500,
            "subscription",
            {"paid_through_on": "2025-12-31", "due_on": "2025-01-10", "paid_on": "2025-01-08"},
        ),
        ("a", "2025-12-20", 500, "subscription", {"due_on": "2025-12-31"}),
    )
    make_spells(week)
    assert rows(week, "SELECT last_spend_on, lapsed_on, is_unpaid, n_purchase_days FROM core_lapses") == [
        (date(2025, 1, 1), date(2026, 1, 7), True, 1)
    ]


def test_a_published_lapse_date_never_moves(week) -> None:
    spend(week, ("a", "2025-10-01", 10, "purchase"))
    week.execute("INSERT INTO ledger_lapses VALUES ('a', '2025-10-01', '2025-10-20', 19, 'silence', '2025-11-03')")
    make_spells(week)
    assert rows(week, "SELECT lapsed_on, threshold_days FROM core_lapses") == [(date(2025, 10, 20), 19)]


def test_a_closed_business_is_not_lapsed(week) -> None:
    spend(week, ("a", "2025-06-01", 10, "purchase"), ("b", "2025-06-01", 10, "purchase"))
    week.execute("UPDATE asof_accounts SET closed_on = '2025-06-10' WHERE account_id = 'a'")
    week.execute("INSERT INTO asof_account_events (account_id, event_on, kind) VALUES ('b', '2025-12-01', 'closed')")
    make_spells(week)
    assert rows(week, "SELECT account_id, end_cause FROM core_spells ORDER BY account_id, spell_no") == [
        ("a", "closed"),
        ("b", "lapse"),
        ("b", "closed"),
    ]


def test_the_grocer_lost_15600(empty_tables) -> None:
    """25 a week for 12 years of 52 weeks: 25 x 52 x 12."""
    cap = 52 * 12 * 7
    set_up(empty_tables, Settings(lapse=LapseSettings(), value=ValueSettings(forgone_cap_days=cap)))
    first = date(2010, 1, 4)
    spend(empty_tables, *[("a", date.fromordinal(first.toordinal() + 7 * n), 25, "purchase") for n in range(60)])
    make_spells(empty_tables, "score_value")
    assert rows(empty_tables, "SELECT forgone_revenue_amount FROM score_value") == [(Decimal("15600.0000"),)]
    assert rows(empty_tables, "SELECT daily_spend_amount FROM core_lapses") == [(25 / 7,)]


def test_gaps_are_censored_at_the_first_touch_or_the_week(week) -> None:
    spend(
        week, ("a", "2026-01-01", 10, "purchase"), ("a", "2026-02-01", 10, "purchase"), ("b", "2026-02-20", 10, "purchase")
    )
    week.execute(f"{PUBLISHED} ('R1', 'a', '2026-01-05', 1, 'r', 'p', NULL, 'treated', 1)")
    week.execute("INSERT INTO asof_outcomes (row_key, worked_on, result) VALUES ('R1', '2026-01-15', 'interested')")
    make(week, "core_past_assignments", "core_touches", "core_purchase_days", "core_accounts_week", "core_gaps")
    assert rows(week, "SELECT cycle_group, gap_days, is_return, n_gaps FROM core_gaps ORDER BY 1, 2") == [
        ("029-056", 14, False, 1),
        ("029-056", 29, False, 1),
        ("single", 10, False, 1),
    ]


def test_cycles_per_category(week) -> None:
    spend(
        week,
        ("a", "2026-01-01", 1, "purchase", {"category": "ink"}),
        ("a", "2026-01-05", 1, "purchase", {"category": "paper"}),
        ("a", "2026-01-11", 1, "purchase", {"category": "ink"}),
        ("a", "2026-01-31", 1, "purchase", {"category": "ink"}),
    )
    make(week, "core_purchase_days", "core_accounts_week", "core_purchase_cycles")
    assert rows(
        week,
        "SELECT category, n_purchase_days, cycle_days, mean_gap_days, next_expected_on FROM core_purchase_cycles ORDER BY 1",
    ) == [
        ("*", 4, 6.0, 10.0, date(2026, 2, 6)),
        ("ink", 3, 15.0, 15.0, date(2026, 2, 15)),
        ("paper", 1, None, None, None),
    ]


def test_a_category_bought_on_two_days_has_the_gap_between_them(week) -> None:
    """Several lines of a day are one day, and what another account bought is no part of it."""
    days = ["2026-01-01", "2026-01-01", "2026-01-09"]
    spend(week, *[("a", day, 1, "purchase", {"category": "ink"}) for day in days])
    spend(week, ("b", "2026-01-04", 1, "purchase", {"category": "ink"}))
    make(week, "core_purchase_days", "core_accounts_week", "core_purchase_cycles")
    assert rows(
        week,
        "SELECT account_id, n_purchase_days, cycle_days, mean_gap_days, next_expected_on FROM core_purchase_cycles "
        "WHERE category = 'ink' ORDER BY 1",
    ) == [("a", 2, 8.0, 8.0, date(2026, 1, 17)), ("b", 1, None, None, None)]


def test_a_longer_history_has_the_mean_of_its_middle_gaps_and_its_amount_in_base_currency(week) -> None:
    """Gaps of 4, 3, 12 and 1 days have the median 3.5; three lines of one day are one purchase day."""
    week.execute("INSERT INTO asof_fx_rates (currency, rate_on, rate) VALUES ('USD', '2026-01-01', 7)")
    days = ["2026-01-01", "2026-01-01", "2026-01-05", "2026-01-08", "2026-01-20"]
    spend(week, *[("a", day, 10, "purchase", {"category": "ink"}) for day in days])
    spend(week, ("a", "2026-01-21", 10, "purchase", {"category": "ink", "currency": "USD"}))
    spend(week, *[("a", "2026-01-21", amount, "purchase", {"category": "pens"}) for amount in (1, 2, 3)])
    spend(week, ("a", "2026-01-22", 5, "refund", {"category": "ink"}))
    make(week, "core_purchase_days", "core_accounts_week", "core_purchase_cycles")
    assert rows(
        week,
        "SELECT category, n_purchase_days, cycle_days, mean_gap_days, CAST(category_amount AS INTEGER) "
        "FROM core_purchase_cycles ORDER BY 1",
    ) == [("*", 5, 3.5, 5.0, None), ("ink", 5, 3.5, 5.0, 120), ("pens", 1, None, None, 6)]


def test_a_purchase_day_counts_its_lines_and_those_at_a_discount(week) -> None:
    """A refund is no line; nor is a line that was due and is not paid."""
    spend(
        week,
        ("a", "2026-01-01", 1, "purchase", {"discount_amount": 1}),
        ("a", "2026-01-01", 1, "purchase", {"offer_id": "O1"}),
        ("a", "2026-01-01", 1, "purchase", {"discount_amount": 0}),
        ("a", "2026-01-01", 1, "refund", {"discount_amount": 1}),
        ("a", "2026-01-01", 1, "purchase", {"due_on": "2026-01-02", "discount_amount": 1}),
        ("a", "2026-01-03", 1, "purchase", {}),
    )
    make(week, "core_purchase_days")
    found = rows(week, "SELECT purchase_no, n_purchase_lines, n_discounted_lines FROM core_purchase_days ORDER BY 1")
    assert found == [(1, 3, 2), (2, 1, 0)]


def test_every_lapsed_account_is_a_candidate_or_has_one_cause(empty_tables) -> None:
    set_up(empty_tables, Settings(plan=PlanSettings(max_lapsed_days=200, cooldown_days=28, contact_cap=2)))
    accounts = [
        "free", "dnc", "asked", "no_consent", "old", "called", "capped", "listed", "stranger", "away", "held", "handed_over",
        "carried", "put_off", "later", "agreed", "agreed_called",
    ]  # fmt: skip
    spend(empty_tables, *[(a, "2024-01-01" if a == "old" else "2025-11-01", 10, "purchase") for a in accounts])
    con = empty_tables
    con.execute("INSERT INTO asof_reps (rep_id, is_active) VALUES ('r', NULL), ('gone', false)")
    con.execute(
        "UPDATE asof_accounts SET rep_id = CASE account_id WHEN 'stranger' THEN 'x' WHEN 'away' THEN 'gone' "
        "WHEN 'handed_over' THEN 'x' ELSE 'r' END, branch = CASE WHEN account_id IN ('stranger', 'away') THEN 'far' END"
    )
    con.execute(
        "INSERT INTO core_accounts (account_id, is_do_not_contact, has_consent, valid_from_on, _batch, _file_id, _line) "
        "SELECT account_id, account_id = 'dnc', account_id <> 'no_consent', '2025-01-01', 1, 1, 1 FROM asof_accounts"
    )
    con.execute(
        "INSERT INTO asof_touchpoints (account_id, touched_on, channel, direction) "
        "VALUES ('called', '2026-02-20', 'phone', 'out'), "
        "('free', '2026-02-20', 'phone', 'in'), ('capped', '2026-01-10', 'phone', 'out'), ('capped', '2026-01-11', 'phone', 'out')"
    )
    con.execute(
        f"{PUBLISHED} ('R1', 'listed', '2026-02-16', 1, 'r', 'p', NULL, 'treated', 1), "
        "('R2', 'asked', '2025-12-29', 1, 'r', 'p', NULL, 'treated', 1), "
        "('R3', 'held', '2026-01-12', 1, 'r', 'p', NULL, 'holdout', 0.1), "
        "('R4', 'carried', '2026-02-23', 1, 'r', 'p', NULL, 'treated', 1), "
        "('R5', 'put_off', '2026-02-09', 1, 'r', 'p', NULL, 'treated', 1), "
        "('R6', 'put_off', '2026-02-16', 1, 'r', 'p', NULL, 'treated', 1), "
        "('R7', 'put_off', '2026-02-23', 1, 'r', 'p', NULL, 'treated', 1), "
        "('R8', 'later', '2025-12-29', 1, 'r', 'p', NULL, 'treated', 1), "
        "('R9', 'agreed', '2026-02-16', 1, 'r', 'p', NULL, 'treated', 1), "
        "('S1', 'agreed_called', '2026-02-16', 1, 'r', 'p', NULL, 'treated', 1)"
    )
    con.execute(
        "INSERT INTO asof_outcomes (row_key, worked_on, result, next_contact_on) VALUES "
        "('R8', '2025-12-30', 'call_again', '2026-03-09'), ('R9', '2026-02-17', 'call_again', '2026-03-08'), "
        "('S1', NULL, 'call_again', '2026-02-25')"
    )
    con.execute(
        "INSERT INTO asof_touchpoints (account_id, touched_on, channel, direction) "
        "VALUES ('agreed_called', '2026-02-26', 'phone', 'out')"
    )
    con.execute(
        "INSERT INTO asof_outcomes (row_key, worked_on, result) SELECT k, DATE '2026-02-24', 'not_worked' "
        "FROM (VALUES ('R4'), ('R5'), ('R6'), ('R7')) AS t(k)"
    )
    con.execute(
        "INSERT INTO core_outcomes (row_key, worked_on, has_asked_no_contact, _batch) VALUES ('R2', '2026-01-02', true, 1)"
    )
    make_spells(con, "core_lapse_histories", "core_second_lifetimes", "core_treatments", "score_value", "plan_candidates")
    assert dict(rows(con, "SELECT account_id, cause FROM plan_candidates")) == {
        "free": None,
        "dnc": "do_not_contact",
        "asked": "do_not_contact",
        "no_consent": "no_consent",
        "old": "too_long_ago",
        "called": "contacted_recently",
        "listed": "contacted_recently",
        "capped": "contact_cap",
        "stranger": "no_rep",
        "away": "rep_inactive",
        "held": "holdout",
        "carried": None,
        "handed_over": None,
        "put_off": "contacted_recently",
        "later": "agreed_later",
        "agreed": None,
        "agreed_called": "contacted_recently",
    }

"""Rhythm and spend of an account on a few rows, with the expected figures beside them."""

from datetime import date, timedelta
from decimal import Decimal

import duckdb
import pytest

from sql import queries
from tests.sql.test_hand_worked import AS_OF, make_spells, set_up, spend
from winback.config import Settings
from winback.contracts.tables import replace_from_query


@pytest.fixture
def week(empty_tables: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    set_up(empty_tables, Settings())
    return empty_tables


def feature(con: duckdb.DuckDBPyConnection, table: str, account: str) -> dict[str, object]:
    replace_from_query(con, table, queries()[table].text)
    cursor = con.execute(f"SELECT * FROM {table} WHERE account_id = ?", [account])
    names = [d[0] for d in cursor.description]
    (row,) = cursor.fetchall()
    return dict(zip(names, row, strict=True))


def days_before(*ages: int) -> list[str]:
    return [str(AS_OF - timedelta(days=age)) for age in ages]


def test_rhythm_of_an_account_with_four_purchases(week) -> None:
    """Bought 100, 90, 60 and 50 days ago: gaps of 10, 30 and 10 days, silent for 50."""
    spend(week, *[("a", day, 10, "purchase") for day in days_before(100, 90, 60, 50)])
    make_spells(week)
    found = feature(week, "feat_rhythm", "a")
    assert (found["silence_days"], found["tenure_days"], found["active_span_days"]) == (50, 100, 50)
    counts = [found[f"n_purchase_days_{n}"] for n in (28, 91, 182, 365)]
    assert (found["n_purchase_days"], counts) == (4, [0, 3, 4, 4])
    assert found["faded_28_days"] == pytest.approx(sum(2 ** (-age / 28) for age in (100, 90, 60, 50)), abs=1e-8)
    assert (found["cycle_days"], found["gap_mean_days"]) == (10, pytest.approx(50 / 3))
    assert (found["gap_min_days"], found["gap_max_days"], found["gap_last_days"]) == (10, 30, 10)
    spread = (400 / 3) ** 0.5
    assert found["gap_std_days"] == pytest.approx(spread)
    assert found["gap_burstiness"] == pytest.approx((spread - 50 / 3) / (spread + 50 / 3))
    assert found["silence_cycles"] == pytest.approx(3)
    assert found["outlasted_share"] == pytest.approx(3.5 / 4)
    assert found["later_half_share"] == pytest.approx(1 / 4)
    assert found["silence_share"] == pytest.approx(0.5)
    assert found["n_busy_months"] == 3
    assert found["n_season_days"] is None, "a year of history is needed"
    assert (found["n_earlier_returns"], found["earlier_return_days"]) == (0, None)


def test_a_single_purchase_says_nothing_of_gaps(week) -> None:
    spend(week, ("a", days_before(70)[0], 10, "purchase"))
    make_spells(week)
    found = feature(week, "feat_rhythm", "a")
    unknown = [
        name for name in found if name.startswith(("gap_", "outlasted", "later_half", "silence_cycles", "cycle_days"))
    ]
    assert [found[name] for name in unknown] == [None] * len(unknown) and len(unknown) == 10
    assert feature(week, "feat_spend", "a")["later_amount_share"] is None


def test_same_season_and_earlier_returns(week) -> None:
    """The horizon of 56 days a year earlier: bought in it twice. Gaps of 108 and 150 days are longer than its cycle of 54."""
    spend(week, *[("a", day, 10, "purchase") for day in days_before(400, 364, 310, 308, 200, 50)])
    make_spells(week)
    found = feature(week, "feat_rhythm", "a")
    assert found["n_season_days"] == 2, "days 364 to 309 before the week; 308 is the day after"
    assert (found["n_earlier_returns"], found["earlier_return_days"]) == (2, (108 + 150) / 2)


def test_spend_of_an_account_with_a_refund_and_baskets(week) -> None:
    first, last = days_before(60, 40)
    spend(
        week,
        ("a", first, 100, "purchase", {"product_id": "p", "quantity": 2}),
        ("a", first, 60, "purchase", {"product_id": "q", "quantity": 1}),
        ("a", str(date.fromisoformat(first) + timedelta(days=2)), 40, "refund", {"product_id": "q"}),
        ("a", last, 200, "purchase", {"product_id": "p", "quantity": 5}),
    )
    make_spells(week)
    found = feature(week, "feat_spend", "a")
    assert (found["spend_amount"], found["last_day_amount"], found["max_day_amount"]) == (
        Decimal(320),
        Decimal(200),
        Decimal(200),
    )
    assert (found["amount_91"], found["amount_365"]) == (Decimal(320), Decimal(320))
    assert (found["mean_day_amount"], found["last_over_mean"]) == (160, pytest.approx(1.25))
    assert (found["lines_a_day"], found["n_products"], found["units_a_day"]) == (2, 2, 4)
    assert found["refund_line_share"] == pytest.approx(0.25)
    assert found["later_amount_share"] == 0


def test_what_was_never_delivered_stays_unknown(week) -> None:
    spend(week, *[("a", day, 10, "purchase") for day in days_before(60, 40)])
    make_spells(week)
    found = feature(week, "feat_spend", "a")
    assert (found["n_products"], found["units_a_day"]) == (None, None)

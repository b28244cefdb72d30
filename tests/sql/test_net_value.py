"""What plays and offers bring, and when an account may be turned away."""

from decimal import Decimal
from typing import Any

import duckdb
import pytest
from feature_rows import make, put, set_week

STAKE, YEAR = 500, 2_000_000
AT_STAKE = Decimal("502.0000")
IN_DOUBT = Decimal("0.5020")


@pytest.fixture
def week(empty_tables: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """A week whose tables also take rows with nothing in the columns that do not matter here."""
    set_week(empty_tables)
    for table in (
        "core_accounts_week", "plan_options", "score_propensity", "score_return_time", "score_second_lifetime", "score_uplift",
        "score_value",
    ):  # fmt: skip
        empty_tables.execute(f"CREATE OR REPLACE TABLE {table} AS SELECT * FROM {table}")
    return empty_tables


def arm(
    con: duckdb.DuckDBPyConnection,
    account: str,
    *,
    untouched: float | None = 0.2,
    touched: float | None = 0.3,
    status: str | None = None,
    uplift: tuple[float, float, float] | None = None,
    arm_no: int = 1,
    **option: Any,
) -> None:
    """One feasible play; the second lifetime is worth 100, 80 at the low end and 150 at the high one."""
    week = {"as_of_on": "2026-03-02"}
    play = {"account_id": account, "play_id": f"p{arm_no}"}
    put(con, "plan_options", {**play, **week, "arm_no": arm_no, "is_rule_choice": True, "offer_cost_amount": 0, "minutes": 10,
                              "is_price_offer": False, **option})  # fmt: skip
    if touched is not None:
        put(con, "score_propensity", {**play, "touched_prob": touched, "low": touched - 0.05, "high": touched + 0.05})
    if status is not None and uplift is not None:
        value, low, high = uplift
        put(con, "score_uplift", {**play, "uplift_status": status, "uplift_share": value, "uplift_low_share": low,
                                  "uplift_high_share": high})  # fmt: skip
    if arm_no == 1:
        put(con, "score_value", {"account_id": account, "value_at_stake_amount": STAKE})
        put(con, "core_accounts_week", {"account_id": account, "year_amount": YEAR})
        put(con, "score_second_lifetime", {"account_id": account, "value_low_amount": 80, "value_mean_amount": 100,
                                           "value_mid_amount": 95, "value_high_amount": 150})  # fmt: skip
        if untouched is not None:
            put(con, "score_return_time", {"account_id": account, "horizon_days": 56, "prob": untouched,
                                           "low": untouched - 0.02, "high": untouched + 0.02})  # fmt: skip


def values(con: duckdb.DuckDBPyConnection, account: str) -> list[tuple[Any, ...]]:
    """Basis, value in the plan, net value with its ends, by arm."""
    make(con, "score_net_value")
    return con.execute(
        "SELECT value_basis, plan_value_amount, net_value_low_amount, net_value_amount, net_value_high_amount "
        "FROM score_net_value WHERE account_id = ? ORDER BY arm_no",
        [account],
    ).fetchall()


def test_a_gain_is_uplift_times_value_less_what_it_costs(week: duckdb.DuckDBPyConnection) -> None:
    arm(week, "a", status="experimental", uplift=(0.1, 0.05, 0.15), offer_cost_amount=20)
    # touched 0.3: the offer costs 6; 0.1 x 100 - 6, 0.05 x 80 - 6, 0.15 x 150 - 6
    assert values(week, "a") == [("net_value", Decimal(4), Decimal(-2), Decimal(4), Decimal("16.5"))]


def test_a_price_offer_pays_for_those_who_would_have_come_anyway(week: duckdb.DuckDBPyConnection) -> None:
    arm(week, "a", status="experimental", uplift=(0.2, 0.2, 0.2), offer_cost_amount=20, is_price_offer=True)
    ((_, _, _, net, _),) = values(week, "a")
    assert net == Decimal(8)  # 20 - 0.4 x 20 - 0.2 x 20


def test_a_loss_that_lots_have_shown_turns_the_account_away(week: duckdb.DuckDBPyConnection) -> None:
    arm(week, "a", status="experimental", uplift=(-0.1, -0.2, -0.05))
    ((basis, plan, low, net, high),) = values(week, "a")
    assert (basis, plan, net) == ("net_value", Decimal(-10), Decimal(-10)) and low < net < high < 0


@pytest.mark.parametrize(
    ("status", "uplift"),
    [("experimental", (-0.01, -0.1, 0.05)), ("prior_only", (-0.005, -0.1, -0.001)), ("observational", (-0.1, -0.12, -0.08))],
)
def test_a_loss_that_is_not_shown_leaves_the_account_in_doubt(
    week: duckdb.DuckDBPyConnection, status: str, uplift: tuple[float, float, float]
) -> None:
    """Only lots show it, and only where the whole interval is a loss: one unlucky estimate must not empty the lists."""
    arm(week, "a", status=status, uplift=uplift)
    assert values(week, "a") == [("value_at_stake", IN_DOUBT, None, None, None)]


def test_touched_less_than_untouched_is_doubt_too(week: duckdb.DuckDBPyConnection) -> None:
    """Those who were contacted in the past were the harder cases: their rate says nothing against a contact."""
    arm(week, "a", untouched=0.27, touched=0.17)
    assert values(week, "a") == [("value_at_stake", IN_DOUBT, None, None, None)]


def test_who_has_one_arm_that_gains_is_not_in_doubt(week: duckdb.DuckDBPyConnection) -> None:
    arm(week, "a", status="prior_only", uplift=(0.02, -0.1, 0.1), arm_no=1)
    arm(week, "a", status="prior_only", uplift=(-0.02, -0.1, 0.1), arm_no=2)
    assert [(row[0], row[1]) for row in values(week, "a")] == [("net_value", Decimal(2)), ("net_value", Decimal(-2))]


def test_without_a_chance_if_touched_value_at_stake_counts_in_full(week: duckdb.DuckDBPyConnection) -> None:
    arm(week, "a", touched=None)
    arm(week, "a", touched=None, arm_no=2, is_rule_choice=False)
    assert [(row[0], row[1]) for row in values(week, "a")] == [
        ("value_at_stake", AT_STAKE),
        ("value_at_stake", Decimal("496.9800")),
    ]

"""Arms of an account: order, sizes, dominance, the choice by rule; and what holds for any offers and accounts."""

import random
from datetime import timedelta
from decimal import Decimal

import duckdb
import pytest
from offer_rows import AS_OF, account, arms, make_options, offer, offers_of, put, treatment

from winback.contracts.tables import read_table
from winback.offers.kinds import CELLS
from winback.offers.tables import play_choices
from winback.plays.library import load_plays
from winback.plays.play import PRICE_KINDS
from winback.reasons.taxonomy import LEAF_CODES


def test_the_reasons_play_without_and_with_two_offers_and_asking(week: duckdb.DuckDBPyConnection) -> None:
    account(week, "a")
    for name, kind in (("cash", "cash_off"), ("voucher", "voucher"), ("delivery", "free_delivery")):
        offer(week, name, kind, amount=50)
    offer(week, "help", "usage_help")
    # usage_help stands first in the play of 1b; the second is the first that cuts the price, since the first does not.
    assert arms(week) == [
        ("cost_too_high", None, False),
        ("cost_too_high", "help", True),
        ("cost_too_high", "cash", False),
        ("ask_reason", None, False),
    ]
    found = week.execute("SELECT arm_no, minutes, offer_cost_amount, is_price_offer, next_offer_id, offer_gap_amount, "
                         "is_outright FROM plan_options ORDER BY arm_no").fetchall()  # fmt: skip
    assert found == [
        (1, 30, 0, False, "help", 0, True),
        (2, 45, 0, False, "cash", 50, True),
        (3, 30, 50, True, None, None, True),
        (4, 30, 0, False, None, None, False),
    ]


def test_without_any_offer_the_play_alone_is_the_choice(week: duckdb.DuckDBPyConnection) -> None:
    account(week, "a")
    assert arms(week) == [("cost_too_high", None, True), ("ask_reason", None, False)]


@pytest.mark.parametrize(("code", "tier"), [(None, "1"), ("1b", "4"), ("7", "3")])
def test_an_unknown_reason_is_asked_for_without_an_offer(week, code, tier) -> None:
    account(week, "a", code, tier)
    offer(week, "help", "usage_help")
    assert arms(week) == [("ask_reason", None, True)]


@pytest.mark.parametrize(
    ("code", "tier", "has_rule_offer"),
    [("1b", "1", True), ("1b", "2a", True), ("1b", "2b", False), ("1b", "3", False), ("3", "1", False)],
)
def test_by_rule_no_offer_before_the_reason_is_told(week, code, tier, has_rule_offer) -> None:
    account(week, "a", code, tier)
    offer(week, "help", "usage_help")
    without, with_help, _ = arms(week)
    assert (without[2], with_help[2]) == (not has_rule_offer, has_rule_offer)


def test_accounts_that_may_not_be_contacted_have_no_arm(week: duckdb.DuckDBPyConnection) -> None:
    account(week, "a", cause="no_consent")
    assert arms(week) == []


@pytest.mark.parametrize(("n_contacts", "n_arms"), [(0, 2), (1, 0)])
def test_contacts_that_used_up_the_cap_of_the_play_leave_nothing_to_do(week, n_contacts, n_arms) -> None:
    """Who left because of too many calls (code 5) gets one contact and no way around it."""
    account(week, "a", "5")
    cap = load_plays()["over_contacted"].contact_cap
    assert cap.contacts == 1
    contact = {"account_id": "a", "channel": "phone", "direction": "out"}
    last_days = [AS_OF - timedelta(days=cap.within_days)] * n_contacts
    for day in [AS_OF - timedelta(days=cap.within_days + 1), *last_days]:
        put(week, "asof_touchpoints", contact | {"touched_on": day})
    put(week, "asof_touchpoints", contact | {"touched_on": AS_OF - timedelta(days=3), "direction": "in"})
    assert len(arms(week)) == n_arms


def test_where_no_reason_is_sure_the_likeliest_may_be_asked_about(week: duckdb.DuckDBPyConnection) -> None:
    account(week, "a", "1b", "3")
    week.execute("UPDATE score_reasons SET is_abstained = true")
    assert arms(week) == [("ask_reason", None, True), ("cost_too_high", None, False)]
    outright = week.execute("SELECT DISTINCT is_outright FROM plan_options").fetchall()
    assert outright == [(False,)]


@pytest.mark.parametrize(
    ("dependence", "second"),
    [
        ({}, "cash"),
        ({"discount_line_share": 0.49, "discount_only_share": 0.49}, "cash"),
        ({"discount_line_share": 0.5}, "voucher"),
        ({"discount_only_share": 0.5}, "voucher"),
        ({"discount_line_share": 0.1, "shrinking_category_share": 0.5}, "voucher"),
        ({"discount_line_share": 0.1, "shrinking_category_share": 0.4}, "cash"),
        ({"discount_line_share": 0.0, "shrinking_category_share": 0.9}, "cash"),
    ],
)
def test_price_cuts_come_last_for_those_who_depend_on_them(week, dependence, second) -> None:
    account(week, "a", **dependence)
    offer(week, "cash", "cash_off", amount=50)
    offer(week, "voucher", "voucher", amount=50)
    offer(week, "help", "usage_help")
    assert offers_of(week) == ["help", second]


@pytest.mark.parametrize(
    ("cell", "n_sizes", "size"),
    [
        ("H-L", 3, 3), ("H-H", 3, 2), ("L-H", 3, 1), (None, 3, 1),
        ("H-L", 2, 2), ("H-H", 2, 1), ("H-L", 1, 1), ("H-L", 5, 5), ("M-M", 5, 3),
    ],
)  # fmt: skip
def test_bigger_first_offers_to_bigger_potential(week, cell, n_sizes, size) -> None:
    account(week, "a", loyalty_cell=cell)
    for number in range(1, n_sizes + 1):
        offer(week, f"v{number}", "voucher", amount=10 * number)
    assert offers_of(week) == [f"v{size}"]


def test_after_the_first_offer_of_a_lapse_the_smallest_has_to_do(week: duckdb.DuckDBPyConnection) -> None:
    for name, given_on in (("now", "2026-01-05"), ("before", "2025-10-06")):
        account(week, name, loyalty_cell="H-L")
        treatment(week, name, "v1", given_on)
    for number in (1, 2, 3):
        offer(week, f"v{number}", "voucher", amount=10 * number)
    assert (offers_of(week, "now"), offers_of(week, "before")) == (["v1"], ["v3"])


def test_an_offer_that_costs_more_and_is_no_larger_is_left_out(week: duckdb.DuckDBPyConnection) -> None:
    account(week, "a", loyalty_cell="L-L")
    account(week, "b", loyalty_cell="H-L")
    offer(week, "small", "voucher", amount=50)  # costs us 50
    offer(week, "sponsored", "voucher", amount=80, subsidy_share=0.5)  # larger, costs us 40
    offer(week, "same", "voucher", amount=80, subsidy_share=0.5)  # no better: the first by id stays
    offer(week, "large", "voucher", amount=100)
    assert (offers_of(week, "a"), offers_of(week, "b")) == (["same"], ["large"])


def test_sizes_are_not_told_apart_where_the_kind_has_none(week: duckdb.DuckDBPyConnection) -> None:
    account(week, "a", "4", loyalty_cell="H-L")
    offer(week, "more", "service_recovery", amount=90)
    offer(week, "less", "service_recovery", amount=30)
    assert offers_of(week) == ["less"]


def test_that_an_offer_answers_the_reason_is_a_flag_and_no_rule(week: duckdb.DuckDBPyConnection) -> None:
    account(week, "a")
    account(week, "b", "1a")
    offer(week, "help", "usage_help", reason_codes="1a; 3")
    offer(week, "voucher", "voucher", amount=10, reason_codes="1")  # the family of both
    make_options(week)
    found = week.execute(
        "SELECT account_id, offer_id, is_reason_matched FROM plan_options WHERE offer_id IS NOT NULL ORDER BY 1, 2"
    ).fetchall()
    assert found == [("a", "help", False), ("a", "voucher", True), ("b", "help", True), ("b", "voucher", True)]


def test_every_reason_has_a_play_for_every_tier() -> None:
    choices = play_choices()
    assert choices.height == 1 + len(LEAF_CODES) * 5 * 2
    assert set(choices["play_id"]) == set(load_plays())
    assert not choices.filter(is_abstained=True)["is_outright"].any()


def _random_market(con: duckdb.DuckDBPyConnection, seed: int) -> None:
    draw = random.Random(seed)
    con.execute("BEGIN")
    kinds = [row[0] for row in con.execute("SELECT offer_kind FROM core_offer_kinds ORDER BY 1").fetchall()]
    for number in range(40):
        offer(
            con, f"o{number}", draw.choice([*kinds, "other"]), amount=draw.choice([None, 0, 50, 120.5]),
            discount_share=draw.choice([None, 0.05, 0.3, 1.0]), points=draw.choice([None, 500]),
            subsidy_share=draw.choice([None, 0.0, 0.6, 1.0]), budget_amount=draw.choice([None, 0, 100, 9000]),
            segment=draw.choice([None, "k", "l"]), min_value_amount=draw.choice([None, 500]),
            cooldown_days=draw.choice([None, 10, 90]), reason_codes=draw.choice([None, "1b;1d", "2"]),
        )  # fmt: skip
    for number in range(40):
        account(
            con, f"a{number}", draw.choice([*LEAF_CODES, None]), draw.choice(["1", "2a", "2b", "3", "4"]),
            business_kind=draw.choice("kl"), year_amount=draw.choice([100, 5000]), trimmed_amount=draw.choice([0, 33.33, 800]),
            loyalty_cell=draw.choice([*CELLS, None]), discount_line_share=draw.choice([None, 0.0, 0.9]),
            cause=draw.choice([None, None, "no_rep"]), points_balance=draw.choice([None, 3]),
        )  # fmt: skip
        if draw.random() < 0.4:
            treatment(con, f"a{number}", f"o{draw.randrange(40)}", draw.choice(["2026-01-05", "2026-02-23"]))
    con.execute("COMMIT")


@pytest.mark.parametrize("seed", [1, 2])
def test_what_holds_for_any_offers_and_accounts(week: duckdb.DuckDBPyConnection, seed: int) -> None:
    _random_market(week, seed)
    make_options(week)
    options = read_table(week, "plan_options").sort("account_id", "arm_no")
    eligible = week.execute("SELECT account_id FROM plan_candidates WHERE cause IS NULL ORDER BY 1").fetchall()
    assert options["account_id"].unique().sort().to_list() == [row[0] for row in eligible]
    assert options["offer_id"].null_count() < options.height
    for (_name,), rows in options.partition_by("account_id", as_dict=True).items():
        assert rows["arm_no"].to_list() == list(range(1, rows.height + 1))
        assert rows.height <= 4
        assert rows["is_rule_choice"].sum() == 1
        offers = rows["offer_id"].drop_nulls()
        assert offers.len() <= 2
        assert offers.n_unique() == offers.len() == rows["offer_kind"].drop_nulls().n_unique()
        assert rows["offer_id"][0] is None
    assert options["offer_cost_amount"].min() >= Decimal(0)
    assert (options["offer_cost_amount"] <= options["budget_amount"].fill_null(Decimal(10**9))).all()
    assert options["is_price_offer"].to_list() == [kind in PRICE_KINDS for kind in options["offer_kind"]]
    allowed = {play.id: set(play.offers) for play in load_plays().values()}
    assert all(k is None or k in allowed[p] for p, k in options.select("play_id", "offer_kind").iter_rows())
    split = week.execute(
        "SELECT count(*) FROM plan_offer_fits AS fits JOIN core_offers_week AS offers USING (offer_id) "
        "WHERE fits.offer_cost_amount < 0 OR fits.offer_cost_amount > fits.worth_amount "
        "OR abs(fits.offer_cost_amount - fits.worth_amount * (1 - offers.subsidy_share)) > 0.01 "
        "OR fits.offer_cause IS NULL AND fits.offer_cost_amount IS NULL"
    ).fetchone()
    assert split == (0,)


def test_the_order_of_rows_changes_nothing(week: duckdb.DuckDBPyConnection) -> None:
    _random_market(week, 3)
    make_options(week)
    before = read_table(week, "plan_options").sort("account_id", "arm_no")
    for table in ("asof_offers", "plan_candidates", "core_lapses", "core_treatments"):
        week.execute(f"CREATE OR REPLACE TABLE {table} AS SELECT * FROM {table} ORDER BY random()")
    make_options(week)
    assert read_table(week, "plan_options").sort("account_id", "arm_no").equals(before)


def test_names_are_data(week: duckdb.DuckDBPyConnection) -> None:
    hostile = "'; DROP TABLE asof_offers; --"
    account(week, "a%' OR 1=1 --")
    offer(week, hostile, "usage_help", offer_name="=1+1", reason_codes="%;_", segment=None)
    put(week, "asof_offers", {"offer_id": "优惠\n|", "kind": "voucher", "amount": 5})
    assert offers_of(week, "a%' OR 1=1 --") == [hostile, "优惠\n|"]
    flags = week.execute("SELECT DISTINCT is_reason_matched, as_of_on FROM plan_options").fetchall()
    assert flags == [(False, AS_OF)]

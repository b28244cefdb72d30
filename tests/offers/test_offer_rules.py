"""Each rule of an offer, with a case on either side; costs and budgets worked by hand."""

import duckdb
import pytest
from offer_rows import account, cause, causes, make, offer, put, put_week_account, redeem, treatment


@pytest.mark.parametrize(
    ("starts_on", "ends_on", "expected"),
    [
        (None, None, None),
        ("2026-03-02", "2026-03-08", None),
        ("2026-03-03", None, "not_started"),
        (None, "2026-03-07", "ended"),  # not on the week's last day
    ],
)
def test_valid_all_week(week, starts_on, ends_on, expected) -> None:
    account(week, "a")
    offer(week, "o", "cash_off", amount=10, offer_starts_on=starts_on, offer_ends_on=ends_on)
    assert cause(week, "o") == expected


def test_segment_is_the_kind_of_business_and_no_pattern(week: duckdb.DuckDBPyConnection) -> None:
    account(week, "a", business_kind="food")
    account(week, "b", business_kind="%")
    offer(week, "all", "cash_off", amount=10)
    offer(week, "food", "cash_off", amount=10, segment="food")
    offer(week, "any", "cash_off", amount=10, segment="%")
    found = causes(week)
    assert (found["a", "all"], found["a", "food"], found["a", "any"]) == (None, None, "other_segment")
    assert (found["b", "all"], found["b", "food"], found["b", "any"]) == (None, "other_segment", None)


def test_least_value_of_a_year(week: duckdb.DuckDBPyConnection) -> None:
    account(week, "a", year_amount=2000)
    account(week, "b", year_amount=1999)
    offer(week, "o", "cash_off", amount=10, min_value_amount=2000)
    assert causes(week) == {("a", "o"): None, ("b", "o"): "below_min_value"}


@pytest.mark.parametrize(
    ("given_on", "more", "expected"),
    [
        ("2025-12-02", {}, None),  # 90 days ago
        ("2025-12-03", {}, "cooldown"),
        ("2025-12-03", {"assignment": "holdout"}, None),
        ("2025-12-03", {"result": "not_worked", "is_worked": False}, None),
        ("2025-12-03", {"is_worked": False}, "cooldown"),  # nothing heard: it may have been given
    ],
)
def test_an_offer_forbids_all_others_for_its_days(week, given_on, more, expected) -> None:
    account(week, "a")
    offer(week, "o", "cash_off", amount=10, cooldown_days=28)
    offer(week, "long", "voucher", amount=10, cooldown_days=90)
    treatment(week, "a", "long", given_on, **more)
    assert cause(week, "o") == expected


def test_an_offer_asks_for_its_own_days_since_the_last(week: duckdb.DuckDBPyConnection) -> None:
    account(week, "a")
    offer(week, "short", "cash_off", amount=10, cooldown_days=30)
    offer(week, "long", "voucher", amount=10, cooldown_days=60)
    treatment(week, "a", "short", "2026-01-31")  # 30 days ago
    assert causes(week) == {("a", "short"): None, ("a", "long"): "cooldown"}


def test_cooldown_of_the_week_where_the_offer_has_none(week: duckdb.DuckDBPyConnection) -> None:
    account(week, "a")
    account(week, "b")
    offer(week, "o", "cash_off", amount=10)
    redeem(week, "a", "no longer known", "2026-02-02")  # 28 days ago
    redeem(week, "b", "no longer known", "2026-02-03")
    assert causes(week) == {("a", "o"): None, ("b", "o"): "cooldown"}


def test_early_notice_needs_an_interest_on_record(week: duckdb.DuckDBPyConnection) -> None:
    put(week, "asof_products", {"product_id": "p", "category": "c"}, {"product_id": "q", "category": "d"})
    for name in ("told", "other", "noted", "silent"):
        account(week, name, "2c")
    for name, product in (("told", "p"), ("other", "q")):
        row = {"account_id": name, "touched_on": "2026-01-05", "channel": "phone", "product_id": product}
        put(week, "asof_touchpoints", row)
    put(week, "score_mentions", {"account_id": "noted", "as_of_on": "2026-03-02", "touched_on": "2026-01-05",
        "text_sha256": "0", "mention_kind": "interest", "start_char": 0, "end_char": 1, "mention_text": "x"})  # fmt: skip
    offer(week, "product", "early_notice", product_id="p")
    offer(week, "category", "early_notice", category="c")
    offer(week, "any", "early_notice")
    found = causes(week)
    assert {key for key, value in found.items() if value is None} == {
        ("told", "product"), ("told", "category"), ("told", "any"), ("other", "any"), ("noted", "any"),
    }  # fmt: skip
    assert found["silent", "any"] == "no_interest"


def test_points_need_an_account_for_them(week: duckdb.DuckDBPyConnection) -> None:
    account(week, "a", points_balance=0)
    account(week, "b", points_balance=None)
    offer(week, "o", "bonus_points", points=100)
    assert causes(week) == {("a", "o"): None, ("b", "o"): "no_points"}


@pytest.mark.parametrize(
    ("stock", "arrives_on", "expected"),
    [
        (None, None, None),
        (1, None, None),
        (0, None, "out_of_stock"),
        (0, "2026-04-27", None),  # 56 days on, and the text names the day
        (0, "2026-04-28", "out_of_stock"),
    ],
)
def test_goods_are_there_or_will_be(week, stock, arrives_on, expected) -> None:
    put(
        week, "asof_products", {"product_id": "p", "unit_price_amount": 5, "stock_quantity": stock, "arrives_on": arrives_on}
    )
    account(week, "a")
    offer(week, "o", "goods_bundle", product_id="p")
    assert cause(week, "o") == expected


def test_only_kinds_that_the_play_brings(week: duckdb.DuckDBPyConnection) -> None:
    account(week, "a", "5")  # brings early notice only
    account(week, "b", None)  # asks, without an offer
    offer(week, "o", "cash_off", amount=10)
    offer(week, "x", "other", amount=10)
    assert causes(week) == {}
    assert dict(week.execute("SELECT offer_id, offer_cause FROM core_offers_week").fetchall()) == {"o": None, "x": "no_play"}


COSTS = [
    ("cash_off", {"amount": 200}, 200),
    ("cash_off", {"amount": 200, "subsidy_share": 0.25}, 150),
    ("cash_off", {"discount_share": 0.1}, "no_amount"),
    ("discount", {"discount_share": 0.1}, 100),
    ("discount", {"discount_share": 0.1, "subsidy_share": 1}, 0),
    ("discount", {"amount": 10}, "no_share"),
    ("discount_upgrade", {"discount_share": 0.08, "amount": 120}, 200),
    ("discount_upgrade", {"discount_share": 0.08}, "no_amount"),
    ("upgrade", {"amount": 150}, 150),
    ("goods_bundle", {"amount": 260, "subsidy_share": 0.6}, 104),
    ("goods_bundle", {"product_id": "p"}, 480),  # 2.4 x 200
    ("goods_bundle", {"product_id": "dollars"}, "no_amount"),
    ("goods_bundle", {}, "no_amount"),
    ("points", {"points": 2000}, 200),  # at 0.1
    ("bonus_points", {"amount": 30}, 30),
    ("price_difference_refund", {"amount": 50, "discount_share": 0.5}, 50),
    ("price_difference_refund", {"discount_share": 0.05}, 50),
    ("price_difference_refund", {}, "no_amount"),
    ("voucher", {"amount": 180, "subsidy_share": 0.5}, 90),
    ("free_delivery", {}, "no_amount"),
    ("usage_help", {}, 0),
    ("usage_help", {"amount": 60}, 60),
]
"""Kind, columns and cost to us at a usual purchase of 1000, or why the offer cannot be made."""


def test_cost_of_one_redemption_to_us(week: duckdb.DuckDBPyConnection) -> None:
    put(week, "asof_products", {"product_id": "p", "unit_price_amount": 2.4, "min_order_quantity": 200, "currency": "CNY"})
    put(week, "asof_products", {"product_id": "dollars", "unit_price_amount": 2.4, "currency": "USD"})
    week.execute("DELETE FROM core_play_offers")
    week.execute("INSERT INTO core_play_offers SELECT 'cost_too_high', offer_kind, 1 FROM core_offer_kinds")
    account(week, "a")
    for number, (kind, columns, _) in enumerate(COSTS):
        offer(week, str(number), kind, **columns)
    make(week, "core_offers_week", "plan_offer_fits")
    rows = week.execute("SELECT offer_id, offer_cause, offer_cost_amount FROM plan_offer_fits").fetchall()
    found = {int(offer_id): cause or float(cost) for offer_id, cause, cost in rows}
    assert [found[number] for number in range(len(COSTS))] == [cost for _, _, cost in COSTS]


def test_budget_less_what_was_and_what_may_be_redeemed(week: duckdb.DuckDBPyConnection) -> None:
    account(week, "a")
    for name, usual in (("b", 500), ("c", 2000)):
        put_week_account(week, name, usual)
    offer(week, "o", "discount", discount_share=0.1, subsidy_share=0.5, budget_amount=280, offer_starts_on="2026-01-01")
    redeem(week, "b", "o", "2026-01-10")  # 500 x 0.1 x 0.5 = 25
    redeem(week, "b", "o", "2026-01-10")  # another line of the same purchase
    redeem(week, "b", "o", "2025-12-31")  # before the offer began
    redeem(week, "c", "o", "2026-01-12", kind="refund")
    treatment(week, "c", "o", "2026-02-02", is_settled=False)  # open: 2000 x 0.1 x 0.5 = 100
    treatment(week, "b", "o", "2026-01-05", is_settled=False)  # redeemed above
    treatment(week, "c", "o", "2026-02-02", is_settled=False, result="refused")
    treatment(week, "c", "o", "2026-02-02", is_settled=False, assignment="holdout")
    treatment(week, "c", "o", "2025-12-29")  # its horizon has passed
    make(week, "core_offers_week")
    row = week.execute(
        "SELECT n_redeemed, n_reserved, redeemed_cost_amount, reserved_cost_amount, budget_left_amount FROM core_offers_week"
    ).fetchone()
    assert row == (1, 1, 25, 100, 155)


@pytest.mark.parametrize(("budget", "expected"), [(None, None), (100, None), (99, "over_budget"), (0, "over_budget")])
def test_what_is_left_must_pay_for_one(week, budget, expected) -> None:
    account(week, "a")
    offer(week, "o", "discount", discount_share=0.1, budget_amount=budget)
    assert cause(week, "o") == expected


def test_more_spent_than_the_budget_leaves_nothing(week: duckdb.DuckDBPyConnection) -> None:
    put_week_account(week, "b", 500)
    offer(week, "o", "cash_off", amount=100, budget_amount=50)
    redeem(week, "b", "o", "2026-01-10")
    make(week, "core_offers_week")
    assert week.execute("SELECT budget_left_amount FROM core_offers_week").fetchone() == (0,)

"""Features of loyalty and payment on a few rows, with the expected result beside them."""

from datetime import date

import duckdb
from feature_rows import accounts, contact, features, lapse, make_accounts, put, spend

# ---- loyalty ---------------------------------------------------------------------------------------------------------


def test_loyalty_and_usage_in_thirds_of_the_peers(week: duckdb.DuckDBPyConnection) -> None:
    # Six peers buy for 10, 20 ... 60 on three days 10 days apart, the last one 20, 30 ... days before February; one bought once.
    for number in range(1, 7):
        first = date(2026, 2, 1).toordinal() - 10 * number
        days = [date.fromordinal(first + 10 * step) for step in range(3)]
        accounts(week, f"p{number}", points_balance=number)
        spend(week, f"p{number}", *[(str(day), "x") for day in days], amount=10 * number)
    accounts(week, "single")
    spend(week, "single", ("2026-02-01", "x"), amount=1)
    accounts(week, "lone", size_class="other")
    spend(week, "lone", ("2026-01-01", "x"), ("2026-02-01", "x"))
    make_accounts(week)
    lapse(week, "p6", "2026-01-31")  # 59 days after its first spend, its last 20 days after: 2 gaps of 5.9 expected
    found = features(week, "feat_loyalty", "points_balance, n_peers, usage_level, loyalty_level, loyalty_cell")
    assert found == {
        "p1": (1, 7, "L", "H", "L-H"),
        "p2": (2, 7, "L", "H", "L-H"),
        "p3": (3, 7, "M", "M", "M-M"),
        "p4": (4, 7, "M", "L", "M-L"),
        "p5": (5, 7, "H", "L", "H-L"),
        "p6": (6, 7, "H", "M", "H-M"),
        "single": (None, 7, "L", None, None),
        "lone": (None, 1, None, None, None),
    }
    kept = features(week, "feat_loyalty", "purchases_kept_share")
    assert (kept["p1"], kept["p6"], kept["single"]) == ((round(20 / 39, 6),), (round(20 / 59, 6),), (None,))


def test_discounts_and_thinning_baskets(week: duckdb.DuckDBPyConnection) -> None:
    accounts(week, "a", "b")
    spend(week, "a", ("2024-06-01", "x"), discount_amount=3)  # more than a year before the last spend
    spend(week, "a", *[("2025-05-01", "x")] * 4, discount_amount=0)
    spend(week, "a", ("2026-01-01", "x"), ("2026-02-01", "x"), discount_amount=3)
    spend(week, "a", ("2026-02-01", "x"), offer_id="o")
    spend(week, "a", ("2026-01-01", "x"))
    spend(week, "b", ("2026-01-01", "x"))
    make_accounts(week)
    assert features(week, "feat_loyalty", "discount_line_share, discount_only_share, basket_lines_ratio") == {
        "a": (3 / 8, 1 / 3, 0.5),
        "b": (0.0, 0.0, None),
    }


def test_categories_that_shrink_while_others_stay(week: duckdb.DuckDBPyConnection) -> None:
    accounts(week, "a", "b")
    spend(week, "a", *[(day, "ink") for day in ("2025-01-01", "2025-01-11", "2025-01-21")])
    spend(week, "a", *[(day, "paper") for day in ("2025-01-01", "2025-01-11", "2025-02-21")])
    spend(week, "a", ("2025-01-05", "tape"), ("2025-01-06", "tape"))
    spend(week, "b", *[(day, "ink") for day in ("2025-01-01", "2025-01-11", "2025-01-21")])
    make_accounts(week)
    assert features(week, "feat_loyalty", "shrinking_category_share") == {"a": (0.5,), "b": (0.0,)}


# ---- payment ---------------------------------------------------------------------------------------------------------


def test_payments_on_time_late_and_open(week: duckdb.DuckDBPyConnection) -> None:
    accounts(week, "a", "b")
    for due, paid in (
        ("2026-01-10", "2026-01-10"),
        ("2026-01-20", "2026-01-24"),  # 4 days late
        ("2026-02-20", None),  # open for 10
        ("2026-02-28", "2026-03-02"),  # not paid yet: open for 2
        ("2025-01-01", None),  # open, but due more than a year ago
        ("2026-03-02", None),  # not yet due
    ):
        spend(week, "a", ("2025-12-01", "x"), due_on=due, paid_on=paid)
    spend(week, "a", ("2025-12-01", "x"), due_on="2026-01-01", kind="refund")
    spend(week, "b", ("2025-12-01", "x"), paid_through_on="2026-02-20")
    make_accounts(week)
    names = (
        "n_payments_due, n_late_payments, late_payment_share, mean_late_days, n_open_dues, open_due_days, paid_through_days"
    )
    assert features(week, "feat_payment", names) == {
        "a": (4, 3, 0.75, 16 / 3, 3, 425, None),
        "b": (0, 0, None, None, 0, None, -10),
    }


def test_contract_changes_of_half_a_year(week: duckdb.DuckDBPyConnection) -> None:
    accounts(week, "a", "b", "c")
    for account in "abc":
        spend(week, account, ("2025-12-01", "x"))
    for account, day, kind in (
        ("a", "2025-09-03", "suspended"),  # 180 days ago
        ("a", "2025-09-02", "cut"),  # 181
        ("a", "2026-02-01", "renamed"),
        ("a", "2026-02-01", "ownership_change"),
        ("a", "2026-02-01", "credit_grade"),
        ("b", "2024-01-01", "suspended"),
        ("b", "2024-01-01", "resumed"),
        ("b", "2026-01-01", "transferred"),
    ):
        put(week, "asof_account_events", {"account_id": account, "event_on": day, "kind": kind})
    make_accounts(week)
    names = (
        "n_suspended_180, n_resumed_180, n_cut_180, n_transferred_180, n_renamed_180, n_ownership_changes_180, "
        "n_credit_grade_changes_180, is_suspended"
    )
    assert features(week, "feat_payment", names) == {
        "a": (1, 0, 0, 0, 1, 1, 1, True),
        "b": (0, 0, 0, 1, 0, 0, 0, False),
        "c": (0, 0, 0, 0, 0, 0, 0, False),
    }


def test_reminders_that_nobody_answered(week: duckdb.DuckDBPyConnection) -> None:
    for account in ("silent", "answered", "paid", "not_reminded"):
        accounts(week, account)
        spend(week, account, ("2026-02-10" if account == "paid" else "2025-12-01", "x"))
    for account in ("silent", "answered", "paid"):
        contact(week, account, "2026-02-01", "sms", "out", kind="renewal_reminder")
    contact(week, "silent", "2026-01-31", "phone", "in")
    contact(week, "silent", "2026-02-05", "phone", "out", kind="care")
    contact(week, "answered", "2026-02-01", "phone", "in")
    make_accounts(week)
    assert features(week, "feat_payment", "has_unanswered_reminder") == {
        "silent": (True,),
        "answered": (False,),
        "paid": (False,),
        "not_reminded": (False,),
    }

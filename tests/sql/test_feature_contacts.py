"""Features of categories and contacts on a few rows, with the expected result beside them."""

import duckdb
from feature_rows import accounts, contact, features, lapse, make_accounts, put, spend

# ---- categories ------------------------------------------------------------------------------------------------------


def test_what_came_went_and_stopped_first(week: duckdb.DuckDBPyConnection) -> None:
    accounts(week, "a", "b", "c")
    # a: ink every 10 days until 2025-03-21, paper every 20 until 2025-04-10, toner to the end, and tape once, late.
    spend(week, "a", *[(day, "ink") for day in ("2025-03-01", "2025-03-11", "2025-03-21")])
    spend(week, "a", *[(day, "paper") for day in ("2025-03-01", "2025-03-21", "2025-04-10")], amount=100)
    spend(week, "a", *[(day, "toner") for day in ("2025-03-01", "2025-09-01", "2026-02-20")], amount=20)
    spend(week, "a", ("2026-02-20", "tape"))
    spend(week, "b", ("2026-02-01", "ink"), ("2026-02-11", "ink"))
    spend(week, "c", ("2026-02-01", None))
    make_accounts(week)
    names = "n_categories, n_categories_recent, n_categories_earlier, n_categories_dropped, n_categories_new"
    assert features(week, "feat_categories", names) == {"a": (4, 2, 3, 2, 1), "b": (1, 1, 0, 0, 1), "c": (0, 0, 0, 0, 0)}
    names = "categories_kept_share, top_category, top_category_spend_share, n_categories_stopped"
    assert features(week, "feat_categories", names) == {
        "a": (1 / 3, "paper", 300 / 400, 2),
        "b": (None, "ink", 1.0, 0),
        "c": (None, None, None, 0),
    }
    names = "first_stopped_category, first_stopped_days, overdue_category, overdue_category_days"
    assert features(week, "feat_categories", names) == {
        "a": ("ink", 346, "ink", 336),  # last bought 2025-03-21, expected 2025-03-31
        "b": (None, None, "ink", 9),  # expected 2026-02-21
        "c": (None, None, None, None),
    }


def test_the_top_category_is_told_in_base_currency(week: duckdb.DuckDBPyConnection) -> None:
    accounts(week, "a")
    put(week, "asof_fx_rates", {"currency": "USD", "rate_on": "2026-01-01", "rate": 7})
    spend(week, "a", ("2026-02-01", "ink"), amount=100_000, currency="USD")
    spend(week, "a", ("2026-02-01", "paper"), amount=300_000)
    make_accounts(week)
    assert features(week, "feat_categories", "top_category, top_category_spend_share") == {"a": ("ink", 0.7)}


# ---- contacts --------------------------------------------------------------------------------------------------------


def test_contacts_by_direction_time_and_channel(week: duckdb.DuckDBPyConnection) -> None:
    accounts(week, "a", "b")
    spend(week, "a", ("2026-01-01", "x"))
    spend(week, "b", ("2026-01-01", "x"))
    contact(week, "a", "2026-02-02", "phone", "out", kind="care")  # 28 days ago
    contact(week, "a", "2026-02-01", "visit", "out", kind="care")  # 29
    contact(week, "a", "2025-12-02", "chat", "in", kind="complaint")  # 90
    contact(week, "a", "2025-03-02", "web", "in", kind="inquiry", complaint_type="price")  # 365
    contact(week, "a", "2025-03-01", "mail", "out", kind="sales")  # 366
    make_accounts(week)
    names = "n_contacts_in_28, n_contacts_in_90, n_contacts_in_365, n_contacts_out_28, n_contacts_out_90, n_contacts_out_365"
    assert features(week, "feat_contacts", names) == {"a": (0, 1, 2, 1, 2, 2), "b": (0, 0, 0, 0, 0, 0)}
    names = "phone_contact_share, visit_contact_share, mail_contact_share, message_contact_share"
    assert features(week, "feat_contacts", names) == {"a": (0.25, 0.25, 0.0, 0.25), "b": (None,) * 4}
    names = "last_contact_days, last_contact_in_days, n_complaint_contacts"
    assert features(week, "feat_contacts", names) == {"a": (28, 90, 2), "b": (None, None, 0)}


def test_promises_are_open_until_they_are_kept(week: duckdb.DuckDBPyConnection) -> None:
    promises = {
        "kept": ("2026-02-10", "2026-02-10"),
        "late": ("2026-02-10", "2026-02-11"),
        "open": ("2026-02-10", None),
        "kept_on_the_monday": ("2026-02-10", "2026-03-02"),
        "not_yet_due": ("2026-03-02", None),
    }
    for account, (due, done) in promises.items():
        accounts(week, account)
        spend(week, account, ("2026-01-01", "x"))
        contact(week, account, "2026-02-01", "phone", "in", promise_due_on=due, promise_done_on=done)
    make_accounts(week)
    assert features(week, "feat_contacts", "has_open_promise, promise_overdue_days, n_promises_broken") == {
        "kept": (False, None, 0),
        "late": (False, None, 1),
        "open": (True, 20, 1),
        "kept_on_the_monday": (True, 20, 1),
        "not_yet_due": (False, None, 0),
    }


def test_coming_back_on_one_matter_before_the_lapse(week: duckdb.DuckDBPyConnection) -> None:
    for account in ("two_channels", "thrice", "twice", "ours", "after_the_lapse", "long_before"):
        accounts(week, account)
        spend(week, account, ("2025-12-01", "x"))
    make_accounts(week)
    for account, days, channels, direction in (
        ("two_channels", ("2025-12-03", "2025-12-05"), ("phone", "mail"), "in"),
        ("thrice", ("2025-12-03", "2025-12-05", "2025-12-31"), ("phone",) * 3, None),
        ("twice", ("2025-12-03", "2025-12-05"), ("phone",) * 2, "in"),
        ("ours", ("2025-12-03", "2025-12-05"), ("phone", "mail"), "out"),
        ("after_the_lapse", ("2025-12-31", "2026-01-01"), ("phone", "mail"), "in"),
        ("long_before", ("2025-10-31", "2025-11-01"), ("phone", "mail"), "in"),
    ):
        lapse(week, account, "2026-01-01")
        for day, channel in zip(days, channels, strict=True):
            key = "matter_id" if account == "two_channels" else "complaint_type"
            contact(week, account, day, channel, direction, **{key: "m"})
    assert features(week, "feat_contacts", "n_matter_contacts, has_repeated_matter") == {
        "two_channels": (2, True),
        "thrice": (3, True),
        "twice": (2, False),
        "ours": (0, False),
        "after_the_lapse": (1, False),
        "long_before": (1, False),
    }


def test_who_decides_was_met_and_who_left(week: duckdb.DuckDBPyConnection) -> None:
    for account in ("met", "not_met", "nobody_decides", "unknown"):
        accounts(week, account)
        spend(week, account, ("2026-01-01", "x"))
    put(
        week,
        "asof_people",
        {"person_id": "p1", "account_id": "met", "role": "owner", "valid_to_on": "2026-01-15"},
        {"person_id": "p2", "account_id": "met", "role": "operator", "valid_to_on": "2026-03-02"},
        {"person_id": "p3", "account_id": "not_met", "role": "owner", "valid_to_on": "2025-07-04"},
        {"person_id": "p4", "account_id": "not_met", "is_decision_maker": False, "role": "owner"},
        {"person_id": "p5", "account_id": "nobody_decides", "valid_to_on": "2025-07-05"},
    )
    contact(week, "met", "2025-01-01", "phone", "out", person_id="p1")
    contact(week, "not_met", "2025-01-01", "phone", "out", person_id="p4")
    make_accounts(week)
    assert features(week, "feat_contacts", "has_decision_maker, has_met_decision_maker, n_people_left") == {
        "met": (True, True, 1),
        "not_met": (True, False, 0),
        "nobody_decides": (False, False, 1),
        "unknown": (False, None, 0),
    }

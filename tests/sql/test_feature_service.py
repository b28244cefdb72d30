"""Features of service and usage on a few rows, with the expected result beside them."""

from decimal import Decimal

import duckdb
import pytest
from feature_rows import accounts, contact, features, lapse, make_accounts, put, spend, use

# ---- service ---------------------------------------------------------------------------------------------------------


def test_standards_are_judged_by_what_was_known_at_the_lapse(week: duckdb.DuckDBPyConnection) -> None:
    accounts(week, "a", "b")
    spend(week, "a", ("2025-12-01", "x"))
    spend(week, "b", ("2025-12-01", "x"))
    make_accounts(week)
    lapse(week, "a", "2026-01-01")
    put(
        week,
        "asof_service_standards",
        {"standard_id": "s5", "kind": "repair", "limit_days": 5},
        {"standard_id": "s2", "kind": "repair", "limit_days": 2},
    )
    for reported, done, more in (
        ("2025-12-01", "2025-12-06", {"standard_id": "s5"}),  # in time
        ("2025-12-01", "2025-12-06", {}),  # 3 over the strictest standard of its kind
        (
            "2025-12-20",
            "2026-02-01",
            {"standard_id": "s5", "promised_on": "2025-12-25"},
        ),  # open for 12 days at the lapse: 7 over
        ("2025-12-30", None, {}),  # open for 2 days
        ("2025-06-03", None, {}),  # more than 180 days before the last spend
        ("2026-01-01", None, {}),  # after the lapse
    ):
        put(
            week,
            "asof_service_events",
            {"account_id": "a", "reported_on": reported, "done_on": done, "kind": "repair", **more},
        )
    for account in ("a", "b"):  # without a standard
        put(week, "asof_service_events", {"account_id": account, "reported_on": "2025-12-01", "kind": "other"})
    names = "n_service_cases, n_standards_missed, standards_missed_share, standard_overrun_days, n_service_late"
    assert features(week, "feat_service", names) == {"a": (5, 2, 0.5, 7.0, 1), "b": (1, 0, None, None, 0)}


def test_claims_and_complaints_left_open(week: duckdb.DuckDBPyConnection) -> None:
    accounts(week, "a", "b")
    spend(week, "a", ("2025-12-01", "x"))
    spend(week, "b", ("2025-12-01", "x"))
    make_accounts(week)
    lapse(week, "a", "2026-01-01")
    for day, kind, done, amount in (
        ("2020-01-01", "claim", "2020-01-02", "12.50"),
        ("2025-12-05", "claim", None, None),
        ("2025-12-05", "complaint", "2026-01-01", None),
        ("2025-12-05", "complaint", "2025-12-31", None),
        ("2025-12-05", "repair", None, "5"),
    ):
        row = {"account_id": "a", "reported_on": day, "kind": kind, "done_on": done, "amount": amount}
        put(week, "asof_service_events", row)
    contact(week, "a", "2025-12-05", "phone", "in", kind="complaint", matter_id="settled later", is_resolved=False)
    contact(week, "a", "2025-12-08", "phone", "out", kind="service", matter_id="settled later", is_resolved=True)
    contact(week, "a", "2025-12-05", "phone", "in", kind="complaint", matter_id="settled too late", is_resolved=False)
    contact(week, "a", "2026-01-01", "phone", "out", kind="service", matter_id="settled too late", is_resolved=True)
    contact(
        week, "a", "2025-12-06", "mail", "in", kind="complaint", promise_due_on="2025-12-08", promise_done_on="2025-12-09"
    )
    contact(week, "a", "2025-12-07", "mail", "in", complaint_type="price", promise_due_on="2025-12-09")
    contact(week, "a", "2025-12-10", "mail", "in", kind="complaint")  # nobody knows
    names = "n_claims, claim_amount, n_open_complaint_cases, n_open_complaint_contacts"
    assert features(week, "feat_service", names) == {"a": (2, Decimal("12.5"), 2, 2), "b": (0, Decimal(0), 0, 0)}


def test_incidents_that_met_the_account(week: duckdb.DuckDBPyConnection) -> None:
    accounts(week, "north", region="north")
    accounts(week, "south", region="south")
    accounts(week, "nowhere")
    for account in ("north", "south", "nowhere"):
        spend(week, account, ("2025-12-01", "ink"))
    make_accounts(week)
    lapse(week, "north", "2026-01-01")
    for number, (start, end, region, category, notice) in enumerate(
        (
            ("2025-12-10 02:00:00", "2025-12-10 04:00:00", "north", None, "2025-12-09 10:00:00"),
            ("2025-10-01 00:00:00", "2025-11-03 00:00:00", "north", None, None),  # ends 28 days before the last spend
            ("2025-10-01 00:00:00", "2025-11-02 00:00:00", "north", None, None),
            ("2026-01-01 00:00:00", None, None, None, None),  # everywhere, not over; too late for the lapsed one
            ("2025-12-10 00:00:00", "2025-12-10 04:00:00", None, "ink", "2025-12-10 01:00:00"),  # told after it began
            ("2025-12-10 00:00:00", "2025-12-10 04:00:00", None, "paper", None),
        )
    ):
        row = {"incident_id": str(number), "started_at": start, "ended_at": end, "affected_region": region}
        put(week, "asof_incidents", {**row, "affected_category": category, "notice_sent_at": notice})
    assert features(week, "feat_service", "n_incidents, n_incidents_unannounced") == {
        "north": (3, 2),
        "south": (2, 2),
        "nowhere": (2, 2),
    }


# ---- usage -----------------------------------------------------------------------------------------------------------


def test_usage_beside_five_peers(week: duckdb.DuckDBPyConnection) -> None:
    for number in range(5):
        accounts(week, f"p{number}")
        use(week, f"p{number}", "2026-01-01", "2026-01-10", cost_amount=100 * (number + 1), n_clicks=50, n_inquiries=number)
        spend(week, f"p{number}", ("2026-01-01", "x"))
    accounts(week, "idle")
    spend(week, "idle", ("2026-01-01", "x"))
    accounts(week, "lone", size_class="other")
    use(week, "lone", "2026-01-01", "2026-01-10", cost_amount=100, n_clicks=50)
    spend(week, "lone", ("2026-01-01", "x"))
    make_accounts(week)
    found = features(week, "feat_usage", "n_usage_peers, usage_days, cost_per_day_amount, cost_peer_ratio, cost_rank_share")
    assert found["p0"] == (5, 10, 10.0, 1 / 3, 0.0)
    assert found["p4"] == (5, 10, 50.0, 5 / 3, 1.0)
    assert found["idle"] == (5, 0, None, None, None)
    assert found["lone"] == (1, 10, 10.0, None, None)
    names = "cost_per_click_amount, inquiries_per_cost, inquiries_peer_ratio, inquiries_rank_share"
    found = features(week, "feat_usage", names)
    assert found["p0"] == (2.0, 0.0, 0.0, 0.0)
    assert found["p1"] == (4.0, 5.0, 5 / 6.666667, 0.25)  # the median peer: 2 inquiries for 300
    assert found["lone"] == (2.0, None, None, None)


def test_usage_beside_the_own_past(week: duckdb.DuckDBPyConnection) -> None:
    accounts(week, "a")
    spend(week, "a", ("2025-12-01", "x"))
    make_accounts(week)
    lapse(week, "a", "2026-01-10")
    use(week, "a", "2025-08-01", "2025-08-10", cost_amount=100, n_clicks=20, n_inquiries=4, n_visits=18)
    use(week, "a", "2025-09-26", "2025-10-05", cost_amount=100, n_clicks=20, n_inquiries=4, n_visits=18)  # 57 days before
    use(week, "a", "2025-09-27", "2025-10-06", cost_amount=100, n_clicks=30, n_inquiries=2, n_visits=15, n_orders=1)
    use(week, "a", "2025-12-01", "2025-12-07", cost_amount=70, n_clicks=70, n_inquiries=1, n_visits=35, n_orders=0)
    use(week, "a", "2026-01-01", "2026-01-10", cost_amount=999, n_clicks=999, n_inquiries=99)  # ends with the lapse
    put(week, "asof_account_setup", {"account_id": "a", "daily_cap_amount": 20, "site_uptime_share": 0.9})
    names = "usage_days, cost_per_day_amount, inquiries_own_ratio, clicks_jump_ratio, visits_per_click, orders_per_inquiry"
    past, recent = 1000 * 8 / 200, 1000 * 3 / 170
    assert features(week, "feat_usage", names)["a"] == pytest.approx((17, 10, recent / past, 10 / 2.5, 0.5, 1 / 3), abs=1e-6)
    assert features(week, "feat_usage", "cap_used_ratio, site_uptime_share, reply_minutes") == {"a": (0.5, 0.9, None)}

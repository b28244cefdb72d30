"""Which row fills a fact: the windows, the order, and what stays missing."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import duckdb
import pytest

from sql import queries
from tests.playbook.listed_rows import AS_OF, facts_of, lapsed_account, put_rows, set_up
from winback.contracts.tables import replace_from_query

A = {"account_id": "a"}
PHONE = A | {"channel": "phone"}


@pytest.fixture
def week(empty_tables: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """One account, 'a' of region 'north' and the tea trade, lapsed on 2026-01-01 after its last purchase on 2025-11-01."""
    set_up(empty_tables)
    own: dict[str, dict[str, str]] = {"core_accounts_week": {}, "core_purchase_cycles": {}}
    own |= {"core_lapses": {"business_kind": "tea"}, "asof_accounts": {"region": "north"}}
    put_rows(empty_tables, [(name, row | own[name]) for name, row in lapsed_account("a") if name in own])
    return empty_tables


def fact(con: duckdb.DuckDBPyConnection, *names: str, play_id: str = "few_inquiries", **listed: Any) -> tuple[Any, ...]:
    """The named columns of `out_facts` for the account under a play."""
    row = A | {"row_key": "R", "week_on": AS_OF, "play_id": play_id, "assignment": "treated"} | listed
    con.execute("DELETE FROM plan_assignments")
    put_rows(con, [("plan_assignments", row)])
    (found,) = facts_of(con).select(names).rows()
    return found


def test_a_row_of_which_nothing_is_known_has_its_rhythm_only(week: duckdb.DuckDBPyConnection) -> None:
    assert fact(week, "silence_days", "language", "temperament", "is_outright") == (121, None, None, False)
    assert fact(week, "promise", "incident_facts", "change_text", "product_name", "n_visits", "evidence_text") == (None,) * 6


def test_a_holdout_has_no_facts(week: duckdb.DuckDBPyConnection) -> None:
    put_rows(week, [("plan_assignments", A | {"row_key": "R", "play_id": "ask_reason", "assignment": "holdout"})])
    assert facts_of(week).height == 0


def test_an_overdue_promise_comes_before_one_kept_late_and_one_kept_in_time_is_none(week: duckdb.DuckDBPyConnection) -> None:
    def promised(text: str, due: str, done: str | None, touched: str = "2025-12-01") -> None:
        put_rows(week, [("asof_touchpoints", PHONE | {"promise": text, "promise_due_on": date.fromisoformat(due),
                                                      "promise_done_on": done and date.fromisoformat(done),
                                                      "touched_on": date.fromisoformat(touched)})])  # fmt: skip

    promised("in time", "2025-12-10", "2025-12-10")
    promised("not due yet", "2026-03-02", None)
    promised("late long ago", "2024-12-10", "2024-12-12", touched="2024-12-01")
    assert fact(week, "promise") == (None,)
    promised("kept late", "2025-12-11", "2025-12-12")
    assert fact(week, "promise", "promise_due_on") == ("kept late", date(2025, 12, 11))
    promised("overdue", "2026-02-01", None)
    promised("kept after the week", "2026-01-20", "2026-03-02")
    assert fact(week, "promise", "promise_due_on") == ("kept after the week", date(2026, 1, 20))
    written_back = {
        "row_key": "ROLD",
        "promise": "written back",
        "promise_due_on": date(2026, 1, 2),
        "worked_on": date(2026, 1, 1),
    }
    past = A | {"row_key": "ROLD", "play_id": "ask_reason", "assignment": "treated"}
    put_rows(week, [("asof_outcomes", written_back), ("core_past_assignments", past)])
    assert fact(week, "promise", "promise_due_on") == ("written back", date(2026, 1, 2))


def test_the_newest_complaint_event_and_rival_of_this_lapse(week: duckdb.DuckDBPyConnection) -> None:
    rows: list[tuple[str, dict[str, Any]]] = [
        ("asof_touchpoints", PHONE | {"touched_on": date(2025, 5, 4), "kind": "complaint", "complaint_type": "too early"}),
        ("asof_account_events", A | {"event_on": date(2025, 5, 4), "kind": "renamed"}),
        ("asof_account_events", A | {"event_on": date(2026, 2, 4), "kind": "cut"}),
    ]
    put_rows(week, rows)
    assert fact(week, "complaint_type", "complaint_on", "account_event_on", "rival_name") == (None,) * 4
    put_rows(
        week,
        [
            ("asof_touchpoints", PHONE | {"touched_on": date(2025, 5, 5), "kind": "complaint"}),
            ("asof_account_events", A | {"event_on": date(2025, 5, 5), "kind": "transferred"}),
            ("score_mentions", A | {"mention_kind": "rival", "mention_text": "Old", "touched_on": date(2025, 1, 1)}),
            ("score_mentions", A | {"mention_kind": "rival", "mention_text": "New", "touched_on": date(2025, 1, 2)}),
        ],
    )
    found = fact(week, "complaint_type", "complaint_on", "account_event_on", "rival_name")
    assert found == (None, date(2025, 5, 5), date(2025, 5, 5), "New")


def test_the_case_that_missed_its_standard_by_most(week: duckdb.DuckDBPyConnection) -> None:
    def case(name: str, reported: str, done: str | None, **more: Any) -> tuple[str, dict[str, Any]]:
        days = {"reported_on": date.fromisoformat(reported), "done_on": done and date.fromisoformat(done)}
        return "asof_service_events", A | {"service_event_id": name, "kind": "repair"} | days | more

    put_rows(
        week,
        [
            (
                "asof_service_standards",
                {"standard_id": "s1", "standard_name": "Strict", "kind": "repair", "limit_days": 2.0},
            ),
            (
                "asof_service_standards",
                {"standard_id": "s2", "standard_name": "Lenient", "kind": "repair", "limit_days": 9.0},
            ),
            case("in time", "2025-11-01", "2025-11-03"),
            case("within its own", "2025-11-05", "2025-11-12", standard_id="s2"),
            case("before", "2025-05-04", "2025-07-01"),
            case("after", "2026-01-01", "2026-02-01"),
        ],
    )
    assert fact(week, "standard_name") == (None,)
    put_rows(week, [case("late", "2025-11-20", "2025-11-25"), case("still open", "2025-12-20", "2026-03-02")])
    names = ("standard_name", "limit_days", "reported_on", "done_on")
    assert fact(week, *names) == ("Strict", 2.0, date(2025, 12, 20), None)


def test_the_newest_incident_that_met_the_account(week: duckdb.DuckDBPyConnection) -> None:
    def incident(name: str, start: str, end: str | None, **more: Any) -> tuple[str, dict[str, Any]]:
        times = {"started_at": datetime.fromisoformat(start), "ended_at": end and datetime.fromisoformat(end)}
        return "asof_incidents", {"incident_id": name, "incident_facts": name} | times | more

    put_rows(
        week,
        [
            incident("too early", "2025-10-01T00:00", "2025-10-03T23:00"),
            incident("after the lapse", "2026-01-01T00:00", "2026-01-02T00:00"),
            incident("elsewhere", "2025-12-01T00:00", "2025-12-02T00:00", affected_region="south"),
            incident("other goods", "2025-12-01T00:00", "2025-12-02T00:00", affected_category="coffee"),
        ],
    )
    assert fact(week, "incident_facts") == (None,)
    put_rows(week, [incident("everywhere", "2025-10-04T00:00", "2025-10-04T05:00")])
    assert fact(week, "incident_facts") == ("everywhere",)
    notice = datetime(2026, 3, 2, 8)
    put_rows(
        week, [incident("not over", "2025-12-30T08:30", "2026-03-02T01:00", affected_region="north", notice_sent_at=notice)]
    )
    names = ("incident_facts", "started_at", "ended_at", "notice_sent_at")
    assert fact(week, *names) == ("not over", datetime(2025, 12, 30, 8, 30), None, None)


def test_a_change_answers_the_plays_reason_since_the_last_purchase_where_the_account_is(
    week: duckdb.DuckDBPyConnection,
) -> None:
    def change(text: str, day: str, code: str | None, **more: Any) -> None:
        row = {"change_id": text, "change_text": text, "changed_on": date.fromisoformat(day), "reason_code": code}
        put_rows(week, [("asof_changes", row | more)])

    change("before the last purchase", "2025-11-01", "1a")
    change("another leaf", "2026-02-01", "1b")
    change("another region", "2026-02-01", "1a", region="south")
    change("another category", "2026-02-01", "1a", category="coffee")
    change("no reason", "2026-02-01", None)
    assert fact(week, "change_text") == (None,)
    change("family", "2026-02-02", "1", region="north")
    assert fact(week, "change_text", "changed_on") == ("family", date(2026, 2, 2))
    change("leaf", "2026-02-02", "1a")
    assert fact(week, "change_text") == ("leaf",)
    assert fact(week, "change_text", play_id="cost_too_high") == ("family",)
    put_rows(week, [("score_reasons", A | {"likeliest_code": "1b"})])
    assert fact(week, "change_text", play_id="ask_reason") == ("family",)


def test_a_peer_is_named_with_consent_only_and_never_the_account_itself(week: duckdb.DuckDBPyConnection) -> None:
    def case(name: str, **more: Any) -> None:
        row = {"case_id": name, "business_kind": "tea", "reason_code": "1a", "peer_name": name, "has_case_consent": True}
        put_rows(week, [("asof_reference_cases", row | more)])

    case("refused", has_case_consent=False)
    case("never asked", has_case_consent=None)
    case("itself", account_id="a")
    case("another trade", business_kind="steel")
    case("another reason", reason_code="4")
    case("withdrawn", valid_to_on=date(2026, 3, 1))
    assert fact(week, "peer_name", "has_case_consent") == (None, None)
    case("a far one", region="south")
    case("b near one", region="north", reason_code="1")
    assert fact(week, "peer_name", "has_case_consent") == ("b near one", True)


def test_usage_is_summed_over_the_periods_that_count(week: duckdb.DuckDBPyConnection) -> None:
    for last, n in (("2025-09-05", 1000), ("2025-09-06", 1), ("2025-12-31", 20), ("2026-01-01", 1000)):
        days = {"period_from_on": date(2025, 9, 1), "period_to_on": date.fromisoformat(last)}
        put_rows(week, [("asof_usage", A | days | {"n_visits": n, "cost_amount": Decimal(n)})])
    assert fact(week, "n_visits", "cost_amount", "n_clicks") == (21, Decimal(21), None)


def test_goods_are_said_to_arrive_only_while_none_is_there(week: duckdb.DuckDBPyConnection) -> None:
    lines = [("p1", "2025-01-01"), ("p2", "2025-02-01"), ("p2", "2025-03-01"), ("p3", "2025-04-01"), ("p3", "2024-01-01")]
    for product, day in lines:
        put_rows(
            week, [("asof_spend", A | {"product_id": product, "spent_on": date.fromisoformat(day), "kind": "purchase"})]
        )
    for product, day in (("p2", "2026-03-01"), ("p3", "2026-03-02")):
        goods = {"product_id": product, "product_name": product, "stock_quantity": Decimal(0)}
        put_rows(week, [("asof_products", goods | {"arrives_on": date.fromisoformat(day)})])
    assert fact(week, "product_name", "arrives_on") == ("p3", date(2026, 3, 2))
    week.execute("UPDATE asof_products SET stock_quantity = 1")
    assert fact(week, "product_name", "arrives_on") == ("p3", None)


@pytest.mark.parametrize(
    ("reason", "option", "is_outright"),
    [
        ({"primary_code": "1a", "reason_tier": "1", "is_abstained": False}, True, True),
        ({"primary_code": "1a", "reason_tier": "1", "is_abstained": False}, False, False),
        ({"primary_code": "1a", "reason_tier": "1", "is_abstained": False}, None, False),
        ({"primary_code": "1", "reason_tier": "1", "is_abstained": False}, True, False),
        ({"primary_code": "1a", "reason_tier": "3", "is_abstained": False}, True, False),
        ({"primary_code": None, "reason_tier": "1", "is_abstained": True}, True, False),
        (None, True, False),
    ],
)
def test_a_reason_is_outright_only_if_stated_or_confirmed_and_the_arm_says_so(
    week: duckdb.DuckDBPyConnection, reason: dict[str, Any] | None, option: bool | None, is_outright: bool
) -> None:
    if reason is not None:
        put_rows(week, [("score_reasons", A | {"likeliest_code": "1a", "runner_up_code": "1b"} | reason)])
    if option is not None:
        arm = A | {"play_id": "few_inquiries", "is_outright": option}
        put_rows(week, [("plan_options", arm | {"offer_id": "O", "is_outright": False}), ("plan_options", arm)])
    assert fact(week, "is_outright") == (is_outright,)


@pytest.mark.parametrize(
    ("tier", "code", "shown"), [("1", "1a", "1a"), ("3", "1a", "1a"), ("4", "1a", None), ("3", "7", None)]
)
def test_a_code_that_nothing_speaks_for_is_no_fact(
    week: duckdb.DuckDBPyConnection, tier: str, code: str, shown: str | None
) -> None:
    put_rows(week, [("score_reasons", A | {"likeliest_code": code, "runner_up_code": code, "reason_tier": tier})])
    assert fact(week, "likeliest_code", "runner_up_code") == (shown, shown)


def test_whom_to_address(week: duckdb.DuckDBPyConnection) -> None:
    def address(play_id: str) -> tuple[Any, ...]:
        week.execute("DELETE FROM plan_assignments")
        put_rows(week, [("plan_assignments", A | {"row_key": "R", "play_id": play_id, "assignment": "explore"})])
        replace_from_query(week, "out_contacts", queries()["out_contacts"].text)
        (row,) = week.execute("SELECT person_id, contact_role, temperament, language FROM out_contacts").fetchall()
        return row

    def person(name: str, role: str | None, **more: Any) -> None:
        put_rows(week, [("asof_people", A | {"person_id": name, "role": role} | more)])

    assert address("decision_maker_uninformed") == (None, "operator", None, None)
    put_rows(
        week,
        [
            ("score_mentions", A | {"mention_kind": "temper_amiable", "touched_on": date(2026, 1, 1)}),
            ("score_mentions", A | {"mention_kind": "temper_driver", "touched_on": date(2026, 1, 2)}),
        ],
    )
    person("p0", "owner", valid_to_on=date(2026, 3, 1))
    person("p1", None)
    assert address("ask_reason") == ("p1", "decision_maker", "driver", None)
    person("p2", "operator", language="en", temperament="analytical")
    assert address("decision_maker_uninformed") == ("p2", "operator", "analytical", "en")
    assert address("ask_reason")[0] == "p1"
    person("p3", "manager")
    assert address("ask_reason")[:2] == ("p3", "manager")
    person("p4", "owner")
    assert address("ask_reason")[:2] == ("p4", "owner")
    person("p5", None, is_decision_maker=True)
    assert address("ask_reason")[:2] == ("p5", "decision_maker")
    assert address("decision_maker_uninformed")[:2] == ("p2", "operator")
    assert fact(week, "language") == (None,)
    week.execute("UPDATE asof_accounts SET language = 'zh-Hant'")
    assert fact(week, "language", play_id="decision_maker_uninformed") == ("zh-Hant",)

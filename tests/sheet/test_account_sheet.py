"""The account sheet on a few rows, worked by hand, as of 2026-03-02."""

import json
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import duckdb
import pytest

from data_contracts import load_contract
from winback.config import Settings
from winback.contracts.tables import replace_from_frame
from winback.errors import UsageError
from winback.publication.week_ledger import Week
from winback.publication.week_parameters import week_row
from winback.sheet import plan_sql
from winback.sheet.build import PURCHASE_ROWS, TIMELINE_ROWS, account_sheet, account_sheets
from winback.sheet.plain import plain_sheet

AS_OF = date(2026, 3, 2)
_PLAIN: dict[str, Any] = {
    "string": "x",
    "date": AS_OF,
    "integer": 1,
    "decimal": 1,
    "fine_decimal": 1,
    "double": 0.5,
    "boolean": False,
}


def put(con: duckdb.DuckDBPyConnection, table: str, **values: Any) -> None:
    """Insert one row; required columns that are not named get a plain value."""
    fields = load_contract(table.removeprefix("asof_")).fields
    needed = {f.name: f.allowed[0] if f.allowed else _PLAIN[f.type] for f in fields if f.is_required}
    row = needed | values
    con.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})", list(row.values()))


def ago(days: int) -> date:
    return AS_OF - timedelta(days=days)


@pytest.fixture
def con(empty_tables: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    replace_from_frame(empty_tables, "core_week", week_row(Week(AS_OF, 1, 1, "running"), Settings()))
    put(empty_tables, "asof_accounts", account_id="A", account_name="Jade Tea", business_kind="tea")
    put(empty_tables, "core_accounts_week", account_id="A", business_kind="tea", trimmed_amount=100)
    return empty_tables


def buy(con: duckdb.DuckDBPyConnection, account_id: str, *purchases: tuple[int, int, str]) -> None:
    """Purchases as (days ago, amount, category), oldest first."""
    for number, (days, amount, category) in enumerate(purchases, start=1):
        put(con, "core_purchase_days", account_id=account_id, purchase_no=number, spent_on=ago(days), day_amount=amount)
        put(con, "asof_spend", account_id=account_id, spent_on=ago(days), amount=amount, category=category, kind="purchase")


def test_an_unknown_account_and_a_workspace_without_a_week_are_said_so(con, empty_tables) -> None:
    with pytest.raises(UsageError, match="no account 'B' was known in the week of 2026-03-02"):
        account_sheet(con, "B")
    empty_tables.execute("DELETE FROM core_week")
    with pytest.raises(UsageError, match="no week has been run"):
        account_sheet(empty_tables, "A")


def test_ids_never_reach_sql_text(con) -> None:
    hostile = "A'); DROP TABLE core_week; --"
    put(con, "asof_accounts", account_id=hostile)
    assert list(account_sheets(con, [hostile, "A", "A"])) == ["A", hostile]
    assert con.execute("SELECT count(*) FROM core_week").fetchone() == (1,)


def test_categories_stand_by_amount_with_what_is_overdue(con) -> None:
    buy(con, "A", (90, 40, "green"), (60, 50, "green"), (40, 70, "black"))
    for category, amount, next_on in (("green", 90, ago(30)), ("black", 70, ago(-5)), ("*", None, ago(30))):
        put(
            con, "core_purchase_cycles", account_id="A", category=category, category_amount=amount, next_expected_on=next_on,
            cycle_days=30,
        )  # fmt: skip
    found = [(c.category, c.spend_amount, c.overdue_days) for c in account_sheet(con, "A").categories]
    assert found == [("green", Decimal(90), 30), ("black", Decimal(70), None)]


def test_the_largest_order_is_dated_and_the_newest_purchases_come_first(con) -> None:
    buy(con, "A", *((200 - k, 10 + (k == 3) * 90 + (k == 5) * 90, "green") for k in range(PURCHASE_ROWS + 2)))
    sheet = account_sheet(con, "A")
    assert (sheet.behaviour["max_day_amount"], sheet.behaviour["max_day_on"]) == (100, ago(197)), (
        "the first of two equal ones"
    )
    assert [p.spent_on for p in sheet.purchases] == [ago(d) for d in range(189, 189 + PURCHASE_ROWS)]
    assert sheet.purchases[0].categories == "green"


def test_the_trend_compares_two_halves_of_the_log_with_the_mean_peer(con) -> None:
    """Four stretches of 28 days: A spent 20 in the older two and 10 in the newer, its five peers 100 and 150 in all."""
    buy(con, "A", (112, 20, "green"), (28, 10, "green"))
    for number in range(4):
        put(con, "core_accounts_week", account_id=f"P{number}", business_kind="tea")
        buy(con, f"P{number}", (100, 20, "green"), (20, 35, "green"))
    sheet = account_sheet(con, "A")
    assert [p.spend_amount for p in sheet.periods] == [10, 0, 0, 20], "a purchase 28 days ago is of the newest stretch"
    assert [p.peer_amount for p in sheet.periods] == [30, 0, 0, 20]
    assert (sheet.trend_days, sheet.trend_share, sheet.peer_trend_share) == (56, -0.5, 0.5)


def test_below_five_peers_nothing_is_compared(con) -> None:
    buy(con, "A", (112, 20, "green"), (28, 10, "green"))
    sheet = account_sheet(con, "A")
    assert sheet.peer_trend_share is None and sheet.trend_share == -0.5


def test_the_timeline_holds_all_channels_newest_first_and_is_capped(con) -> None:
    put(con, "asof_people", person_id="P", account_id="A", person_name="Ms Li")
    put(
        con,
        "asof_touchpoints",
        account_id="A",
        touched_on=ago(9),
        channel="phone",
        kind="sales",
        note_text="n",
        person_id="P",
    )
    put(con, "asof_touchpoints", account_id="A", touched_on=ago(7), channel="visit", kind="care", complaint_type="price")
    put(con, "asof_service_events", account_id="A", service_event_id="S", reported_on=ago(8), kind="repair", done_on=ago(-1))
    put(con, "asof_account_events", account_id="A", event_id="E", event_on=ago(6), kind="renamed", detail="new name")
    put(con, "ledger_assignments", row_key="R0000001", account_id="A")
    put(con, "asof_outcomes", row_key="R0000001", worked_on=ago(5), result="interested", customer_quote="perhaps")
    found = [(m.happened_on, m.entry_kind, m.subject, m.note_text) for m in account_sheet(con, "A").timeline]
    assert found == [
        (ago(5), "worked", "interested", "perhaps"),
        (ago(6), "event", "renamed", "new name"),
        (ago(7), "contact", "price", None),
        (ago(8), "case", "repair", None),
        (ago(9), "contact", "sales", "n"),
    ]
    assert account_sheet(con, "A").timeline[4].person_name == "Ms Li"
    assert account_sheet(con, "A").timeline[3].done_on is None, "done on a day that has not come yet"
    for number in range(TIMELINE_ROWS + 5):
        put(con, "asof_touchpoints", account_id="A", touched_on=ago(100 + number), channel="phone")
    assert len(account_sheet(con, "A").timeline) == TIMELINE_ROWS


def test_promises_stay_until_they_are_kept(con) -> None:
    put(con, "asof_touchpoints", account_id="A", touched_on=ago(20), promise="late", promise_due_on=ago(10))
    put(con, "asof_touchpoints", account_id="A", touched_on=ago(20), promise="due", promise_due_on=ago(-3))
    put(
        con,
        "asof_touchpoints",
        account_id="A",
        touched_on=ago(20),
        promise="kept",
        promise_due_on=ago(10),
        promise_done_on=ago(9),
    )
    put(con, "out_promises", account_id="A", row_key="R1", promise="written", promised_on=ago(4))
    found = [(p.promise, p.overdue_days) for p in account_sheet(con, "A").promises]
    assert found == [("late", 10), ("due", -3), ("written", None)]


def test_missed_standards_are_told_with_dates(con) -> None:
    put(con, "asof_service_standards", standard_id="S", standard_name="Within two days", limit_days=2)
    for number, days in enumerate((2, 5, None)):
        done = None if days is None else ago(30) + timedelta(days=days)
        put(
            con, "asof_service_events", account_id="A", service_event_id=f"V{number}", standard_id="S", reported_on=ago(30),
            done_on=done,
        )  # fmt: skip
    found = [(m.standard_name, m.took_days, m.done_on) for m in account_sheet(con, "A").missed_standards]
    assert found == [("Within two days", 5, ago(25)), ("Within two days", 30, None)]


def test_people_stand_deciders_first_without_those_who_left(con) -> None:
    put(con, "asof_people", person_id="1", account_id="A", person_name="left", is_decision_maker=True, valid_to_on=ago(1))
    put(con, "asof_people", person_id="2", account_id="A", person_name="owner", role="owner")
    put(con, "asof_people", person_id="3", account_id="A", person_name="operator", role="operator", is_decision_maker=True)
    assert [p.person_name for p in account_sheet(con, "A").people] == ["operator", "owner"]


def test_what_is_bought_together_needs_support_and_comes_into_the_plan(con, monkeypatch: pytest.MonkeyPatch) -> None:
    """On 10 of 20 days tea and cups were bought together, of 10 with cups and 20 with tea: lift 10 x 20 / (20 x 10) = 1; on 10
    more days, the oldest, only pots were bought, which makes it 1.5 where they are looked at."""
    put(con, "asof_products", product_id="CUP", product_name="Cups", category="cups", unit_price_amount=1, stock_quantity=90)
    put(con, "asof_products", product_id="TEA", product_name="Tea", category="green", unit_price_amount=10)
    for number in range(30):
        account_id = f"P{number % 6}"
        lines = (
            [("POT", "pots", 1)] if number >= 20 else [("TEA", "green", 8)] + ([("CUP", "cups", 4)] if number < 10 else [])
        )
        put(con, "core_purchase_days", account_id=account_id, purchase_no=number, spent_on=ago(50 + number), day_amount=10)
        for product, category, quantity in lines:
            put(
                con, "asof_spend", account_id=account_id, spent_on=ago(50 + number), amount=10, product_id=product,
                category=category, quantity=quantity, kind="purchase",
            )  # fmt: skip
    put(
        con, "asof_spend", account_id="A", spent_on=ago(400), amount=80, product_id="TEA", category="green", quantity=8,
        kind="purchase",
    )  # fmt: skip
    tea, cups = account_sheet(con, "A").plan
    assert (tea.product_name, tea.quantity, tea.line_amount, tea.why) == ("Tea", 8, Decimal("80.00"), "usual")
    assert (cups.product_name, cups.quantity, cups.line_amount, cups.lift) == ("Cups", 4, Decimal("4.00"), 1.5)
    monkeypatch.setattr(plan_sql, "NEWEST_BASKETS", 20)
    assert len(account_sheet(con, "A").plan) == 1, "of the newest 20 days half have both, as chance would have it"
    monkeypatch.setattr(plan_sql, "NEWEST_BASKETS", 25)
    assert account_sheet(con, "A").plan[1].lift == 1.25, "five of the days with pots"
    monkeypatch.undo()
    con.execute("DELETE FROM asof_spend WHERE spent_on = ?", [ago(50)])
    assert len(account_sheet(con, "A").plan) == 1, "nine days are too few"


def test_a_foreign_amount_counts_in_base_currency(con) -> None:
    put(con, "asof_fx_rates", currency="EUR", rate_on=ago(500), rate=8)
    put(con, "asof_spend", account_id="A", spent_on=ago(40), amount=10, currency="EUR", category="green", kind="purchase")
    (usual,) = account_sheet(con, "A").plan
    assert usual.line_amount == 80


def test_a_sheet_is_plain_json(con) -> None:
    buy(con, "A", (112, 20, "green"), (28, 10, "green"))
    document = json.loads(json.dumps(plain_sheet(account_sheet(con, "A"))))
    assert document["as_of_on"] == "2026-03-02" and document["behaviour"]["max_day_on"] == "2025-11-10"
    assert document["trend_share"] == -0.5 and document["listed"] is None


def test_a_sheet_knows_the_row_of_the_week_or_why_there_is_none(con) -> None:
    assert account_sheet(con, "A").listed is None
    put(con, "out_not_this_week", account_id="A", cause="no_capacity")
    assert account_sheet(con, "A").cause == "no_capacity"
    put(con, "out_playbook", account_id="A", action="Call", talk_track="Say hello.")
    listed = account_sheet(con, "A").listed or {}
    assert (listed["account_id"], listed["action"], listed["talk_track"]) == ("A", "Call", "Say hello.")

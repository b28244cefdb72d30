"""Listed rows with every fact known, put into the tables that the SQL of `out_facts` reads.

Belongs here: one account's rows in all those tables, with any one column changed, and the facts and words made from them. Does not
belong here: what is expected.

Every account has a region, a kind of business, a product and a standard of its own, so that a change to one column of one of them
moves that account alone. Each is listed under every play.
"""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import duckdb
import polars as pl

from data_contracts import load_contract, table_names
from sql import queries
from winback.config import Settings
from winback.contracts.tables import read_table, registered, replace_from_frame, replace_from_query
from winback.playbook.words import word_rows
from winback.plays.facts import load_facts
from winback.plays.library import load_plays
from winback.plays.tables import play_rows, step_rows
from winback.plays.written import Language
from winback.publication.week_ledger import Week
from winback.publication.week_parameters import week_row

AS_OF = date(2026, 3, 2)
LAST_SPEND_ON, LAPSED_ON = date(2025, 11, 1), date(2026, 1, 1)
TABLES = (
    "out_contacts", "out_facts_contacts", "out_facts_service", "out_facts_usage", "out_facts_answers", "out_facts_goods",
    "out_facts", "out_offers",
)  # fmt: skip
_FILL = {
    "string": "x", "date": AS_OF, "timestamp": datetime(2026, 1, 5, 2), "integer": 1, "decimal": Decimal(1), "double": 0.5,
    "boolean": False,
}  # fmt: skip
_CHANGED: dict[str, Any] = {
    "n_standards_missed": 0, "reason_tier": "3", "likeliest_code": "1c", "runner_up_code": "1d", "complaint_type": "metering",
    "inquiries_own_ratio": 0.8, "arrives_on": date(2026, 4, 9),
}  # fmt: skip


def lapsed_account(account_id: str) -> list[tuple[str, dict[str, Any]]]:
    """Rows of every table, by table; with all facts of the library in them."""
    a, own = {"account_id": account_id}, f"own of {account_id}"
    week = {"as_of_on": AS_OF}
    lapse = {
        "business_kind": own, "cycle_group": "x", "cycle_days": 14.0, "last_spend_on": LAST_SPEND_ON, "lapsed_on": LAPSED_ON,
        "silence_days": 121, "lapsed_days": 60, "n_purchase_days": 9, "trimmed_amount": Decimal(100), "year_amount": Decimal(900),
        "next_expected_on": date(2025, 11, 15),
    }  # fmt: skip
    touched = {"touched_on": date(2025, 12, 2), "channel": "phone", "direction": "in"}
    return [
        ("core_lapses", a | week | lapse),
        ("core_accounts_week", a | lapse | {"paid_through_on": date(2025, 12, 31)}),
        ("core_purchase_cycles", a | {"category": "*"}),
        ("asof_accounts", a | {"account_name": "Xq", "region": own, "points_balance": 170, "language": None, "taboos": None}),
        ("asof_people", a | {"person_id": "P", "person_name": "Li", "role": "owner", "phone": "1", "temperament": None}),
        ("score_reasons", a | week | {"primary_code": "1a", "likeliest_code": "1a", "runner_up_code": "1b", "is_abstained": False,
                                      "reason_tier": "1", "evidence_text": "quoted", "evidence_on": date(2025, 12, 2)}),
        ("score_mentions", a | week | {"mention_kind": "rival", "mention_text": "Rivalio", "touched_on": date(2025, 12, 2)}),
        ("score_open_issues", a | week | {"issue_kind": "open_complaint", "n_open_issues": 2}),
        ("feat_spend", a | week | {"max_day_amount": Decimal(333)}),
        ("feat_usage", a | week | {"usage_days": 56, "cost_per_day_amount": 12.0, "cost_per_click_amount": 3.0,
                                   "inquiries_own_ratio": 0.4, "clicks_jump_ratio": 2.5, "orders_per_inquiry": 0.2,
                                   "visits_per_click": 0.7, "n_usage_peers": 17, "cost_peer_ratio": 1.4,
                                   "cost_per_click_peer_ratio": 1.6, "inquiries_peer_ratio": 0.5}),
        ("feat_market", a | week | {"n_market_peers": 19, "lapsed_peers_share": 0.3, "season_ratio": 0.6}),
        ("feat_contacts", a | week | {"n_contacts_out_28": 3, "n_contacts_out_90": 8, "last_contact_days": 29, "n_people_left": 2,
                                      "has_met_decision_maker": False}),
        ("feat_lapse", a | week | {"n_calls_before": 6, "is_silent_sufferer": True}),
        ("feat_service", a | week | {"n_standards_missed": 1, "n_claims": 4, "claim_amount": Decimal(55)}),
        ("feat_payment", a | week | {"n_open_dues": 2, "open_due_days": 44, "has_unanswered_reminder": True}),
        ("asof_account_setup", a | {"purpose": "brand", "keyword_fit_share": 0.5, "ad_quality_score": 6.5, "mean_rank": 3.4,
                                    "daily_cap_amount": Decimal(80), "target_regions": "north", "site_uptime_share": 0.9,
                                    "reply_minutes": 35.0}),
        ("asof_usage", a | {"period_from_on": date(2025, 11, 1), "period_to_on": date(2025, 12, 2), "n_visits": 71, "n_clicks": 91,
                            "n_inquiries": 7, "n_messages": 5, "n_orders": 2, "cost_amount": Decimal(610)}),
        ("asof_touchpoints", a | touched | {"touchpoint_id": f"T1 {own}", "promise": "call back",
                                          "promise_due_on": date(2025, 12, 9)}),
        ("asof_touchpoints", a | touched | {"touchpoint_id": f"T2 {own}", "kind": "complaint", "complaint_type": "bad_manner"}),
        ("asof_account_events", a | {"kind": "renamed", "event_on": date(2025, 10, 3)}),
        ("asof_service_standards", {"standard_id": own, "standard_name": "Reply in time", "limit_days": 2.0}),
        ("asof_service_events", a | {"service_event_id": f"S {own}", "standard_id": own, "kind": "request",
                                     "reported_on": date(2025, 12, 1), "done_on": date(2025, 12, 20)}),
        ("asof_incidents", {"incident_id": f"I {own}", "affected_region": own, "incident_facts": "Texts stood still",
                            "started_at": datetime(2025, 12, 5, 2), "ended_at": datetime(2025, 12, 5, 4),
                            "notice_sent_at": datetime(2025, 12, 5, 3), "notice_audience": "all shops"}),
        *[("asof_changes", {"change_id": f"C{family} {own}", "region": own, "reason_code": family, "change_text": "Faster replies",
                            "changed_on": date(2026, 2, 3)}) for family in "1234567"],
        *[("asof_reference_cases", {"case_id": f"K{family} {own}", "business_kind": own, "reason_code": family,
                                    "peer_name": "Peerly", "case_text": "Sold more",
                                    "has_case_consent": True}) for family in "1234567"],
        ("asof_products", {"product_id": own, "product_name": "Tea box", "stock_quantity": Decimal(0),
                            "arrives_on": date(2026, 4, 1)}),
        ("asof_spend", a | {"product_id": own, "spent_on": LAST_SPEND_ON, "amount": Decimal(1), "kind": "purchase"}),
    ]  # fmt: skip


def with_source_changed(account_id: str, fact: str) -> list[tuple[str, dict[str, Any]]]:
    """The rows of an account that differs from the others in the one column that fills `fact`."""
    table, column = load_facts()[fact].source.split(".")
    holders = {table, f"asof_{table}"}
    return [
        (name, row | {column: _changed(fact, row[column])} if name in holders and row.get(column) is not None else row)
        for name, row in lapsed_account(account_id)
    ]


def listings(account_id: str) -> list[tuple[str, dict[str, Any]]]:
    """The account on a list under every play."""
    return [
        ("plan_assignments", {"row_key": f"{account_id}|{play_id}", "account_id": account_id, "week_on": AS_OF, "play_id": play_id,
                              "assignment": "treated"})
        for play_id in load_plays()
    ]  # fmt: skip


def set_up(con: duckdb.DuckDBPyConnection, language: Language = "en") -> None:
    """The week and the catalogue; tables of others that have no contract yet are left to them."""
    replace_from_frame(con, "core_week", week_row(Week(AS_OF, 1, 1, "running"), Settings()))
    replace_from_frame(con, "core_plays", play_rows(language))
    replace_from_frame(con, "core_play_steps", step_rows(language))


def put_rows(con: duckdb.DuckDBPyConnection, rows: list[tuple[str, dict[str, Any]]]) -> None:
    """Insert rows by table, required columns that are not given filled with anything."""
    for table in sorted({name for name, _ in rows}):
        prefixed = table.startswith("asof_") or table not in table_names()
        contract = load_contract(table.removeprefix("asof_") if prefixed else table)
        given = [row for name, row in rows if name == table]
        whole = [
            {f.name: row.get(f.name, _FILL[f.type] if f.is_required and not prefixed else None) for f in contract.fields}
            for row in given
        ]
        with registered(con, "_rows", pl.DataFrame(whole, infer_schema_length=None)):
            con.execute(f"INSERT INTO {table} BY NAME SELECT * FROM _rows")


def facts_of(con: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """`out_facts` made anew."""
    for table in TABLES:
        replace_from_query(con, table, queries()[table].text)
    return read_table(con, "out_facts")


def words_of(facts: pl.DataFrame, language: Language, offers: pl.DataFrame | None = None) -> pl.DataFrame:
    """The words of rows of `out_facts`, without offers and drivers unless given."""
    no_offers = pl.DataFrame(schema={"row_key": pl.String})
    no_drivers = pl.DataFrame(schema={"account_id": pl.String, "driver_no": pl.Int64, "driver_text": pl.String})
    return word_rows(facts, no_offers if offers is None else offers, no_drivers, language=language, currency="CNY")


def _changed(fact: str, value: Any) -> Any:
    if fact in _CHANGED:
        return _CHANGED[fact]
    match value:
        case bool():
            return not value
        case int():
            return value + 3
        case float() | Decimal():
            return value * 12 / 10 if fact.endswith(("ratio", "share", "per_click", "per_inquiry")) else value + 11
        case datetime():
            return value + timedelta(hours=1)
        case date():
            return value + timedelta(days=1)
        case _:
            return f"{value}x"

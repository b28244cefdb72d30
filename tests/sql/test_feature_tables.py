"""What holds for every table of features: missing inputs, one row an account, nothing of the Monday or later."""

from typing import Any

import duckdb
import pytest
from feature_rows import accounts, features, make, make_accounts, put, set_week, spend

from data_contracts import load_contract, table_names
from winback.contracts.as_of import as_of_view_sql, core_view_sql
from winback.contracts.ddl import raw_table_ddl, table_ddl
from winback.contracts.identifiers import quote_name

FEATURES = ("feat_categories", "feat_contacts", "feat_service", "feat_usage", "feat_loyalty", "feat_payment")
KEY = ("account_id", "as_of_on")


@pytest.mark.parametrize("table", FEATURES)
def test_inputs_never_delivered_stay_missing(week: duckdb.DuckDBPyConnection, table: str) -> None:
    accounts(week, "a", "b")
    spend(week, "a", ("2026-01-01", None), ("2026-02-01", None))
    spend(week, "b", ("2026-01-01", None))
    make_accounts(week)
    make(week, table)
    measured = {"n_peers", "purchases_kept_share", "basket_lines_ratio"}  # what spend alone says
    columns = [c for c in load_contract(table).columns if c not in KEY and c not in measured]
    assert week.execute(f"SELECT count(*), {', '.join(f'count({c})' for c in columns)} FROM {table}").fetchall() == [
        (2, *[0] * len(columns))
    ]


@pytest.mark.parametrize("table", FEATURES)
def test_every_account_with_counted_spend_has_one_row(week: duckdb.DuckDBPyConnection, table: str) -> None:
    accounts(week, "a", "b", "never")
    spend(week, "a", ("2026-01-01", "x"), ("2026-02-01", "y"), ("2026-02-01", "y"))
    spend(week, "b", ("2026-01-01", "x"))
    put(
        week,
        "asof_touchpoints",
        *[{"account_id": "a", "touched_on": "2026-01-05", "channel": "phone", "person_id": "p"}] * 2,
    )
    put(week, "asof_people", {"person_id": "p", "account_id": "a"}, {"person_id": "q", "account_id": "a"})
    put(week, "asof_service_events", *[{"account_id": "a", "reported_on": "2026-01-05", "kind": "repair"}] * 2)
    put(week, "asof_service_standards", *[{"standard_id": s, "kind": "repair", "limit_days": 2} for s in "xy"])
    put(week, "asof_incidents", *[{"incident_id": n, "started_at": "2026-02-10 08:00:00"} for n in "xy"])
    put(week, "asof_account_events", *[{"account_id": "a", "event_on": "2026-01-05", "kind": "cut"}] * 2)
    make_accounts(week)
    assert list(features(week, table, "as_of_on")) == ["a", "b"]


def test_what_is_dated_on_the_monday_or_later_changes_nothing() -> None:
    """Through the real views: rows of the Monday, and later dates inside rows of before (done, paid, kept, ended, left)."""
    before, after = _features(is_late=False), _features(is_late=True)
    assert all(before.values())
    assert after == before


def _features(*, is_late: bool) -> dict[str, list[tuple[Any, ...]]]:
    with duckdb.connect() as con:
        for name in table_names("computed"):
            con.execute(table_ddl(load_contract(name)))
        set_week(con)
        for name in table_names("input"):
            contract = load_contract(name)
            con.execute(raw_table_ddl(contract))
            con.execute(f"CREATE VIEW {quote_name(f'core_{name}')} AS {core_view_sql(contract)}")
            con.execute(f"CREATE VIEW {quote_name(f'asof_{name}')} AS {as_of_view_sql(contract)}")
        for name, row in _received(is_late):
            put(con, f"raw_{name}", {**row, "_file_id": 1, "_line": 1, "_batch": 1, "_file_on": "2026-01-01"})
        make_accounts(con)
        make(con, *FEATURES)
        return {table: con.execute(f"SELECT * FROM {table} ORDER BY ALL").fetchall() for table in FEATURES}


def _received(is_late: bool) -> list[tuple[str, dict[str, Any]]]:
    """Rows of before the Monday; where `is_late`, with what became known on it or later."""

    def later(**columns: Any) -> dict[str, Any]:
        return columns if is_late else {}

    a: dict[str, Any] = {"account_id": "a"}
    days = ("2025-06-01", "2025-10-01", "2026-02-01")
    rows: list[tuple[str, dict[str, Any]]] = [
        ("accounts", {**a, "business_kind": "k", "region": "north"}),
        *[("spend", {**a, "spent_on": d, "amount": 5, "kind": "purchase", "category": "x"}) for d in days],
        (
            "spend",
            {
                **a,
                "spent_on": "2026-02-02",
                "amount": 5,
                "kind": "top_up",
                "due_on": "2026-02-20",
                **later(paid_on="2026-03-09"),
            },
        ),
        (
            "touchpoints",
            {
                **a,
                "touched_on": "2026-02-01",
                "channel": "phone",
                "direction": "in",
                "kind": "complaint",
                "person_id": "p",
                "matter_id": "m",
                "promise_due_on": "2026-02-10",
                **later(promise_done_on="2026-03-02"),
            },
        ),
        ("people", {**a, "person_id": "p", "is_decision_maker": True, **later(valid_to_on="2026-03-02")}),
        (
            "service_events",
            {**a, "reported_on": "2026-02-02", "kind": "complaint", "standard_id": "s", **later(done_on="2026-03-09")},
        ),
        ("service_standards", {"standard_id": "s", "kind": "complaint", "limit_days": 3}),
        (
            "incidents",
            {"incident_id": "i", "started_at": "2026-02-20 01:00:00", **later(ended_at="2026-03-02 00:00:00")},
        ),
        (
            "usage",
            {
                **a,
                "period_from_on": "2026-02-01",
                "period_to_on": "2026-03-01",
                "cost_amount": 9,
                "n_clicks": 3,
                "n_inquiries": 2,
            },
        ),
        ("account_events", {**a, "event_on": "2026-01-05", "kind": "suspended"}),
    ]
    if is_late:
        monday = "2026-03-02"
        rows += [
            ("spend", {**a, "spent_on": monday, "amount": 999, "kind": "purchase", "category": "new", "offer_id": "o"}),
            (
                "touchpoints",
                {**a, "touched_on": monday, "channel": "mail", "direction": "in", "matter_id": "m", "is_resolved": True},
            ),
            ("people", {**a, "person_id": "q", "is_decision_maker": True, "valid_from_on": monday}),
            ("service_events", {**a, "reported_on": monday, "kind": "claim", "amount": 7}),
            ("incidents", {"incident_id": "j", "started_at": "2026-03-02 00:00:00"}),
            ("usage", {**a, "period_from_on": "2026-02-03", "period_to_on": monday, "cost_amount": 99, "n_clicks": 99}),
            ("account_events", {**a, "event_on": monday, "kind": "resumed"}),
            ("account_setup", {**a, "site_uptime_share": 0.5, "valid_from_on": monday}),
            ("accounts", {**a, "business_kind": "other", "points_balance": 5, "valid_from_on": monday}),
        ]
    return rows

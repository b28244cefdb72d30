"""A market of a few listed accounts, made by hand, for the tests of pages and deliveries."""

from datetime import date, timedelta
from typing import Any

import duckdb

from data_contracts import Field, load_contract
from winback.config import Settings, WorkspaceSettings
from winback.contracts.tables import replace_from_frame
from winback.publication.week_ledger import Week
from winback.publication.week_parameters import week_row

AS_OF = date(2026, 3, 2)
ZH = Settings(workspace=WorkspaceSettings(language="zh"))
EN = Settings(workspace=WorkspaceSettings(language="en"))

_BLANKS: dict[str, Any] = {
    "string": "x",
    "date": AS_OF,
    "integer": 1,
    "decimal": 1,
    "fine_decimal": 1,
    "double": 0.5,
    "boolean": False,
}


def put(con: duckdb.DuckDBPyConnection, table: str, contract_name: str | None = None, **values: Any) -> None:
    """Insert one row; required columns that are not named get a plain value."""
    contract = load_contract(contract_name or table.removeprefix("asof_"))
    row = {f.name: _blank(f) for f in contract.fields if f.is_required} | values
    names, marks = ", ".join(f'"{name}"' for name in row), ", ".join("?" for _ in row)
    con.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", list(row.values()))


def _blank(field: Field) -> Any:
    return field.allowed[0] if field.allowed else _BLANKS[field.type]


def set_week(con: duckdb.DuckDBPyConnection, settings: Settings = EN) -> None:
    replace_from_frame(con, "core_week", week_row(Week(AS_OF, 1, 1, "running"), settings))


def put_listed(con: duckdb.DuckDBPyConnection, number: int, *, rep_id: str = "R1", **row: Any) -> str:
    """A lapsed account with purchases, a person, chances, a value and a playbook row; returns its id.

    Its value grows and its chance falls with `number`, so that orders differ.
    """
    account_id = row.pop("account_id", f"A{number:04d}")
    name = row.get("account_name", f"Customer {number}")
    put(con, "asof_accounts", account_id=account_id, account_name=name, business_kind="tea", rep_id=rep_id, region="south")
    days = [AS_OF - timedelta(days=200 + 30 * k) for k in range(6)]
    for no, day in enumerate(reversed(days), start=1):
        put(con, "core_purchase_days", account_id=account_id, purchase_no=no, spent_on=day, day_amount=100 * number)
        put(con, "asof_spend", account_id=account_id, spent_on=day, amount=100 * number, category="tea", kind="purchase")
    put(
        con, "core_accounts_week", account_id=account_id, business_kind="tea", n_purchase_days=6, first_spend_on=days[-1],
        last_spend_on=days[0], trimmed_amount=100 * number, spend_amount=600 * number, year_amount=600 * number, cycle_days=30,
        next_expected_on=days[0] + timedelta(days=30),
    )  # fmt: skip
    put(
        con, "core_purchase_cycles", account_id=account_id, category="tea", n_purchase_days=6, first_spend_on=days[-1],
        last_spend_on=days[0], cycle_days=30, next_expected_on=days[0] + timedelta(days=30),
    )  # fmt: skip
    put(con, "core_lapses", account_id=account_id, lapsed_on=AS_OF - timedelta(days=100), silence_days=200, lapsed_days=100)
    put(con, "asof_people", person_id=f"P{number}", account_id=account_id, person_name=f"Person {number}", role="owner")
    prob = round(0.9 / number, 4)
    put(con, "score_return_time", account_id=account_id, horizon_days=56, prob=prob, low=prob / 2, high=min(1, prob * 1.5))
    put(con, "score_return_timing", account_id=account_id, prob=prob, week_on_prob=prob * 0.97, best_by_days=40)
    put(
        con, "score_value", account_id=account_id, value_at_stake_amount=50 * number, value_low_amount=10 * number,
        value_mid_amount=70 * number, value_high_amount=200 * number, best_by_on=AS_OF + timedelta(days=40),
    )  # fmt: skip
    put(con, "plan_candidates", account_id=account_id, value_at_stake_amount=50 * number, return_prob=prob)
    put(
        con, "plan_assignments", account_id=account_id, rep_id=rep_id, row_key=f"R{number:07d}", rank=number, minutes=12,
        assignment="treated", week_on=AS_OF,
    )  # fmt: skip
    defaults: dict[str, Any] = {
        "rank": number,
        "account_name": name,
        "person_name": f"Person {number}",
        "contact_role": "owner",
        "row_key": f"R{number:07d}",
        "due_on_plan": AS_OF + timedelta(days=10 - number),
        "lane": ("green", "yellow", "red")[number % 3],
        "play_channel": "phone",
        "action": f"Call number {number}",
        "why_now": "Silent for 200 days.",
        "reason_name": "Too dear",
        "talk_track": "Say hello.",
        "value_at_stake_amount": 50 * number,
        "minutes": 12,
        "week_on": AS_OF,
    }
    put(con, "out_playbook", account_id=account_id, rep_id=rep_id, **(defaults | row))
    return account_id

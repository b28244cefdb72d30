"""A small computed week by hand: tables without constraints, and rows whose required columns are filled."""

import re
from datetime import date
from typing import Any

import duckdb

from data_contracts import Field, load_contract, table_names
from sql import queries
from winback.contracts.identifiers import quote_name
from winback.publication.output_rules import output_rules
from winback.publication.week_ledger import create_week_ledger

MONDAY = date(2026, 3, 2)
LAST_MONDAY = date(2026, 2, 23)
_BLANKS: dict[str, Any] = {
    "string": "x",
    "date": date(2025, 6, 1),
    "integer": 1,
    "decimal": 1,
    "fine_decimal": 1,
    "double": 0.5,
    "boolean": False,
}
_MADE = {"out_contacts", "out_figures", "plan_options"}
_BOOKKEEPING = "_file_id BIGINT, _line BIGINT, _batch BIGINT, valid_from_on DATE"


def week_tables() -> duckdb.DuckDBPyConnection:
    """Every table that the gate reads, without rows or constraints, so that rules can be broken."""
    con = duckdb.connect()
    create_week_ledger(con)
    read = set(re.findall("[a-z_0-9]+", queries()["out_figures"].text + " ".join(r.query for r in output_rules()))) | _MADE
    for table in sorted(read & {*table_names("computed"), *table_names("output")}):
        con.execute(f"CREATE TABLE IF NOT EXISTS {quote_name(table)} ({_columns(table)})")
    for table in sorted(read & {f"{prefix}{t}" for t in table_names("input") for prefix in ("asof_", "core_")}):
        columns = _columns(table.removeprefix("asof_").removeprefix("core_"), without="valid_from_on")
        con.execute(f"CREATE TABLE {table} ({columns}, {_BOOKKEEPING})")
    return con


def _columns(table: str, without: str = "") -> str:
    return ", ".join(f"{quote_name(f.name)} {f.sql_type}" for f in load_contract(table).fields if f.name != without)


def add(con: duckdb.DuckDBPyConnection, table: str, **values: Any) -> None:
    """One row; what the contract requires and `values` leave out is filled with something allowed."""
    contract = load_contract(table.removeprefix("asof_"))
    row = {f.name: _blank(f) for f in contract.fields if f.is_required} | values
    names = ", ".join(map(quote_name, row))
    con.execute(f"INSERT INTO {quote_name(table)} ({names}) VALUES ({', '.join('?' * len(row))})", [*row.values()])


def add_account(con: duckdb.DuckDBPyConnection, account_id: str = "a", **values: Any) -> None:
    """A delivered version of an account, as of the week and as loaded."""
    for table in ("asof_accounts", "core_accounts"):
        columns = {"account_id": account_id, "account_name": "第一机械厂", "_batch": 1, "_file_id": 1, "_line": 2} | values
        names = ", ".join(map(quote_name, columns))
        con.execute(f"INSERT INTO {table} ({names}) VALUES ({', '.join('?' * len(columns))})", [*columns.values()])


def _blank(field: Field) -> Any:
    return field.allowed[0] if field.allowed else _BLANKS[field.type]


def sound_week() -> duckdb.DuckDBPyConnection:
    """A week of two lapsed accounts: `a` is on the list of r1, `b` on none."""
    con = week_tables()
    add(
        con,
        "core_week",
        as_of_on=MONDAY,
        batch_cutoff=1,
        horizon_days=56,
        cooldown_days=28,
        contact_cap=2,
        contact_cap_days=90,
        needs_consent=False,
    )
    for account in ("a", "b"):
        add(con, "core_lapses", account_id=account, as_of_on=MONDAY)
        add(con, "plan_candidates", account_id=account, cause=None)
        add_account(con, account)
    add(con, "core_plays", play_id="ask", minutes=20)
    add(con, "asof_reps", rep_id="r1", weekly_minutes=30)
    con.execute(
        "INSERT INTO asof_people (account_id, person_id, person_name, phone, email) "
        "VALUES ('a', 'p1', '欧阳明月', '13800138000', 'ming@example.com')"
    )
    add(con, "out_playbook", **LISTED)
    add(con, "out_contacts", row_key="WA1", account_id="a", person_id="p1")
    add(con, "plan_assignments", row_key="WA1", account_id="a", week_on=MONDAY, rep_id="r1", assignment="treated")
    add(con, "out_not_this_week", account_id="b", week_on=MONDAY, cause="no_capacity")
    return con


LISTED = {
    "row_key": "WA1",
    "account_id": "a",
    "week_on": MONDAY,
    "rep_id": "r1",
    "play_id": "ask",
    "last_spend_on": date(2025, 6, 1),
}

"""Rows that features are made from, and the features of every account.

Belongs here: putting a few rows into the tables that `sql/feat` reads. Does not belong here: what is expected of them.

The as-of Monday is 2026-03-02. An account is lapsed where a test says so: the spells have tests of their own.
"""

from datetime import date
from typing import Any

import duckdb

from sql import queries
from winback.config import Settings
from winback.contracts.tables import replace_from_frame, replace_from_query
from winback.publication.week_ledger import Week
from winback.publication.week_parameters import week_row
from winback.spells.thresholds import cycle_groups

AS_OF = date(2026, 3, 2)


def set_week(con: duckdb.DuckDBPyConnection) -> None:
    replace_from_frame(con, "core_week", week_row(Week(AS_OF, 1, 1, "running"), Settings()))
    replace_from_frame(con, "core_cycle_groups", cycle_groups(Settings().lapse))


def put(con: duckdb.DuckDBPyConnection, table: str, *rows: dict[str, Any]) -> None:
    for row in rows:
        names = ", ".join(row)
        con.execute(f"INSERT INTO {table} ({names}) VALUES ({', '.join('?' * len(row))})", list(row.values()))


def accounts(con: duckdb.DuckDBPyConnection, *names: str, **columns: Any) -> None:
    put(con, "asof_accounts", *[{"account_id": name, "business_kind": "k", "size_class": "s", **columns} for name in names])


def spend(con: duckdb.DuckDBPyConnection, account: str, *lines: tuple[str, Any], **columns: Any) -> None:
    """Purchases of day and category."""
    for day, category in lines:
        row = {"account_id": account, "spent_on": day, "amount": 10, "kind": "purchase", "category": category, **columns}
        put(con, "asof_spend", row)


def lapse(con: duckdb.DuckDBPyConnection, account: str, lapsed_on: str) -> None:
    """Make the account lapsed since `lapsed_on`, after its last spend."""
    con.execute(
        "INSERT INTO core_lapses BY NAME SELECT account_id, core_week.as_of_on, business_kind, cycle_group, last_spend_on, "
        "CAST(? AS DATE) AS lapsed_on, 'silence' AS lapse_basis, is_unpaid, 1 AS threshold_days, 1 AS silence_days, "
        "1 AS lapsed_days, 0 AS n_earlier_lapses, n_purchase_days, trimmed_amount, year_amount "
        "FROM core_accounts_week, core_week WHERE account_id = ?",
        [lapsed_on, account],
    )


def make(con: duckdb.DuckDBPyConnection, *tables: str) -> None:
    for table in tables:
        replace_from_query(con, table, queries()[table].text)


def make_accounts(con: duckdb.DuckDBPyConnection) -> None:
    make(con, "core_past_assignments", "core_touches", "core_purchase_days", "core_accounts_week", "core_purchase_cycles")


def features(con: duckdb.DuckDBPyConnection, table: str, columns: str) -> dict[str, tuple[Any, ...]]:
    """The named columns of every account."""
    make(con, table)
    found = con.execute(f"SELECT account_id, {columns} FROM {table} WHERE as_of_on = ? ORDER BY 1", [AS_OF]).fetchall()
    return {row[0]: tuple(row[1:]) for row in found}


def contact(
    con: duckdb.DuckDBPyConnection, account: str, day: str, channel: str, direction: str | None, **more: Any
) -> None:
    row = {"account_id": account, "touched_on": day, "channel": channel, "direction": direction, **more}
    put(con, "asof_touchpoints", row)


def use(con: duckdb.DuckDBPyConnection, account: str, first: str, last: str, **columns: Any) -> None:
    put(con, "asof_usage", {"account_id": account, "period_from_on": first, "period_to_on": last, **columns})

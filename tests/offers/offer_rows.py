"""Rows that offers are chosen from.

Belongs here: putting accounts, offers and reps into the tables that the SQL of offers reads, and running it. Does not belong
here: what is expected of it.

The as-of Monday is 2026-03-02; the base currency CNY; horizon 56 days; cooldown 28 days.
"""

from datetime import date
from decimal import Decimal
from typing import Any

import duckdb

from sql import queries
from winback.config import Settings
from winback.contracts.tables import replace_from_frame, replace_from_query
from winback.offers.tables import offer_tables
from winback.plays.library import load_plays
from winback.publication.week_ledger import Week
from winback.publication.week_parameters import week_row

AS_OF = date(2026, 3, 2)


def set_catalogues(con: duckdb.DuckDBPyConnection) -> None:
    """The week, the plays and the kinds of offers."""
    replace_from_frame(con, "core_week", week_row(Week(AS_OF, 1, 1, "running"), Settings()))
    for name, frame in offer_tables(Decimal("0.1")).items():
        replace_from_frame(con, name, frame)
    columns = dict.fromkeys((row[0] for row in con.execute("DESCRIBE core_plays").fetchall()), "1")
    plays = [
        columns
        | {"play_id": play.id, "minutes": 30, "lane": play.lane, "play_channel": play.channels[0]}
        | {"contact_cap": play.contact_cap.contacts, "contact_cap_days": play.contact_cap.within_days}
        for play in load_plays().values()
    ]
    put(con, "core_plays", *plays)


def put(con: duckdb.DuckDBPyConnection, table: str, *rows: dict[str, Any]) -> None:
    """Rows that name the same columns."""
    marks = f"({', '.join('?' * len(rows[0]))})"
    values = [value for row in rows for value in row.values()]
    con.execute(f"INSERT INTO {table} ({', '.join(rows[0])}) VALUES {', '.join([marks] * len(rows))}", values)


def account(con: duckdb.DuckDBPyConnection, name: str, code: str | None = "1b", tier: str = "1", **columns: Any) -> None:
    """A lapsed account that may be contacted: usual purchase 1000, 12000 a year, lapsed since 2026-01-01."""
    taken = {key: columns.pop(key) for key in ("rep_id", "cause") if key in columns}
    loyalty = {key: columns.pop(key) for key in LOYALTY if key in columns}
    known = {key: columns.pop(key) for key in ("branch", "language") if key in columns}
    kind = columns.pop("business_kind", "k")
    usual, year = columns.pop("trimmed_amount", 1000), columns.pop("year_amount", 12000)
    assert not columns, columns
    put(con, "plan_candidates", {"account_id": name, "as_of_on": AS_OF, "rep_id": "own", "value_at_stake_amount": 1,
        "year_amount": year, "lapsed_on": "2026-01-01", "silence_days": 90} | taken)  # fmt: skip
    put_week_account(con, name, usual)
    put(con, "core_lapses", {"account_id": name, "as_of_on": AS_OF, "business_kind": kind, "cycle_group": "g",
        "last_spend_on": "2025-12-01", "lapsed_on": "2026-01-01", "lapse_basis": "silence", "is_unpaid": False,
        "threshold_days": 31, "silence_days": 90, "lapsed_days": 60, "n_earlier_lapses": 0, "n_purchase_days": 5,
        "trimmed_amount": usual, "year_amount": year})  # fmt: skip
    put(con, "asof_accounts", {"account_id": name, "business_kind": kind} | known)
    put(con, "feat_loyalty", {"account_id": name, "as_of_on": AS_OF, "n_peers": 9, "points_balance": 5} | loyalty)
    if code is not None:
        put(con, "score_reasons", {"account_id": name, "as_of_on": AS_OF, "likeliest_code": code, "runner_up_code": "7",
            "is_abstained": False, "reason_prob": 0.9, "reason_tier": tier, "taxonomy_version": "1",
            "model_version": "1"})  # fmt: skip


LOYALTY = ("points_balance", "loyalty_cell", "discount_line_share", "discount_only_share", "shrinking_category_share")


def put_week_account(con: duckdb.DuckDBPyConnection, name: str, usual: float) -> None:
    put(con, "core_accounts_week", week_account(name, usual))


def week_account(name: str, usual: float) -> dict[str, Any]:
    """A row of `core_accounts_week` with that usual purchase."""
    return {"account_id": name, "business_kind": "k", "cycle_group": "g", "n_purchase_days": 5,
            "first_spend_on": "2025-01-01", "last_spend_on": "2025-12-01", "spend_amount": 1, "trimmed_amount": usual,
            "year_amount": 1, "is_unpaid": False}  # fmt: skip


def offer(con: duckdb.DuckDBPyConnection, name: str, kind: str, **columns: Any) -> None:
    put(con, "asof_offers", {"offer_id": name, "kind": kind} | columns)


def treatment(con: duckdb.DuckDBPyConnection, account_id: str, offer_id: str, week_on: str, **columns: Any) -> None:
    """An earlier row with that offer, worked, horizon passed, nobody returned."""
    number = con.execute("SELECT count(*) FROM core_treatments").fetchone()
    assert number is not None
    put(con, "core_treatments", treated(number[0], account_id, offer_id, week_on) | columns)


def treated(number: int, account_id: str, offer_id: str, week_on: str) -> dict[str, Any]:
    """A row of `core_treatments`."""
    return {"row_key": f"R{number:07d}", "account_id": account_id, "week_on": week_on, "offer_id": offer_id,
            "assignment": "treated", "is_delivered": False, "is_worked": True, "is_contaminated": False,
            "is_settled": True, "horizon_amount": 0}  # fmt: skip


def redeem(con: duckdb.DuckDBPyConnection, account_id: str, offer_id: str, spent_on: str, **columns: Any) -> None:
    row = {"account_id": account_id, "offer_id": offer_id, "spent_on": spent_on, "amount": 100, "kind": "purchase"}
    put(con, "asof_spend", row | columns)


def make(con: duckdb.DuckDBPyConnection, *tables: str) -> None:
    for table in tables:
        replace_from_query(con, table, queries()[table].text)


def make_options(con: duckdb.DuckDBPyConnection) -> None:
    make(con, "core_offers_week", "plan_offer_fits", "plan_options")


def causes(con: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], str | None]:
    """Why each account cannot have each offer."""
    make(con, "core_offers_week", "plan_offer_fits")
    rows = con.execute("SELECT account_id, offer_id, offer_cause FROM plan_offer_fits").fetchall()
    return {(row[0], row[1]): row[2] for row in rows}


def cause(con: duckdb.DuckDBPyConnection, offer_id: str, account_id: str = "a") -> str | None:
    return causes(con)[account_id, offer_id]


def arms(con: duckdb.DuckDBPyConnection, account_id: str = "a") -> list[tuple[str, str | None, bool]]:
    """Play, offer and whether it is the rules' choice, in order."""
    make_options(con)
    found = con.execute(
        "SELECT play_id, offer_id, is_rule_choice FROM plan_options WHERE account_id = ? ORDER BY arm_no", [account_id]
    )
    return [(row[0], row[1], row[2]) for row in found.fetchall()]


def offers_of(con: duckdb.DuckDBPyConnection, account_id: str = "a") -> list[str]:
    """The offers among the arms, in order."""
    return [offer_id for _, offer_id, _ in arms(con, account_id) if offer_id is not None]

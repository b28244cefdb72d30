"""From a warehouse that stands at a week to account sheets.

Belongs here: putting a sheet's parts together for any number of accounts, one SELECT per part. Does not belong here: the
SELECTs (`facts_sql`, `lists_sql`, `plan_sql`), showing a sheet.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, NamedTuple, TypeVar

import duckdb

from winback.contracts.tables import temporary_table
from winback.errors import UsageError
from winback.sheet import facts_sql, lists_sql, plan_sql
from winback.sheet.purchase_lines import WANTED_LINES
from winback.sheet.purchase_plan import MIN_ACCOUNTS, MIN_BASKETS, MIN_LIFT, purchase_plan
from winback.sheet.sheet import (
    AccountSheet,
    Category,
    Chance,
    Complaints,
    Mention,
    MissedStandard,
    Moment,
    OpenPromise,
    Period,
    Person,
    Purchase,
)
from winback.sheet.wanted import Rows, has_table, rows_by_account, wanted_accounts

TIMELINE_ROWS = 20
PURCHASE_ROWS = 10

_FACTS = {
    "identity": facts_sql.IDENTITY,
    "behaviour": facts_sql.BEHAVIOUR,
    "lapse": facts_sql.LAPSE,
    "reason": facts_sql.REASON,
    "value": facts_sql.VALUE,
    "service": facts_sql.SERVICE,
    "timing": facts_sql.TIMING,
    "listed": facts_sql.LISTED,
    "cause": facts_sql.CAUSE,
}
_LISTS: dict[str, tuple[str, Sequence[int]]] = {
    "categories": (lists_sql.CATEGORIES, ()),
    "purchases": (lists_sql.PURCHASES, (PURCHASE_ROWS,)),
    "periods": (lists_sql.PERIODS, ()),
    "timeline": (lists_sql.TIMELINE, (TIMELINE_ROWS,)),
    "promises": (lists_sql.PROMISES, ()),
    "missed_standards": (lists_sql.MISSED_STANDARDS, ()),
    "complaints": (lists_sql.COMPLAINTS, ()),
    "people": (lists_sql.PEOPLE, ()),
    "mentions": (lists_sql.MENTIONS, ()),
    "chances": (lists_sql.CHANCES, ()),
    "usual": (plan_sql.USUAL, ()),
}

_Part = TypeVar("_Part")


class _Week(NamedTuple):
    as_of_on: date
    base_currency: str
    horizon_days: int


def account_sheet(con: duckdb.DuckDBPyConnection, account_id: str) -> AccountSheet:
    """The sheet of one account. Raises UsageError where no week was run or the account was not known in it."""
    week = _week(con)
    sheets = account_sheets(con, [account_id])
    if account_id not in sheets:
        raise UsageError(f"no account '{account_id}' was known in the week of {week.as_of_on}")
    return sheets[account_id]


def account_sheets(con: duckdb.DuckDBPyConnection, account_ids: Sequence[str]) -> dict[str, AccountSheet]:
    """Sheets by account id, of those ids that were known in the week, sorted by id.

    Raises UsageError where no week was run.
    """
    week = _week(con)
    with wanted_accounts(con, account_ids), temporary_table(con, "_wanted_lines", WANTED_LINES):
        facts = {name: rows_by_account(con, query) for name, query in _FACTS.items()}
        lists = {name: rows_by_account(con, query, cap) for name, (query, cap) in _LISTS.items()}
        if has_table(con, "out_promises"):
            for account_id, rows in rows_by_account(con, lists_sql.WRITTEN_PROMISES).items():
                lists["promises"].setdefault(account_id, []).extend(rows)
    asked = (plan_sql.NEWEST_BASKETS, MIN_BASKETS, MIN_ACCOUNTS, MIN_LIFT)
    together = rows_by_account(con, plan_sql.TOGETHER, asked)
    known = sorted(facts["identity"].keys() | facts["behaviour"].keys() | facts["listed"].keys())
    return {account_id: _sheet(account_id, week, facts, lists, together) for account_id in known}


def _sheet(account_id: str, week: _Week, facts: dict[str, Rows], lists: dict[str, Rows], together: Rows) -> AccountSheet:
    def one(name: str) -> dict[str, Any]:
        return next(iter(facts[name].get(account_id, ())), {})

    def many(name: str, part: Callable[..., _Part]) -> tuple[_Part, ...]:
        return tuple(part(**row) for row in lists[name].get(account_id, ()))

    listed = one("listed")
    return AccountSheet(
        account_id=account_id,
        as_of_on=week.as_of_on,
        currency=week.base_currency,
        horizon_days=week.horizon_days,
        **{name: one(name) for name in ("identity", "behaviour", "lapse", "reason", "value", "service", "timing")},
        categories=many("categories", Category),
        purchases=many("purchases", Purchase),
        periods=many("periods", Period),
        timeline=many("timeline", Moment),
        promises=many("promises", OpenPromise),
        missed_standards=many("missed_standards", MissedStandard),
        complaints=many("complaints", Complaints),
        people=many("people", Person),
        mentions=many("mentions", Mention),
        chances=many("chances", Chance),
        plan=purchase_plan(lists["usual"].get(account_id, ()), together, one("behaviour").get("trimmed_amount")),
        listed={"account_id": account_id} | listed if listed else None,
        cause=one("cause").get("cause"),
    )


def _week(con: duckdb.DuckDBPyConnection) -> _Week:
    row = con.execute(facts_sql.WEEK).fetchone()
    if row is None:
        raise UsageError("no week has been run in this workspace yet; run: winback run")
    return _Week(*row)

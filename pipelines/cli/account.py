"""`winback account`: one account's sheet in the terminal.

Belongs here: the command and its layout. Does not belong here: the figures (warehouse tables).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import duckdb
import typer

from assets.workspace import open_warehouse, open_workspace
from pipelines.cli.console import WorkspaceOption, output, table
from pipelines.clock import today_in
from winback.errors import UsageError

_LOCK_SECONDS = 10.0


@dataclass(frozen=True)
class _Section:
    """One part of the sheet: columns of one table, and how many rows in which order."""

    title: str
    table: str
    columns: str
    order: str = "account_id"
    limit: int = 100


_FACTS = (
    _Section(
        "Account",
        "asof_accounts",
        "account_name, business_kind, region, branch, rep_id, language, has_consent, is_do_not_contact, opened_on, closed_on",
    ),
    _Section(
        "Behaviour",
        "core_accounts_week",
        "n_purchase_days, first_spend_on, last_spend_on, cycle_days, next_expected_on, trimmed_amount, spend_amount, year_amount",
    ),
    _Section("Lapse", "core_lapses", "lapsed_on, silence_days, lapse_basis, is_unpaid, threshold_days, n_earlier_lapses"),
    _Section("Value", "score_value", "value_at_stake_amount, forgone_revenue_amount, best_by_on"),
)

_LISTS = (
    _Section("People", "asof_people", "person_name, role, is_decision_maker, phone, email, temperament", "person_id"),
    _Section(
        "Chance of return", "score_return_time", "horizon_days, prob, low, high, model_level, usage_warning", "horizon_days"
    ),
    _Section(
        "Cycles",
        "core_purchase_cycles",
        "category, n_purchase_days, last_spend_on, cycle_days, next_expected_on",
        "n_purchase_days DESC, category",
        8,
    ),
    _Section(
        "Spells", "core_spells", "spell_kind, started_on, ended_on, end_cause, n_purchase_days, spend_amount", "spell_no"
    ),
    _Section("Last purchases", "core_purchase_days", "spent_on, day_amount, gap_days", "purchase_no DESC", 10),
    _Section(
        "Last contacts",
        "asof_touchpoints",
        "touched_on, channel, direction, kind, note_text, promise, promise_due_on",
        "touched_on DESC, touchpoint_id",
        10,
    ),
    _Section("This week", "plan_assignments", "week_on, rep_id, rank, play_id, minutes, row_key"),
    _Section("Not on a list", "out_not_this_week", "week_on, cause"),
)


def account(
    account_id: Annotated[str, typer.Argument(help="Id of the account.")],
    workspace: WorkspaceOption = Path("workspace"),
) -> None:
    """Show what is known of one account, as of the last week run."""
    place = open_workspace(workspace)
    with open_warehouse(place, today_in(place.settings.zone), _LOCK_SECONDS) as warehouse:
        _require_known(warehouse.con, account_id)
        for section in _FACTS:
            _show_facts(section.title, *_fetch(warehouse.con, section, account_id))
        for section in _LISTS:
            _show_rows(section.title, *_fetch(warehouse.con, section, account_id))


def _require_known(con: duckdb.DuckDBPyConnection, account_id: str) -> None:
    week = con.execute("SELECT as_of_on FROM core_week").fetchone()
    if week is None:
        raise UsageError("no week has been run in this workspace yet; run: winback run")
    if con.execute("SELECT 1 FROM asof_accounts WHERE account_id = ?", [account_id]).fetchone() is None:
        raise UsageError(f"no account '{account_id}' was known in the week of {week[0]}")
    output.print(f"[bold]{_text(account_id)}[/] as of {week[0]}")


def _fetch(con: duckdb.DuckDBPyConnection, section: _Section, account_id: str) -> tuple[list[str], list[tuple[Any, ...]]]:
    query = (
        f"SELECT {section.columns} FROM {section.table} WHERE account_id = ? ORDER BY {section.order} LIMIT {section.limit}"
    )
    cursor = con.execute(query, [account_id])
    return [d[0] for d in cursor.description or []], cursor.fetchall()


def _show_facts(title: str, columns: list[str], rows: list[tuple[Any, ...]]) -> None:
    if not rows:
        return
    facts = table(title, "", "")
    for column, value in zip(columns, rows[0], strict=True):
        if value is not None:
            facts.add_row(column, _text(value))
    output.print(facts)


def _show_rows(title: str, columns: list[str], rows: list[tuple[Any, ...]]) -> None:
    if not rows:
        return
    listed = table(title, *columns)
    for row in rows:
        listed.add_row(*(_text(value) for value in row))
    output.print(listed)


def _text(value: Any) -> str:
    text = "" if value is None else str(value)
    return "".join(c if c.isprintable() or c == "\n" else "�" for c in text).replace("[", "\\[")

"""`winback account`: one account's sheet in the terminal.

Belongs here: the command and its layout. Does not belong here: the figures (warehouse tables).
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import duckdb
import typer

from assets.workspace import open_warehouse, open_workspace
from pipelines.cli.console import WorkspaceOption, output, table
from pipelines.clock import today_in
from winback.errors import UsageError

_LOCK_SECONDS = 10.0

_SECTIONS: tuple[tuple[str, str], ...] = (
    (
        "Account",
        "SELECT account_name, business_kind, region, branch, rep_id, language, has_consent, is_do_not_contact, opened_on, "
        "closed_on FROM asof_accounts WHERE account_id = ?",
    ),
    (
        "Behaviour",
        "SELECT n_purchase_days, first_spend_on, last_spend_on, cycle_days, next_expected_on, trimmed_amount, spend_amount, "
        "year_amount FROM core_accounts_week WHERE account_id = ?",
    ),
    (
        "Lapse",
        "SELECT lapsed_on, silence_days, lapse_basis, is_unpaid, threshold_days, n_earlier_lapses FROM core_lapses "
        "WHERE account_id = ?",
    ),
    (
        "Value",
        "SELECT value_at_stake_amount, forgone_revenue_amount, best_by_on FROM score_value WHERE account_id = ?",
    ),
)

_LISTS: tuple[tuple[str, str], ...] = (
    ("People", "SELECT person_name, role, is_decision_maker, phone, email, temperament FROM asof_people WHERE account_id = ? ORDER BY person_id"),
    ("Chance of return", "SELECT horizon_days, prob, low, high, model_level, usage_warning FROM score_return_time WHERE account_id = ? ORDER BY horizon_days"),
    ("Cycles", "SELECT category, n_purchase_days, last_spend_on, cycle_days, next_expected_on FROM core_purchase_cycles WHERE account_id = ? ORDER BY n_purchase_days DESC, category LIMIT 8"),
    ("Spells", "SELECT spell_no, spell_kind, started_on, ended_on, end_cause, n_purchase_days, spend_amount FROM core_spells WHERE account_id = ? ORDER BY spell_no"),
    ("Last purchases", "SELECT spent_on, day_amount, gap_days FROM core_purchase_days WHERE account_id = ? ORDER BY purchase_no DESC LIMIT 10"),
    ("Last contacts", "SELECT touched_on, channel, direction, kind, note_text, promise, promise_due_on FROM asof_touchpoints WHERE account_id = ? ORDER BY touched_on DESC, touchpoint_id LIMIT 10"),
    ("This week", "SELECT week_on, rep_id, rank, play_id, minutes, row_key FROM plan_assignments WHERE account_id = ?"),
    ("Not on a list", "SELECT week_on, cause FROM out_not_this_week WHERE account_id = ?"),
)


def account(
    account_id: Annotated[str, typer.Argument(help="Id of the account.")],
    workspace: WorkspaceOption = Path("workspace"),
) -> None:
    """Show what is known of one account, as of the last week run."""
    place = open_workspace(workspace)
    with open_warehouse(place, today_in(place.settings.zone), _LOCK_SECONDS) as warehouse:
        _require_known(warehouse.con, account_id)
        for title, query in _SECTIONS:
            _show_facts(title, *_fetch(warehouse.con, query, account_id))
        for title, query in _LISTS:
            _show_rows(title, *_fetch(warehouse.con, query, account_id))


def _require_known(con: duckdb.DuckDBPyConnection, account_id: str) -> None:
    week = con.execute("SELECT as_of_on FROM core_week").fetchone()
    if week is None:
        raise UsageError("no week has been run in this workspace yet; run: winback run")
    if con.execute("SELECT 1 FROM asof_accounts WHERE account_id = ?", [account_id]).fetchone() is None:
        raise UsageError(f"no account '{account_id}' was known in the week of {week[0]}")
    output.print(f"[bold]{_text(account_id)}[/] as of {week[0]}")


def _fetch(con: duckdb.DuckDBPyConnection, query: str, account_id: str) -> tuple[list[str], list[tuple[Any, ...]]]:
    cursor = con.execute(query, [account_id])
    return [d[0] for d in cursor.description], cursor.fetchall()


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

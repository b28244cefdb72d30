"""`winback erase`: remove an account or a person.

Belongs here: the command and its questions. Does not belong here: what is removed from where (`assets.erasure`).
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from assets.erasure import Erasure, erase, look, take_up
from assets.workspace import WAIT_SECONDS, Workspace, open_warehouse, open_workspace, run_turn
from pipelines.cli.console import WorkspaceOption, output, plain, table
from pipelines.clock import today_in
from winback.errors import UsageError


def erase_command(
    account: Annotated[str | None, typer.Option(help="Identifier of the account to remove, with the persons in it.")] = None,
    person: Annotated[str | None, typer.Option(help="Identifier of the person to remove.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count what would be removed.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    resume: Annotated[bool, typer.Option("--continue", help="Finish an erasure that was stopped.")] = False,
    workspace: WorkspaceOption = Path("workspace"),
) -> None:
    """Remove an account or a person from every file of the workspace, and keep them out. This cannot be undone."""
    if sum([account is not None, person is not None, resume]) != 1:
        raise UsageError("say who: --account ID or --person ID (or --continue to finish an erasure that was stopped)")
    if resume and dry_run:
        raise UsageError("--dry-run only goes with --account or --person")
    column, value = ("account_id", account) if account is not None else ("person_id", person or "")
    place = open_workspace(workspace)
    if not dry_run and not yes:
        _ask()
    with run_turn(place, WAIT_SECONDS), open_warehouse(place, today_in(place.settings.zone), WAIT_SECONDS) as warehouse:
        if dry_run:
            _show("Would be removed", look(warehouse, column, str(value).strip()))
            return
        done = take_up(warehouse) if resume else erase(warehouse, column, str(value).strip())
    _show("Removed", done)
    _say_what_is_left(place, done)


def _ask() -> None:
    if not sys.stdin.isatty():
        raise UsageError("erasing cannot be undone: say --yes where nobody can be asked, or --dry-run to see what is there")
    if not typer.confirm("Remove them from every file of the workspace, and keep them out for good?"):
        raise UsageError("nothing was removed")


def _show(title: str, erasure: Erasure) -> None:
    rows = table(title, "from", "rows or files", numbers=("rows or files",))
    for name, count in [*sorted(erasure.rows.items()), *erasure.places.items()]:
        if count:
            rows.add_row(plain(name), f"{count:,}")
    output.print(rows)
    if erasure.weeks:
        output.print(f"Published weeks they were in: {', '.join(erasure.weeks)}")


def _say_what_is_left(place: Workspace, erasure: Erasure) -> None:
    output.print(
        f"Receipt {erasure.receipt} is in {place.folder('state') / 'erasures.jsonl'}; it names nobody.", soft_wrap=True
    )
    if erasure.left:
        output.print("[yellow]Still mentioned[/] in texts about others; read them and decide (docs/privacy.md):")
        for name, count in sorted(erasure.left.items()):
            output.print(f"  {plain(name)}: {count:,}", soft_wrap=True)

"""`winback status`: what was received, and which weeks there are.

Belongs here: the command. Does not belong here: gathering the state.
"""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from assets.inbox import delivered_files
from assets.workspace import open_workspace
from pipelines.cli.console import WorkspaceOption, output, table
from pipelines.cli.state import read_state
from pipelines.clock import today_in
from winback.config import Settings
from winback.errors import RunFailedError
from winback.weeks import monday_of

_SUMS = ("rows_received", "rows_loaded", "rows_quarantined", "rows_duplicate", "rows_suppressed")


def status(
    workspace: WorkspaceOption = Path("workspace"),
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, for programs.")] = False,
) -> None:
    """Show per file what became of its rows, and per week its state. Exits with 1 if the week that is due is not out."""
    place = open_workspace(workspace)
    inbox = place.folder("inbox")
    waiting = [str(path.relative_to(inbox)) for path in delivered_files(inbox)]
    state = read_state(place)
    overdue = _overdue_week(state, place.settings, today_in(place.settings.zone)())
    state |= {"workspace": str(place.root), "waiting": waiting, "overdue_week": overdue and overdue.isoformat()}
    if as_json:
        typer.echo(json.dumps(state, indent=2, ensure_ascii=False))
    else:
        _show(state)
    if overdue is not None:
        raise RunFailedError(f"week {overdue} is due and not published; bring it out with: winback run -w {place.root}")


def _overdue_week(state: dict[str, Any], settings: Settings, today: date) -> date | None:
    """The week that should be out and is not: on a Monday still the week before, from Tuesday on this Monday's.

    Nothing is due before anything was spent, nor in a workspace whose clock is its data.
    """
    if settings.workspace.clock == "data" or state["newest_spend_on"] is None:
        return None
    due = monday_of(today - timedelta(days=1))
    published = {w["week"] for w in state["weeks"] if w["state"] == "published"}
    return None if due.isoformat() in published else due


def _show(state: dict[str, Any]) -> None:
    files = table(
        "Files",
        "file",
        "table",
        "state",
        "received",
        "loaded",
        "held back",
        "duplicate",
        "erased",
        "remark",
        numbers=("received", "loaded", "held back", "duplicate", "erased"),
    )
    for file in state["files"]:
        remark = "; ".join(text for text in (file["reason"], file["notes"]) if text)
        files.add_row(file["file"], file["table"] or "-", file["state"], *(f"{file[name]:,}" for name in _SUMS), remark)
    files.add_row("total", "", "", *(f"{state['totals'][name]:,}" for name in _SUMS), "", style="bold")
    output.print(files)
    weeks = table(
        "Weeks", "week", "revision", "state", "lapsed", "on lists", "remark", numbers=("revision", "lapsed", "on lists")
    )
    for week in state["weeks"]:
        counts = ("" if week[name] is None else f"{week[name]:,}" for name in ("lapsed", "chosen"))
        accepted = f"accepted: {week['accepted_reason']}" if week["accepted_reason"] else ""
        remark = "; ".join(text for text in (week["reason"], accepted) if text)
        weeks.add_row(week["week"], str(week["revision"]), week["state"], *counts, remark)
    output.print(weeks)
    if state["waiting"]:
        output.print(f"Waiting in the inbox: {', '.join(state['waiting'])}")

"""`winback status`: what was received, and which weeks there are.

Belongs here: the command. Does not belong here: gathering the state.
"""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from assets.doctor import is_daemon_alive
from assets.inbox import delivered_files
from assets.workspace import Workspace, open_workspace
from pipelines.cli.console import WorkspaceOption, output, plain, print_json, table
from pipelines.cli.state import read_state
from pipelines.clock import now_in, today_in
from pipelines.heartbeat import daemon_heard_at
from winback.config import Settings
from winback.errors import RunFailedError
from winback.weeks import monday_of

_LONGEST_REMARK = 1_000
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
    state["daemon"] = _daemon(place)
    if as_json:
        print_json(state)
    else:
        _show(state)
    if overdue is not None:
        raise RunFailedError(f"week {overdue} is due and not published; bring it out with: winback run -w {place.root}")


def _overdue_week(state: dict[str, Any], settings: Settings, today: date) -> date | None:
    """The week that should be out and is not: on a Monday still the week before, from Tuesday on this Monday's.

    Nothing is due before anything was spent, once a later week is out, nor in a workspace whose clock is its data.
    """
    if settings.workspace.clock == "data" or state["newest_spend_on"] is None:
        return None
    due = monday_of(today - timedelta(days=1))
    newest = max((w["week"] for w in state["weeks"] if w["state"] == "published"), default="")
    return None if newest >= due.isoformat() else due


def _daemon(place: Workspace) -> dict[str, Any]:
    """When the daemon was last heard of, and whether it can be taken to run; None and False where it never ran."""
    heard_at = daemon_heard_at(place)
    if heard_at is None:
        return {"heard_at": None, "is_alive": False}
    here = heard_at.astimezone(place.settings.zone)
    return {"heard_at": f"{here:%Y-%m-%d %H:%M}", "is_alive": is_daemon_alive(heard_at, now_in(place.settings.zone)())}


def _daemon_line(daemon: dict[str, Any]) -> str:
    if daemon["heard_at"] is None:
        return "No daemon ever ran here: weeks run when somebody runs them"
    if daemon["is_alive"]:
        return f"The daemon is alive: heard at {daemon['heard_at']}"
    return (
        f"[bold red]The daemon is silent[/] since {daemon['heard_at']}: nothing runs by itself; start it with winback daemon"
    )


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
        n_edited = file.get("edited_cells")
        edited = f"{n_edited:,} cells handed out came back edited and were ignored" if n_edited else ""
        remark = "; ".join(text for text in (file["reason"], file["notes"], edited) if text)
        counts = (f"{file[name]:,}" for name in _SUMS)
        files.add_row(plain(file["file"]), file["table"] or "-", file["state"], *counts, plain(remark[:_LONGEST_REMARK]))
    files.add_row("total", "", "", *(f"{state['totals'][name]:,}" for name in _SUMS), "", style="bold")
    output.print(files)
    weeks = table(
        "Weeks", "week", "revision", "state", "lapsed", "on lists", "remark", numbers=("revision", "lapsed", "on lists")
    )
    for week in state["weeks"]:
        counts = ("" if week[name] is None else f"{week[name]:,}" for name in ("lapsed", "chosen"))
        accepted = f"accepted: {week['accepted_reason']}" if week["accepted_reason"] else ""
        remark = "; ".join(text for text in (week["reason"], accepted) if text)
        weeks.add_row(week["week"], str(week["revision"]), week["state"], *counts, plain(remark, keeps_lines=True))
    output.print(weeks)
    output.print(_daemon_line(state["daemon"]))
    if state["waiting"]:
        output.print(f"Waiting in the inbox: {plain(', '.join(state['waiting']))}")

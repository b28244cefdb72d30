"""`winback status`: what was received, and which weeks there are.

Belongs here: the command. Does not belong here: gathering the state.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from assets.inbox import delivered_files
from assets.workspace import open_workspace
from pipelines.cli.console import WorkspaceOption, output, table
from pipelines.cli.state import read_state

_SUMS = ("rows_received", "rows_loaded", "rows_quarantined", "rows_duplicate")


def status(
    workspace: WorkspaceOption = Path("workspace"),
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, for programs.")] = False,
) -> None:
    """Show per file what became of its rows, and per week its state."""
    place = open_workspace(workspace)
    inbox = place.folder("inbox")
    waiting = [str(path.relative_to(inbox)) for path in delivered_files(inbox)]
    state = read_state(place) | {"workspace": str(place.root), "waiting": waiting}
    if as_json:
        typer.echo(json.dumps(state, indent=2, ensure_ascii=False))
        return
    _show(state)


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
        "remark",
        numbers=("received", "loaded", "held back", "duplicate"),
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

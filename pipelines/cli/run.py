"""`winback run`: bring out a week's playbooks.

Belongs here: finding the week, running the jobs, and telling what came of it. Does not belong here: the jobs.
"""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from assets.erasure import is_unfinished
from assets.publish import is_out
from assets.workspace import Workspace, open_workspace, run_turn
from pipelines.cli.console import WorkspaceOption, output, table
from pipelines.cli.state import read_state
from pipelines.clock import today_in
from winback.errors import RunFailedError, UsageError, WithheldError
from winback.weeks import first_monday_after, monday_of, parse_week

_WAIT = re.compile(r"^([0-9]+)([smh]?)$")
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600}


def run(
    workspace: WorkspaceOption = Path("workspace"),
    week: Annotated[str | None, typer.Option(help="Monday of the week, YYYY-MM-DD; default: the current one.")] = None,
    wait: Annotated[str, typer.Option(help="How long to wait for another run: 90s, 30m, 2h.")] = "30m",
    no_wait: Annotated[bool, typer.Option("--no-wait", help="Do not wait for another run.")] = False,
    accept: Annotated[str | None, typer.Option(help="Publish in spite of the gates or the lot's check: why.")] = None,
    reopen: Annotated[bool, typer.Option("--reopen", help="Publish a revision of a published week.")] = False,
) -> None:
    """Load the inbox and bring out one week's playbooks."""
    place = open_workspace(workspace)
    wait_seconds = 0.0 if no_wait else _seconds(wait)
    if accept is not None and not accept.strip():
        raise UsageError("--accept needs a reason, which is recorded with the week")
    if is_unfinished(place):
        raise RunFailedError("an erasure was cut off before its end; finish it first: winback erase --continue")
    chosen = parse_week(week) if week else None
    today = today_in(place.settings.zone)()
    if chosen is not None and chosen > monday_of(today):
        raise UsageError(f"week {chosen} has not begun: today is {today}")
    from pipelines.cli.execution import Execution

    execution = Execution(place, today, wait_seconds)
    with run_turn(place, wait_seconds):
        if chosen is None:
            execution.load()
        monday = chosen or _current_week(place, today)
        if chosen is None and not reopen and _is_out(place, monday):
            output.print(f"Week {monday} is published already; what was delivered since counts from the next week.")
        else:
            execution.run_week(monday, reopen=reopen, accepted_reason=accept, is_loaded=chosen is None)
    _report(place, monday)


def _is_out(place: Workspace, monday: date) -> bool:
    states = [w["state"] for w in read_state(place)["weeks"] if w["week"] == monday.isoformat()]
    return states[-1:] == ["published"] and is_out(place, monday)


def _seconds(text: str) -> float:
    match = _WAIT.match(text.strip())
    if match is None:
        raise UsageError(f"'{text}' is not a time to wait; write 90s, 30m or 2h")
    return float(match[1]) * _SECONDS[match[2]]


def _current_week(place: Workspace, today: date) -> date:
    """The week to run: this Monday, or in workspaces whose clock is their data the first Monday after the last spend."""
    if place.settings.workspace.clock == "today":
        return monday_of(today)
    newest = read_state(place)["newest_spend_on"]
    if newest is None:
        raise WithheldError(
            f"nothing of 'spend' has been loaded, so there is no week to run; put files in {place.folder('inbox')}"
            + _rejections(place)
        )
    return first_monday_after(date.fromisoformat(newest))


def _rejections(place: Workspace) -> str:
    rejected = [f"{f['file']}: {f['reason']}" for f in read_state(place)["files"] if f["state"] == "rejected"]
    return "\n" + "\n".join(rejected[-5:]) if rejected else ""


def _report(place: Workspace, monday: date) -> None:
    state = read_state(place)
    latest = [w for w in state["weeks"] if w["week"] == monday.isoformat()][-1]
    totals = state["totals"]
    output.print(
        f"Received {totals['rows_received']:,} rows in {len(state['files']):,} files: {totals['rows_loaded']:,} loaded, "
        f"{totals['rows_quarantined']:,} held back, {totals['rows_duplicate']:,} duplicates."
    )
    batch = max((file["batch"] for file in state["files"]), default=0)
    n_edited = sum(file.get("edited_cells") or 0 for file in state["files"] if file["batch"] == batch)
    if n_edited:
        output.print(
            f"{n_edited:,} cells that are not for writing back were edited and ignored: winback quarantine --edited"
        )
    if latest["state"] != "published":
        raise WithheldError(
            f"week {monday} is {latest['state']}: {latest['reason']}\nNothing was published; the last good week stays. "
            "Mend what is named and run again, or publish all the same with --accept 'REASON' where a reason may do."
        )
    folder = place.folder("outbox") / monday.isoformat()
    simulated = " [yellow](simulated)[/]" if place.settings.workspace.is_simulated else ""
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    output.print(
        f"Week {monday}{simulated} (revision {latest['revision']}): {latest['lapsed']:,} accounts lapsed, "
        f"{latest['chosen']:,} on lists."
    )
    rows = table("", "file", "rows", numbers=("rows",))
    for name, file in manifest["files"].items():
        rows.add_row(name, "" if file["rows"] is None else f"{file['rows']:,}")
    output.print(rows)
    output.print(f"Playbooks: {folder}", soft_wrap=True)

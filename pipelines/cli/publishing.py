"""`winback publish`: move back to an earlier week.

Belongs here: the command. Does not belong here: what moving back means (`assets.rollback`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from assets.rollback import move_back
from assets.workspace import WAIT_SECONDS, open_warehouse, open_workspace
from pipelines.cli.console import WorkspaceOption, output
from pipelines.clock import today_in
from winback.errors import UsageError
from winback.weeks import parse_week


def publish(
    to: Annotated[str, typer.Option("--to", help="Monday of the published week to move back to, YYYY-MM-DD.")],
    reason: Annotated[str, typer.Option(help="Why; recorded with the weeks that are withdrawn.")],
    workspace: WorkspaceOption = Path("workspace"),
) -> None:
    """Make an earlier published week current again and withdraw the weeks after it."""
    if not reason.strip():
        raise UsageError("--reason needs words, which are recorded with the weeks that are withdrawn")
    week_on, place = parse_week(to), open_workspace(workspace)
    with open_warehouse(place, today_in(place.settings.zone), WAIT_SECONDS) as warehouse:
        withdrawn = move_back(warehouse, week_on, reason.strip())
    output.print(f"Week {week_on} is current again; withdrawn: {', '.join(str(w.week_on) for w in withdrawn) or 'none'}.")
    output.print("What representatives write back about withdrawn weeks still counts.")

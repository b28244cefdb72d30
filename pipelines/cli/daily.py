"""`winback daily`: promises due and service figures between the weeks.

Belongs here: the command. Does not belong here: what a day brings (`assets.daily`).
"""

from __future__ import annotations

from pathlib import Path

from assets.daily import bring_out_day
from assets.workspace import WAIT_SECONDS, open_warehouse, open_workspace
from pipelines.cli.console import WorkspaceOption, output
from pipelines.clock import today_in


def daily(workspace: WorkspaceOption = Path("workspace")) -> None:
    """Load what came in, and bring out the promises that are due and the standards that slip. The weekly lists stay as they are."""
    place = open_workspace(workspace)
    with open_warehouse(place, today_in(place.settings.zone), WAIT_SECONDS) as warehouse:
        folder = bring_out_day(warehouse)
    output.print(f"Promises and service figures: {folder}", soft_wrap=True)

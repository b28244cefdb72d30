"""`winback prune`: remove what `[retention]` keeps no longer.

Belongs here: the command. Does not belong here: what is past (`winback.publication.retention`) or removing it (`assets.retention`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from assets.retention import prune
from assets.workspace import WAIT_SECONDS, open_warehouse, open_workspace
from pipelines.cli.console import WorkspaceOption, output, table
from pipelines.clock import today_in


def prune_command(
    workspace: WorkspaceOption = Path("workspace"),
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count what would be removed.")] = False,
) -> None:
    """Remove what [retention] in winback.toml keeps no longer; the daily job does the same. By default everything is kept."""
    place = open_workspace(workspace)
    with open_warehouse(place, today_in(place.settings.zone), WAIT_SECONDS) as warehouse:
        pruned = prune(warehouse, is_dry=dry_run)
    if any(pruned.counts.values()):
        rows = table("Would be removed" if dry_run else "Removed", "what", "how many", numbers=("how many",))
        for kind, count in pruned.counts.items():
            if count:
                rows.add_row(kind, f"{count:,}")
        output.print(rows)
        output.print(f"{pruned.n_bytes / 1e6:,.1f} MB of files.")
    elif place.settings.retention.is_unlimited:
        output.print("Everything is kept: \\[retention] in winback.toml sets no limit.")
    else:
        output.print("Nothing is past what \\[retention] keeps.")
    if pruned.n_needed:
        output.print(
            f"{pruned.n_needed:,} archived files are old enough, but weeks are made from them; they stay as long as "
            "is_rebuild_kept is true."
        )

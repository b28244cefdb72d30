"""`winback rebuild`: the warehouse anew from the archive.

Belongs here: the command and what it tells. Does not belong here: how it is done (`assets.rebuild`).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from assets.rebuild import SUMS, FileSums, Rebuilt, rebuild
from assets.workspace import WAIT_SECONDS, open_workspace, run_turn
from pipelines.cli.console import WorkspaceOption, output, plain, table
from pipelines.clock import today_in
from winback.errors import RunFailedError


def rebuild_command(
    workspace: WorkspaceOption = Path("workspace"),
    no_run: Annotated[bool, typer.Option("--no-run", help="Do not compute the last published week again.")] = False,
) -> None:
    """Make a damaged or missing warehouse anew from the archived files and ledger, with the same content."""
    place = open_workspace(workspace)
    today = today_in(place.settings.zone)()
    with run_turn(place, WAIT_SECONDS):
        done = rebuild(place, today, WAIT_SECONDS)
        _show(done)
        _require_same(done)
        if done.set_aside is not None:
            output.print(
                f"The old warehouse lies in {plain(done.set_aside)}; delete it when you are done with it.", soft_wrap=True
            )
        if done.published and not no_run:
            from pipelines.cli.execution import Execution

            last = max(done.published)
            Execution(place, today, WAIT_SECONDS).run_week(last, reopen=False, accepted_reason=None, is_loaded=True)
            output.print(f"Week {last} comes out the same as it was published.")


def _show(done: Rebuilt) -> None:
    loaded = [file for file in done.files if file.again is not None]
    rows = table("", "", "as recorded", "loaded again", numbers=("as recorded", "loaded again"))
    rows.add_row("files", f"{len(done.files):,}", f"{len(loaded):,}")
    for number, name in enumerate(SUMS, start=1):
        recorded = sum(int(file.recorded[number]) for file in loaded)
        again = sum(int(file.again[number]) for file in loaded if file.again is not None)
        rows.add_row(name.replace("_", " "), f"{recorded:,}", f"{again:,}")
    output.print(rows)
    if len(loaded) < len(done.files):
        output.print(
            f"{len(done.files) - len(loaded):,} file(s) were removed by retention; their rows are not there any more."
        )


def _require_same(done: Rebuilt) -> None:
    if done.differing:
        lines = "\n".join(f"  {_difference(file)}" for file in done.differing[:20])
        raise RunFailedError(
            f"{len(done.differing):,} file(s) came out otherwise than recorded, so the old warehouse stays as it is; the settings "
            f"or the code changed since they were loaded:\n{lines}"
        )


def _difference(file: FileSums) -> str:
    names = ("state", *SUMS)
    changed = {
        name: f"{was} -> {now}" for name, was, now in zip(names, file.recorded, file.again or (), strict=True) if was != now
    }
    return f"{file.name}: {json.dumps(changed)}"

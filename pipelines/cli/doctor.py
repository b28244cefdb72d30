"""`winback doctor`: is everything in order here, and if not, what to do.

Belongs here: the command. Does not belong here: what is looked at (`assets.doctor`).
"""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import Annotated

import typer

from assets.doctor import examine
from assets.doctor_environment import examine_environment
from assets.finding import Finding
from assets.workspace import open_workspace
from pipelines.cli.console import WorkspaceOption, output, plain, print_json, table
from pipelines.cli.state import EMPTY, read_state
from pipelines.clock import now_in
from pipelines.heartbeat import daemon_heard_at
from winback.errors import RunFailedError, UsageError

_COLOURS = {"ok": "green", "warn": "yellow", "fail": "bold red"}


def doctor(
    workspace: WorkspaceOption = Path("workspace"),
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, for programs.")] = False,
) -> None:
    """Look at the environment and the workspace; every line that is not ok says what to do. Exits with 1 if one fails."""
    findings = _findings(workspace)
    if as_json:
        print_json([dataclasses.asdict(f) for f in findings])
    else:
        rows = table("", "", "looked at", "seen", "what to do")
        for finding in findings:
            colour = _COLOURS[finding.level]
            rows.add_row(
                f"[{colour}]{finding.level}[/]",
                finding.subject,
                plain(finding.seen, keeps_lines=True),
                plain(finding.fix, keeps_lines=True),
            )
        output.print(rows)
    n_failed = sum(f.level == "fail" for f in findings)
    if n_failed:
        raise RunFailedError(f"{n_failed} of {len(findings)} things are not in order")


def _findings(root: Path) -> list[Finding]:
    """What was found; without a workspace that can be opened, about the environment alone."""
    try:
        place = open_workspace(root)
    except UsageError as error:
        fix = (
            "mend winback.toml" if (root / "winback.toml").is_file() else f"winback init {root}, or name the folder: -w DIR"
        )
        return [*examine_environment(), Finding("Settings", "fail", str(error), fix)]
    try:
        state = read_state(place)
    except RunFailedError:  # a line of its own says so
        state = dict(EMPTY)
    return examine(place, state | {"daemon_heard_at": daemon_heard_at(place)}, now_in(place.settings.zone)(), os.environ)

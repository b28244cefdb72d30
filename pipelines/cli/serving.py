"""`winback ui` and `winback daemon`: Dagster's own processes on a workspace.

Belongs here: starting the web UI, which schedules nothing, and the daemon, which is the only scheduler. Does not belong here:
definitions.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from assets.workspace import Workspace, open_workspace
from pipelines.cli.console import WorkspaceOption, errors, output

LOOPBACK = "127.0.0.1"
_MODULE = ("-m", "pipelines.definitions")


def ui(
    workspace: WorkspaceOption = Path("workspace"),
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port.")] = 3000,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = LOOPBACK,
) -> None:
    """Open the web UI: assets, checks, runs. It starts nothing by itself; `winback daemon` does."""
    place = open_workspace(workspace)
    if host != LOOPBACK:
        errors.print("[yellow]The UI has no log-in of its own: whoever reaches this address can run and read everything.[/]")
    output.print(f"http://{host}:{port} serves {place.root}; stop it with Ctrl-C", soft_wrap=True)
    _become(place, "dagster_webserver", *_MODULE, "-h", host, "-p", str(port))


def daemon(workspace: WorkspaceOption = Path("workspace")) -> None:
    """Run the schedule and the sensors until stopped: this week's playbooks every Monday, and files as they arrive."""
    place = open_workspace(workspace)
    output.print(f"The daemon runs the schedule of {place.root}; stop it with Ctrl-C", soft_wrap=True)
    _become(place, "dagster._daemon", "run", *_MODULE)


def _become(place: Workspace, module: str, *arguments: str) -> NoReturn:
    """Replace this process by one of Dagster's, so that signals and exit codes are its own."""
    sys.stdout.flush()
    os.environ["DAGSTER_HOME"] = str(place.folder("dagster"))
    os.environ["WINBACK_WORKSPACE"] = str(place.root)
    os.execv(sys.executable, [sys.executable, "-m", module, *arguments])

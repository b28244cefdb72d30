"""`winback ui`: Dagster's web UI on a workspace.

Belongs here: the command. Does not belong here: definitions.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from assets.workspace import open_workspace
from pipelines.cli.console import WorkspaceOption, errors, output

LOOPBACK = "127.0.0.1"


def ui(
    workspace: WorkspaceOption = Path("workspace"),
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port.")] = 3000,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = LOOPBACK,
) -> None:
    """Open the web UI: assets, checks, runs, schedule."""
    place = open_workspace(workspace)
    if host != LOOPBACK:
        errors.print("[yellow]The UI has no log-in of its own: whoever reaches this address can run and read everything.[/]")
    output.print(f"http://{host}:{port} serves {place.root}; stop it with Ctrl-C", soft_wrap=True)
    sys.stdout.flush()
    os.environ["DAGSTER_HOME"] = str(place.folder("dagster"))
    os.environ["WINBACK_WORKSPACE"] = str(place.root)
    command = [sys.executable, "-m", "dagster", "dev", "-m", "pipelines.definitions", "-h", host, "-p", str(port)]
    os.execv(sys.executable, command)

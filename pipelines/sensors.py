"""The sensors.

Belongs here: starting a load when files have come. Does not belong here: what the load does.

A file counts once its size and time of change have been the same at two looks, so that one still being written is left alone. The
Monday schedule loads, too: sensors only spare it the wait.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import dagster as dg

from assets.delivery import returned_files
from assets.inbox import delivered_files
from assets.workspace import Workspace
from pipelines.jobs import load_job

LOOK_SECONDS = 60


def file_sensors(workspace: Callable[[], Workspace]) -> list[dg.SensorDefinition]:
    """`files_in_inbox` and `files_returned`."""
    return [
        _sensor("files_in_inbox", "Loads what is delivered to the inbox.", lambda: _inbox(workspace())),
        _sensor("files_returned", "Loads the lists that representatives return.", lambda: returned_files(workspace())),
    ]


def _inbox(workspace: Workspace) -> list[Path]:
    return delivered_files(workspace.folder("inbox"))


def _sensor(name: str, description: str, files: Callable[[], list[Path]]) -> dg.SensorDefinition:
    @dg.sensor(
        name=name,
        job=load_job,
        minimum_interval_seconds=LOOK_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=description,
    )
    def look(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        found = seen(files())
        if found is None:
            return dg.SensorResult(skip_reason="nothing is waiting", cursor="")
        if found != context.cursor:
            return dg.SensorResult(skip_reason="files are waiting, or still being written", cursor=found)
        return dg.SensorResult(run_requests=[dg.RunRequest(run_key=found)], cursor=found)

    return look


def seen(files: list[Path]) -> str | None:
    """What the files look like from outside: SHA-256 over name, size and time of change; None without any."""
    if not files:
        return None
    looks = [f"{path}\x1f{path.stat().st_size}\x1f{path.stat().st_mtime_ns}" for path in files if path.exists()]
    return hashlib.sha256("\n".join(looks).encode()).hexdigest()

"""The sensors.

Belongs here: starting a load when files have come, and telling people of a run that failed. Does not belong here: what a load does,
what people are told (`winback.alerts`) and by which channel (`assets.alerts`).

A file counts once its size and time of change have been the same at two looks, so that one still being written is left alone. The
Monday schedule loads, too: sensors only spare it the wait.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path

import dagster as dg

from assets.alerts import send_alert
from assets.delivery import returned_files
from assets.inbox import delivered_files
from assets.workspace import Workspace
from pipelines.jobs import load_job
from winback.alerts.alert import Alert, alert_of

LOOK_SECONDS = 60
WILL_RETRY = "dagster/will_retry"
"""Dagster's own tag of a failed run that its daemon tries again."""


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


def failure_sensor(
    workspace: Callable[[], Workspace], today: Callable[[], date], secrets: Mapping[str, str]
) -> dg.SensorDefinition:
    """`failed_runs`: an alert for every run that failed, whoever started it in the UI or the daemon."""

    @dg.run_failure_sensor(
        name="failed_runs",
        minimum_interval_seconds=LOOK_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Tells people of a run that failed: the cause, the asset, what to do next.",
    )
    def tell(context: dg.RunFailureSensorContext) -> dg.SkipReason | None:
        if context.dagster_run.tags.get(WILL_RETRY) == "true":
            return dg.SkipReason("the daemon tries the run again; people are told if the last attempt fails")
        place = workspace()
        failures = send_alert(place, _alert(place, context), today(), secrets)
        for failure in failures:
            context.log.warning(f"an alert was not sent: {failure}")
        return None

    return tell


def _alert(place: Workspace, context: dg.RunFailureSensorContext) -> Alert:
    steps = context.get_step_failure_events()
    failed = steps[0] if steps else None
    error = failed.step_failure_data.error if failed else None
    while error is not None and error.cause is not None:
        error = error.cause
    cause = error.message if error is not None else context.failure_event.message or "unknown"
    week = context.dagster_run.tags.get("dagster/partition")
    return alert_of(place.root.name, week, failed.step_key if failed else None, cause)


def seen(files: list[Path]) -> str | None:
    """What the files look like from outside: SHA-256 over name, size and time of change; None without any."""
    if not files:
        return None
    looks = [f"{path}\x1f{path.stat().st_size}\x1f{path.stat().st_mtime_ns}" for path in files if path.exists()]
    return hashlib.sha256("\n".join(looks).encode()).hexdigest()

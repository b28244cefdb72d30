"""Runs whose process is gone.

Belongs here: finding them and entering them as failed, so that people are told and the daemon tries them again. Does not belong
here: trying again (`dagster.yaml` asks the daemon for that).

A process that is killed together with the daemon, or a machine that loses its power, leaves a run that seems to work for ever: no
other process knows of its end. But whoever works on a workspace holds its lock, and whoever waits for the lock takes it within a
moment. A run that began some time ago while the lock is free, and stays free, is nobody's.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import dagster as dg

from assets.workspace import Workspace, who_is_at_work

LOOK_SECONDS = 60
YOUNG = timedelta(minutes=5)
"""A run takes this long at most from its entry to its first look at the lock."""
_UNDER_WAY = [dg.DagsterRunStatus[name] for name in ("NOT_STARTED", "STARTING", "STARTED", "CANCELING")]
_A_MOMENT_SECONDS = 2.0
_MESSAGE = "the run's process is gone: it was killed, or the machine went down"


def abandoned_sensor(workspace: Callable[[], Workspace], now: Callable[[], datetime]) -> dg.SensorDefinition:
    """`abandoned_runs`: enters runs as failed whose process is gone."""

    @dg.sensor(
        name="abandoned_runs",
        minimum_interval_seconds=LOOK_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Enters runs as failed whose process is gone, so that they are tried again.",
    )
    def look(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        found = close_abandoned(context.instance, workspace(), now(), _A_MOMENT_SECONDS)
        return dg.SkipReason(f"entered as failed: {', '.join(found)}" if found else "every run has its process")

    return look


def close_abandoned(instance: dg.DagsterInstance, workspace: Workspace, now: datetime, moment_seconds: float) -> list[str]:
    """Enter abandoned runs as failed; returns their ids. `moment_seconds` lie between two looks at the lock."""
    before = now.astimezone(UTC) - YOUNG
    old = {r.dagster_run.run_id for r in _under_way(instance) if r.create_timestamp.astimezone(UTC) < before}
    if not old or who_is_at_work(workspace):
        return []
    time.sleep(moment_seconds)
    if who_is_at_work(workspace):
        return []
    gone = [r.dagster_run for r in _under_way(instance) if r.dagster_run.run_id in old]
    for run in gone:
        instance.report_run_failed(run, _MESSAGE)
    return [run.run_id for run in gone]


def _under_way(instance: dg.DagsterInstance) -> list[dg.RunRecord]:
    return list(instance.get_run_records(dg.RunsFilter(statuses=_UNDER_WAY)))

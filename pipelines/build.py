"""Building the definitions, for production and tests alike.

Belongs here: `build_defs`. Does not belong here: reading the environment (`pipelines.definitions`).
"""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

import dagster as dg

from assets.partitions import weekly_partitions
from assets.registry import build_assets, build_checks
from assets.resources import WAREHOUSE, warehouse_resource
from assets.workspace import Workspace
from pipelines.jobs import daily_job, load_job, weekly_job
from pipelines.schedules import daily_schedule, monday_schedule
from pipelines.sensors import failure_sensor, file_sensors

DEFAULT_WAIT_SECONDS = 1800.0


def build_defs(
    *,
    timezone: str,
    workspace: Callable[[], Workspace],
    today: Callable[[], date],
    wait_seconds: float = DEFAULT_WAIT_SECONDS,
    secrets: Mapping[str, str] | None = None,
    resource_overrides: Mapping[str, Any] | None = None,
) -> dg.Definitions:
    """The project's definitions on one workspace.

    `workspace` and `today` are called when a run starts, not when the definitions load; `secrets` are read then, too.
    """
    partitions = weekly_partitions(timezone)
    assets = build_assets(partitions)
    return dg.Definitions(
        assets=assets,
        asset_checks=build_checks(assets),
        jobs=[weekly_job, load_job, daily_job],
        schedules=[monday_schedule(timezone), daily_schedule(timezone)],
        sensors=[*file_sensors(workspace), failure_sensor(workspace, today, secrets or {})],
        resources={WAREHOUSE: warehouse_resource(workspace, today, wait_seconds, secrets)} | dict(resource_overrides or {}),
        executor=dg.in_process_executor,
    )

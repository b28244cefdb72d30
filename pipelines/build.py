"""Building the definitions, for production and tests alike.

Belongs here: `build_defs`. Does not belong here: reading the environment (`pipelines.definitions`).
"""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import dagster as dg

from assets.partitions import weekly_partitions
from assets.registry import build_assets
from assets.resources import WAREHOUSE, warehouse_resource
from assets.workspace import WAIT_SECONDS, Workspace
from pipelines.abandoned import abandoned_sensor
from pipelines.clock import now_in
from pipelines.jobs import daily_job, load_job, loaded_week_job, weekly_job
from pipelines.schedules import daily_schedule, monday_schedule
from pipelines.sensors import failure_sensor, file_sensors


def build_defs(
    *,
    timezone: str,
    workspace: Callable[[], Workspace],
    today: Callable[[], date],
    wait_seconds: float = WAIT_SECONDS,
    secrets: Mapping[str, str] | None = None,
    resource_overrides: Mapping[str, Any] | None = None,
    freshness: dg.FreshnessPolicy | None = None,
) -> dg.Definitions:
    """The project's definitions on one workspace.

    `workspace` and `today` are called when a run starts, not when the definitions load; `secrets` are read then, too.
    `freshness` is what every asset promises; None in a workspace whose weeks do not follow the calendar.
    """
    partitions = weekly_partitions(timezone)
    assets = build_assets(partitions)
    return dg.Definitions(
        assets=assets if freshness is None else [a.map_asset_specs(lambda s: _fresh(s, freshness)) for a in assets],
        jobs=[weekly_job, load_job, loaded_week_job, daily_job],
        schedules=[monday_schedule(timezone), daily_schedule(timezone)],
        sensors=[
            *file_sensors(workspace),
            failure_sensor(workspace, today, secrets or {}),
            abandoned_sensor(workspace, now_in(ZoneInfo(timezone))),
        ],
        resources={WAREHOUSE: warehouse_resource(workspace, today, wait_seconds, secrets)} | dict(resource_overrides or {}),
        executor=dg.in_process_executor,
    )


def _fresh(spec: dg.AssetSpec, freshness: dg.FreshnessPolicy) -> dg.AssetSpec:
    return spec.replace_attributes(freshness_policy=freshness)

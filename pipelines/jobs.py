"""The jobs.

Belongs here: what runs together. Does not belong here: when (`pipelines.schedules`).
"""

import dagster as dg

from assets.daily import bring_out_day
from assets.resources import WAREHOUSE
from assets.steps import tried_again

WEEKLY_JOB = "weekly_playbooks"
LOAD_JOB = "load_inbox_files"
LOADED_WEEK_JOB = "week_of_loaded_files"
DAILY_JOB = "daily_service"

_LOADING = dg.AssetSelection.groups("raw", "core")

weekly_job = dg.define_asset_job(
    WEEKLY_JOB,
    selection=dg.AssetSelection.all(),
    description="Load the inbox and bring out one week's playbooks.",
    executor_def=dg.in_process_executor,
)
"""Everything, for one week."""

load_job = dg.define_asset_job(
    LOAD_JOB,
    selection=_LOADING,
    description="Load the inbox without computing a week.",
    executor_def=dg.in_process_executor,
)
"""The inbox alone, without a week."""

loaded_week_job = dg.define_asset_job(
    LOADED_WEEK_JOB,
    selection=dg.AssetSelection.all() - _LOADING,
    description="Bring out one week's playbooks of what is loaded already, without looking into the inbox.",
    executor_def=dg.in_process_executor,
)
"""A week alone, without the inbox: after a load, and for weeks gone by."""


@dg.op(required_resource_keys={WAREHOUSE}, description="Load the inbox; promises due and service figures of the day.")
def bring_out_today(context: dg.OpExecutionContext) -> None:
    """One day's files."""
    with tried_again(context):
        folder = bring_out_day(context.resources.warehouse)
    context.log.info(f"the day's files lie in {folder}")


@dg.job(
    name=DAILY_JOB,
    description="Promises due and standards that slip, between the weeks.",
    executor_def=dg.in_process_executor,
)
def daily_job() -> None:
    """The day between the weeks."""
    bring_out_today()

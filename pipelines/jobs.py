"""The jobs.

Belongs here: what runs together. Does not belong here: when (`pipelines.schedules`).
"""

import dagster as dg

WEEKLY_JOB = "weekly_playbooks"
LOAD_JOB = "load_inbox_files"

weekly_job = dg.define_asset_job(
    WEEKLY_JOB,
    selection=dg.AssetSelection.all(),
    description="Load the inbox and bring out one week's playbooks.",
    executor_def=dg.in_process_executor,
)
"""Everything, for one week."""

load_job = dg.define_asset_job(
    LOAD_JOB,
    selection=dg.AssetSelection.groups("raw", "core"),
    description="Load the inbox without computing a week.",
    executor_def=dg.in_process_executor,
)
"""The inbox alone, without a week."""

"""The jobs.

Belongs here: what runs together. Does not belong here: when (`pipelines.schedules`).
"""

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

WEEKLY_JOB = "weekly_playbooks"
LOAD_JOB = "load_inbox_files"


def weekly_job(partitions: dg.PartitionsDefinition) -> UnresolvedAssetJobDefinition:
    """Everything, for one week."""
    return dg.define_asset_job(
        WEEKLY_JOB,
        selection=dg.AssetSelection.all(),
        partitions_def=partitions,
        description="Load the inbox and bring out one week's playbooks.",
        executor_def=dg.in_process_executor,
    )


def load_job() -> UnresolvedAssetJobDefinition:
    """The inbox alone, without a week."""
    return dg.define_asset_job(
        LOAD_JOB,
        selection=dg.AssetSelection.groups("raw", "core"),
        description="Load the inbox without computing a week.",
        executor_def=dg.in_process_executor,
    )

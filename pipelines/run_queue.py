"""Which runs start at once, and which wait for each other.

Belongs here: the run coordinator that a workspace's `dagster.yaml` names. Does not belong here: the workspace's lock, which every
run takes for itself.

A run started in the web UI, by the schedule or by a sensor starts at once and waits for the lock. The runs of a backfill would all
start together and wait in no order, so they go into the queue of the daemon, which starts one at a time, in their order.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import dagster as dg
from dagster._serdes import ConfigurableClassData

BACKFILL_TAG = "dagster/backfill"
WHOLE_AGAIN = {"dagster/retry_strategy": "ALL_STEPS"}
"""A run tried again starts from its first step: what another run did to the warehouse meanwhile would be mixed in else."""


class OneWeekAtATime(dg.QueuedRunCoordinator):
    """Starts runs at once, but runs of backfills one after another."""

    def __init__(self, inst_data: ConfigurableClassData | None = None) -> None:
        limits = [{"key": BACKFILL_TAG, "limit": 1}]
        super().__init__(max_concurrent_runs=-1, tag_concurrency_limits=limits, inst_data=inst_data)

    @classmethod
    def config_type(cls) -> dict[str, Any]:
        """It has nothing to set."""
        return {}

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData, config_value: Mapping[str, Any]) -> OneWeekAtATime:
        """As Dagster makes it from `dagster.yaml`."""
        return cls(inst_data=inst_data)

    def submit_run(self, context: dg.SubmitRunContext) -> dg.DagsterRun:
        """Queue a backfill's run; launch any other."""
        run = context.dagster_run
        self._instance.add_run_tags(run.run_id, WHOLE_AGAIN)
        if BACKFILL_TAG in run.tags or run.status != dg.DagsterRunStatus.NOT_STARTED:
            return super().submit_run(context)
        return self._instance.launch_run(run.run_id, context.workspace)

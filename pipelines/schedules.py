"""The schedule.

Belongs here: when the weekly job runs by itself. Does not belong here: what it runs.
"""

from datetime import timedelta

import dagster as dg

from pipelines.jobs import daily_job, weekly_job

MONDAY_CRON = "0 6 * * 1"
"""Mondays at 06:00 in the workspace's zone."""

DUE_CRON = "0 12 * * 1"
"""Mondays at noon the week is due: the run of the morning is over, and so are its attempts."""

DAILY_CRON = "0 6 * * 2-6"
"""Tuesdays to Saturdays at 06:00."""


def weekly_freshness(timezone: str) -> dg.FreshnessPolicy:
    """What every asset promises: made anew on Monday before noon, or later; until then the Monday before counts.

    Made for which week does not count: a backfill of old weeks makes an asset look fresh. `winback status` looks at weeks.
    """
    return dg.FreshnessPolicy.cron(deadline_cron=DUE_CRON, lower_bound_delta=timedelta(hours=12), timezone=timezone)


def monday_schedule(timezone: str) -> dg.ScheduleDefinition:
    """Run the week that begins on the Monday of the tick."""

    @dg.schedule(
        name="monday_playbooks",
        cron_schedule=MONDAY_CRON,
        job=weekly_job,
        execution_timezone=timezone,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Every Monday at 06:00: this week's playbooks.",
    )
    def monday_playbooks(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
        week = context.scheduled_execution_time.date().isoformat()
        return dg.RunRequest(run_key=week, partition_key=week)

    return monday_playbooks


def daily_schedule(timezone: str) -> dg.ScheduleDefinition:
    """Promises and service figures on the days between."""
    return dg.ScheduleDefinition(
        name="daily_service",
        cron_schedule=DAILY_CRON,
        job=daily_job,
        execution_timezone=timezone,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Tuesdays to Saturdays at 06:00: promises due and standards that slip.",
    )

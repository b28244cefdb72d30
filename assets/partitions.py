"""The weekly partitions.

Belongs here: the one partitions definition. Does not belong here: reading the clock; the
current week is part of the definition because weeks end with the current Monday.
"""

import dagster as dg

FIRST_WEEK = "1996-01-01"
"""The earliest week that can be run, a Monday."""


def weekly_partitions(timezone: str) -> dg.WeeklyPartitionsDefinition:
    """Weeks keyed by their Monday in `timezone`, up to and with the current one."""
    return dg.WeeklyPartitionsDefinition(start_date=FIRST_WEEK, day_offset=1, end_offset=1, timezone=timezone)

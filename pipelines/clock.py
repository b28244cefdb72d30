"""The clock.

Belongs here: the only place that reads the time of day. Does not belong here: deciding anything by it; everything else is
told the day.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from zoneinfo import ZoneInfo


def today_in(zone: ZoneInfo) -> Callable[[], date]:
    """A function that tells today's date in `zone`."""
    return lambda: datetime.now(zone).date()


def now_in(zone: ZoneInfo) -> Callable[[], datetime]:
    """A function that tells the time in `zone`."""
    return lambda: datetime.now(zone)

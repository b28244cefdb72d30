"""Weeks: the unit of work.

Belongs here: which Monday a day belongs to. Does not belong here: reading the clock.
"""

from __future__ import annotations

from datetime import date, timedelta

from winback.errors import UsageError


def monday_of(day: date) -> date:
    """The Monday of the week that `day` is in; a Monday is its own."""
    return day - timedelta(days=day.weekday())


def first_monday_after(day: date) -> date:
    """The first Monday strictly after `day`."""
    return monday_of(day) + timedelta(days=7)


def parse_week(text: str) -> date:
    """The week named by an ISO date, which must be a Monday. Raises UsageError with the nearest one if it is not."""
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"'{text}' is not a date; write it as YYYY-MM-DD") from error
    if day != monday_of(day):
        raise UsageError(f"{text} is a {day:%A}; a week is named by its Monday: {monday_of(day)}")
    return day

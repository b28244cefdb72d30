"""As-of dates written as data: a list, or a rule over a stretch of days.

Belongs here: which days a rule names. Does not belong here: what is done on those days (`protocols`).
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from winback.weeks import monday_of


class AsOfDates(BaseModel):
    """Either `dates` (the days themselves) or `every` with `from` and `to` (both inclusive).

    `every` is `monday` or `first_monday_of_month`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    dates: tuple[date, ...] | None = None
    every: Literal["monday", "first_monday_of_month"] | None = None
    from_on: date | None = Field(default=None, alias="from")
    to_on: date | None = Field(default=None, alias="to")

    @model_validator(mode="after")
    def _is_list_or_rule(self) -> AsOfDates:
        rule = (self.every, self.from_on, self.to_on)
        is_rule = None not in rule
        if (self.dates is not None) == is_rule or (self.dates is not None and any(v is not None for v in rule)):
            raise ValueError("give either 'dates' with the days, or 'every' with 'from' and 'to'")
        if not self.days:
            raise ValueError("these dates name no day at all")
        if list(self.days) != sorted(set(self.days)):
            raise ValueError("the days under 'dates' must grow from one to the next")
        return self

    @property
    def days(self) -> tuple[date, ...]:
        """The dates, ascending."""
        if self.dates is not None:
            return self.dates
        if self.from_on is None or self.to_on is None:
            return ()
        first = monday_of(self.from_on + timedelta(days=6))
        weeks = max(0, (self.to_on - first).days // 7 + 1)
        mondays = (first + timedelta(days=7 * week) for week in range(weeks))
        return tuple(d for d in mondays if self.every == "monday" or d.day <= 7)

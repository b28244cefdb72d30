"""Seasons: how far returns of whole landmarks lie off what the models expect, and what that says a year on.

Belongs here: the shift of each landmark and the forecast from the same season a year earlier. Does not belong here: an account's
own season, which is a feature.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from winback.survival.btyd import Matrix, Vector

PERSISTENCE = 0.5
"""Share of a landmark's shift that is expected again a year later. One year cannot tell a season from a chance year; taking both
for equally likely halves it."""

RECENT_SHARE = 0.25
RECENT_DAYS = 182
"""Share of the mean shift of recent landmarks that is expected to go on: part of what one year shows as season is a level that
drifts."""

WIDTH_DAYS = 35
"""Landmarks this near to the day a year earlier speak for it, the nearer the more."""

_YEAR_DAYS = 364
_N_STEPS = 25
_MIN_LANDMARKS = 3


@dataclass(frozen=True)
class Seasons:
    """Shifts of landmarks on the log-odds scale, less their mean and drawn to 0 by their noise; `spread` is theirs."""

    landmarks: tuple[date, ...]
    shifts: tuple[float, ...]
    spread: float

    def forecast(self, as_of_on: date) -> tuple[float, float]:
        """The shift expected at a date, and the standard deviation of what is not foreseen.

        Only where a landmark lies about a year earlier is anything foreseen; else it is 0 and the whole spread.
        """
        ages, shifts = np.array([(as_of_on - day).days for day in self.landmarks]), np.array(self.shifts)
        nearness = np.maximum(1 - np.abs(ages - _YEAR_DAYS) / WIDTH_DAYS, 0)
        if nearness.sum() == 0:
            return 0.0, self.spread
        shift = PERSISTENCE * float(nearness @ shifts / nearness.sum())
        is_recent = (ages > 0) & (ages <= RECENT_DAYS)
        if is_recent.any():
            shift += RECENT_SHARE * float(shifts[is_recent].mean())
        return shift, self.spread * float(np.sqrt(1 - PERSISTENCE**2 - RECENT_SHARE**2))

    def as_json(self) -> dict[str, Any]:
        """Plain data."""
        days = [day.isoformat() for day in self.landmarks]
        return {"landmarks": days, "shifts": list(self.shifts), "spread": self.spread}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """From `as_json`."""
        days = tuple(date.fromisoformat(day) for day in data["landmarks"])
        return cls(days, tuple(data["shifts"]), data["spread"])


def fit_seasons(landmarks: list[date], log_odds: Vector, returned: Vector, weights: Vector) -> Seasons:
    """Learn the shifts; arrays have an entry a row, `landmarks` the row's date. The spread is DerSimonian & Laird's (1986)."""
    days = np.array([day.toordinal() for day in landmarks])
    known = [day for day in np.unique(days) if weights[days == day].sum() > 0]
    found = [_shift(log_odds[days == day], returned[days == day], weights[days == day]) for day in known]
    if len(known) < _MIN_LANDMARKS:
        return Seasons(tuple(date.fromordinal(int(d)) for d in known), (0.0,) * len(known), 0.0)
    shifts, variances = (np.array(v) for v in zip(*found, strict=True))
    precision = 1 / variances
    centre = np.average(shifts, weights=precision)
    excess = float((precision * (shifts - centre) ** 2).sum()) - (len(known) - 1)
    between = max(excess / float(precision.sum() - (precision**2).sum() / precision.sum()), 0.0)
    drawn = (shifts - centre) * between / (between + variances)
    return Seasons(
        tuple(date.fromordinal(int(d)) for d in known),
        tuple(round(float(s), 6) for s in drawn),
        round(float(np.sqrt(between)), 6),
    )


def levelled(landmarks: npt.NDArray[np.int64], log_odds: Matrix, returned: Vector, weights: Vector) -> Matrix:
    """Log-odds (rows x days) shifted so that each landmark's mean chance on the last day is its share of returns."""
    found = log_odds.copy()
    for number in np.unique(landmarks[weights > 0]):
        rows = landmarks == number
        found[rows] += _shift(log_odds[rows, -1], returned[rows], weights[rows])[0]
    return found


def _shift(log_odds: Vector, returned: Vector, weights: Vector) -> tuple[float, float]:
    """The shift that makes expected and observed returns equal (half a return and half a silence added), and its variance."""
    shift, total = 0.0, float(weights.sum())
    target = float((weights * returned).sum() + 0.5) / (total + 1)
    information = 1.0
    for _ in range(_N_STEPS):
        chance = 1 / (1 + np.exp(-(log_odds + shift)))
        information = float((weights * chance * (1 - chance)).sum())
        step = (target * total - float((weights * chance).sum())) / max(information, 1e-9)
        shift += float(np.clip(step, -1, 1))
    return shift, 1 / max(information, 1e-9)

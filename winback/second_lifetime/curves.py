"""Kaplan-Meier curves of durations, pooled and by cycle group.

Belongs here: survival by day and how far it is observed. Does not belong here: curves of gaps between purchases
(`winback.survival`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

Vector = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

MIN_FOLLOWED = 10
"""Fewest lifetimes still followed at the longest duration that counts as observed."""

MIN_GROUP_ENDED = 30
"""Fewest ended lifetimes from which a cycle group gets a curve of its own."""


def duration_curve(durations: Vector, is_ended: npt.NDArray[np.bool_], last_day: int) -> Vector:
    """P(duration > t) for t = 0 … `last_day` (days), Kaplan-Meier; flat after the last duration."""
    from lifelines import KaplanMeierFitter

    fitter = KaplanMeierFitter().fit(durations, event_observed=is_ended)
    return np.asarray(fitter.survival_function_at_times(np.arange(last_day + 1)).to_numpy(), dtype=np.float64)


def longest_observed_days(durations: Vector) -> int:
    """The longest duration that at least `MIN_FOLLOWED` lifetimes reached (all of them where there are fewer); at least 1."""
    nth = min(MIN_FOLLOWED, len(durations))
    return max(int(np.sort(durations)[::-1][nth - 1]), 1)


@dataclass(frozen=True)
class CurveDurations:
    """Durations told by curves: one pooled (key '*'), and one for each cycle group with enough ended lifetimes."""

    family: str
    curves: dict[str, Vector]

    @property
    def names(self) -> tuple[str, ...]:
        """The curves' names in order; the pooled one, '*', is the first."""
        return tuple(sorted(self.curves))

    def curve_of(self, frame: pl.DataFrame) -> Ints:
        """The curve each row is read from, as its place in `names`; 0 is the pooled one."""
        places = {name: place for place, name in enumerate(self.names)}
        found = frame["cycle_group"].replace_strict(places, default=0, return_dtype=pl.Int64)
        return np.asarray(found.to_numpy(), dtype=np.int64)

    def survival(self, frame: pl.DataFrame, days: Vector) -> Vector:
        """P(duration > t) of every row at `days`, shape (rows, days)."""
        at = [np.interp(days, np.arange(len(self.curves[name])), self.curves[name]) for name in self.names]
        return np.asarray(np.array(at)[self.curve_of(frame)], dtype=np.float64)


def continuous(curve: Vector) -> Vector:
    """The curve between P(T > t) and P(T ≥ t): whole days read as continuous time, so that the area below is the mean."""
    return np.asarray((curve + np.concatenate([[1.0], curve[:-1]])) / 2, dtype=np.float64)


def fit_curves(frame: pl.DataFrame, last_day: int, *, is_grouped: bool) -> CurveDurations:
    """Kaplan-Meier on the columns duration_days, is_ended and cycle_group."""
    curves = {"*": _curve(frame, last_day)}
    if is_grouped:
        ended = frame.filter(pl.col("is_ended")).group_by("cycle_group").len().sort("cycle_group")
        for group in ended.filter(pl.col("len") >= MIN_GROUP_ENDED)["cycle_group"]:
            curves[group] = _curve(frame.filter(pl.col("cycle_group") == group), last_day)
    return CurveDurations("kaplan_meier_group" if is_grouped else "kaplan_meier_pooled", curves)


def _curve(frame: pl.DataFrame, last_day: int) -> Vector:
    return duration_curve(frame["duration_days"].to_numpy().astype(np.float64), frame["is_ended"].to_numpy(), last_day)

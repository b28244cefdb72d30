"""Lapse thresholds, learned from censored gaps.

Belongs here: per segment and cycle group the first silence at which P(return within the horizon) falls below a share.
Does not belong here: an account's own bounds (its own cycle), which `core_spells` applies.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from itertools import pairwise

import numpy as np
import polars as pl

from winback.config import LapseSettings
from winback.survival.gap_curve import GapCurve, fit_gap_curve

MIN_RETURNS_FOR_THRESHOLD = 50
"""Fewest returns from which a threshold is learned at a level; below, the next coarser level is used."""

SINGLE = "single"
"""Cycle group of accounts with one purchase day."""


@dataclass(frozen=True)
class Threshold:
    """Days of silence, the chance of return there, and the gaps it rests on."""

    days: int
    return_prob: float | None
    n_gaps: int
    n_returns: int


def cycle_groups(settings: LapseSettings) -> pl.DataFrame:
    """Rows of `core_cycle_groups`: name, smallest cycle (exclusive) and largest (inclusive, null for the last)."""
    bounds = [0, *settings.cycle_bounds_days]
    rows: list[tuple[str, int, int | None]] = [(SINGLE, 0, 0)]
    rows += [(f"{low + 1:03d}-{high:03d}", low, high) for low, high in pairwise(bounds)]
    rows.append((f"{bounds[-1] + 1:03d}+", bounds[-1], None))
    return pl.DataFrame(rows, schema={"cycle_group": pl.String, "from_days": pl.Int64, "to_days": pl.Int64}, orient="row")


def find_threshold(curve: GapCurve, settings: LapseSettings) -> Threshold:
    """First silence within the bounds at which P(return within the horizon) is below `lapse_share`; else the largest."""
    chance, _, _ = curve.return_chances(settings.horizon_days)
    days = np.arange(len(chance))
    below = np.flatnonzero((chance < settings.lapse_share) & (days >= settings.min_days) & (days <= settings.max_days))
    found = int(below[0]) if below.size else settings.max_days
    prob = float(np.round(chance[found], 6)) if found < len(chance) else None
    return Threshold(found, prob, curve.n_gaps, curve.n_returns)


def threshold_table(gaps: pl.DataFrame, *, as_of_on: date, groups: pl.DataFrame, settings: LapseSettings) -> pl.DataFrame:
    """Rows of `core_lapse_thresholds` for every segment and cycle group.

    Levels, from fine to coarse: segment and cycle group, cycle group, all gaps; below all of them a rule of thumb, twice
    the group's largest cycle within the bounds. `gaps` has the columns of `core_gaps`.
    """
    pooled = _learned(gaps, settings)
    by_group = {g: _learned(gaps.filter(pl.col("cycle_group") == g), settings) for g in groups["cycle_group"]}
    rows = []
    for kind in sorted(gaps["business_kind"].unique()):
        of_kind = gaps.filter(pl.col("business_kind") == kind)
        for group, from_days, to_days in groups.iter_rows():
            own = _learned(of_kind.filter(pl.col("cycle_group") == group), settings)
            level, threshold = next(
                (level, t)
                for level, t in (
                    ("segment", own),
                    ("cycle", by_group[group]),
                    ("pooled", pooled),
                    ("rules", _rule_of_thumb(from_days, to_days, settings)),
                )
                if t is not None
            )
            rows.append(
                (as_of_on, kind, group, threshold.days, level, threshold.return_prob, threshold.n_gaps, threshold.n_returns)
            )
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row")


_SCHEMA = {
    "as_of_on": pl.Date,
    "business_kind": pl.String,
    "cycle_group": pl.String,
    "threshold_days": pl.Int64,
    "threshold_level": pl.String,
    "return_at_threshold_prob": pl.Float64,
    "n_gaps": pl.Int64,
    "n_returns": pl.Int64,
}


def _learned(gaps: pl.DataFrame, settings: LapseSettings) -> Threshold | None:
    n_returns = gaps.filter(pl.col("is_return"))["n_gaps"].sum()
    if n_returns < MIN_RETURNS_FOR_THRESHOLD:
        return None
    return find_threshold(fit_gap_curve(gaps), settings)


def _rule_of_thumb(from_days: int, to_days: int | None, settings: LapseSettings) -> Threshold:
    cycle = to_days or from_days or settings.single_cycle_days
    return Threshold(min(max(2 * cycle, settings.min_days), settings.max_days), None, 0, 0)

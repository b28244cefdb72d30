"""Splits by time: learn from contacts whose horizon had passed, judge on later ones.

Belongs here: which rows are learned from and which are judged, block by block. Does not belong here: fitting, scores.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from winback.propensity.families import Flags, TouchRows
from winback.survival.landmark_rows import account_folds

N_BLOCKS = 4
"""Blocks of weeks with about as many contacts each; every block but the first is judged by what was known before it."""

MIN_LEARNED_EACH = 15
"""Fewest returns and fewest others that a split by time must leave to learn from."""

N_FOLDS = 5

_LATEST_DAY = 6
"""Days after the Monday of its week at which a contact is assigned at the latest; its horizon runs from there."""


@dataclass(frozen=True)
class Split:
    """Rows to learn from and rows to judge on."""

    learned: Flags
    judged: Flags


@dataclass(frozen=True)
class Splits:
    """All splits; every row is judged once at most. `is_overlapping`: the contacts cover too short a time to be split by it, so
    accounts were split instead and contacts of the same weeks are on both sides."""

    parts: tuple[Split, ...]
    is_overlapping: bool


def time_splits(rows: TouchRows, horizon_days: int) -> Splits:
    """Later blocks judged by rows settled before them; by accounts where no block can be judged so."""
    days = rows.frame["as_of_on"]
    parts = []
    block = _blocks(rows)
    for k in range(1, N_BLOCKS):
        judged = block == k
        if not judged.any():
            continue
        first = days.filter(judged).min()
        learned = (days + timedelta(days=horizon_days + _LATEST_DAY) <= first).to_numpy()
        if _fewest(rows, learned) >= MIN_LEARNED_EACH:
            parts.append(Split(learned, judged))
    if parts:
        return Splits(tuple(parts), False)
    fold = account_folds(rows.frame, N_FOLDS)
    return Splits(tuple(Split(fold != k, fold == k) for k in range(N_FOLDS) if _fewest(rows, fold != k) > 0), True)


def _blocks(rows: TouchRows) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    """Block of each row: whole weeks, by the share of rows up to their middle."""
    _, week, size = np.unique(rows.frame["as_of_on"].to_numpy(), return_inverse=True, return_counts=True)
    middle = np.cumsum(size) - size / 2
    return np.asarray(np.minimum((N_BLOCKS * middle / size.sum()).astype(np.int64), N_BLOCKS - 1)[week])


def _fewest(rows: TouchRows, chosen: Flags) -> int:
    returned = rows.returned[chosen]
    return int(min(returned.sum(), len(returned) - returned.sum()))

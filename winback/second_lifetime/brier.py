"""How well predicted survival meets what was seen, with censoring.

Belongs here: the integrated Brier score row by row. Does not belong here: models, folds.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Vector = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

MIN_WEIGHT_BASE = 0.05
"""Smallest P(not yet censored) that weighs a row: rarer survivors would carry the whole score."""


def row_brier(survival: Vector, days: Vector, durations: Vector, is_ended: Flags) -> Vector:
    """Every row's part of the integrated Brier score; their mean is the score (0 is perfect, 0.25 is a coin).

    `survival` is P(duration > t), shape (rows, days); `days` an increasing grid. Weights are the inverse chance of not yet
    being censored (Kaplan-Meier of the censoring, over the same rows). Graf, Schmoor, Sauerbrei & Schumacher (1999),
    Statistics in Medicine 18.
    """
    uncensored = _uncensored(durations, is_ended)
    has_ended = (durations[:, None] <= days[None, :]) & is_ended[:, None]
    is_alive = durations[:, None] > days[None, :]
    at_end = np.maximum(uncensored(durations - 1.0), MIN_WEIGHT_BASE)[:, None]
    at_day = np.maximum(uncensored(days), MIN_WEIGHT_BASE)[None, :]
    scores = survival**2 * has_ended / at_end + (1 - survival) ** 2 * is_alive / at_day
    widths = np.diff(days, prepend=0.0)
    return np.asarray(scores @ widths / widths.sum(), dtype=np.float64)


def score_days(durations: Vector, is_ended: Flags) -> Vector:
    """Twenty days on which survival is judged: evenly up to the day by which nine in ten seen ends have come."""
    last = max(float(np.quantile(durations[is_ended], 0.9)), 20.0)
    return np.linspace(last / 20, last, 20)


class _Uncensored:
    """P(censored after t), right-continuous in whole days."""

    def __init__(self, curve: Vector) -> None:
        self.curve = curve

    def __call__(self, days: Vector) -> Vector:
        return self.curve[np.clip(np.floor(days), 0, len(self.curve) - 1).astype(np.int64)]


def _uncensored(durations: Vector, is_ended: Flags) -> _Uncensored:
    from winback.second_lifetime.curves import duration_curve

    return _Uncensored(duration_curve(durations, ~is_ended, int(durations.max())))

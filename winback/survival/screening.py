"""Fewer columns: those numbers that tell most of returning, one by one.

Belongs here: the choice of columns before any family is fitted. Does not belong here: the families, which weigh them together.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl

from winback.survival.design import Design
from winback.survival.landmark_rows import labels, landmark_numbers

MAX_NUMBERS = 60
"""Most numeric features a model reads. A proportional-hazards fit costs the square of its columns, and what the sixty-first
tells is noise on the few thousand returns that most logs hold."""

_LEARNED_SHARE = 2 / 3


def most_telling(design: Design, rows: pl.DataFrame, horizon_days: int) -> Design:
    """The design with its `MAX_NUMBERS` numbers that correlate most with a return within the horizon; its levels stay.

    Only the first two thirds of the landmarks are looked at, so that the later ones, on which champions are chosen, do not
    choose their own columns. Ties go by name.
    """
    if len(design.numbers) <= MAX_NUMBERS:
        return design
    returned, weights = labels(rows, horizon_days)
    at = landmark_numbers(rows)
    early = (at < max(1, int((at.max() + 1) * _LEARNED_SHARE))) & (weights > 0)
    strength = {
        n.name: _correlation(replace(design, numbers=(n,), levels=()), rows, returned, early) for n in design.numbers
    }
    kept = set(sorted(strength, key=lambda name: (-strength[name], name))[:MAX_NUMBERS])
    return replace(design, numbers=tuple(n for n in design.numbers if n.name in kept))


def _correlation(
    design: Design,
    rows: pl.DataFrame,
    returned: np.ndarray[tuple[int], np.dtype[np.float64]],
    early: np.ndarray[tuple[int], np.dtype[np.bool_]],
) -> float:
    """The larger absolute correlation of the value and of its being missing."""
    matrix, target = design.matrix(rows)[early], returned[early]
    spread = matrix.std(axis=0) * target.std()
    centred = (matrix - matrix.mean(axis=0)).T @ (target - target.mean()) / max(len(target), 1)
    return float(np.round(np.abs(np.divide(centred, spread, out=np.zeros_like(centred), where=spread > 0)).max(), 9))

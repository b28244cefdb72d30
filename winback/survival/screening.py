"""Fewer columns: numbers that tell accounts apart, and of these the ones that tell most of returning, one by one.

Belongs here: the choice of columns before any family is fitted. Does not belong here: the families, which weigh them together.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from winback.survival.design import Design, Number
from winback.survival.landmark_rows import labels, landmark_numbers

MAX_NUMBERS = 60
"""Most numeric features a model reads. A proportional-hazards fit costs the square of its columns, and what the sixty-first
tells is noise on the few thousand returns that most logs hold."""

MIN_WITHIN_SHARE = 0.5
"""Least share of a number's variance that lies within landmarks. One that differs between dates more than between accounts
(how many peers there are, how many of them are away) tells the date; beyond the training dates it only misleads."""

_LEARNED_SHARE = 2 / 3


def telling(design: Design, rows: pl.DataFrame, horizon_days: int) -> Design:
    """The design without numbers that tell the date, and at most the `MAX_NUMBERS` that correlate most with a return.

    Only the first two thirds of the landmarks are looked at for that, so that the later ones, on which champions are chosen,
    do not choose their own columns. Ties go by name; levels stay.
    """
    design = _of_accounts(design, rows)
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


def _of_accounts(design: Design, rows: pl.DataFrame) -> Design:
    at = landmark_numbers(rows)
    return replace(design, numbers=tuple(n for n in design.numbers if _within_share(n, rows, at) >= MIN_WITHIN_SHARE))


def _within_share(number: Number, rows: pl.DataFrame, at: NDArray[np.int64]) -> float:
    values = Design((number,), ()).matrix(rows)[:, 0]
    n = np.maximum(np.bincount(at), 1)
    means = np.bincount(at, weights=values) / n
    return float(np.round(((values - means[at]) ** 2).mean() / max(values.var(), 1e-12), 9))


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

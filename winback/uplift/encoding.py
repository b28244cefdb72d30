"""Features as numbers, fitted on training rows only.

Belongs here: which levels of a text get a column of their own, and the matrix. Does not belong here: filling in missing
numbers, which trees need not and linear models do themselves (`linear`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from winback.uplift.experiment import Matrix

MAX_LEVELS = 15
"""Levels of one text with a column each; the others share the reference."""

MIN_LEVEL_ROWS = 20
"""Rarer levels are pooled: an effect cannot be learned from fewer."""

_MISSING = "(missing)"


@dataclass(frozen=True)
class Encoding:
    """Numbers as they are (missing: NaN), texts as one 0/1 column per frequent level; the rest, and levels never seen, are 0."""

    numbers: tuple[str, ...]
    levels: dict[str, tuple[str, ...]]

    def matrix(self, frame: pl.DataFrame) -> Matrix:
        """Rows x columns, in a fixed order; one column of zeros where nothing is left."""
        columns = [frame[name].cast(pl.Float64).fill_null(float("nan")).to_numpy() for name in self.numbers]
        for name, levels in self.levels.items():
            texts = frame[name].fill_null(_MISSING)
            columns += [(texts == level).cast(pl.Float64).to_numpy() for level in levels]
        return np.column_stack(columns) if columns else np.zeros((len(frame), 1))


def fit_encoding(frame: pl.DataFrame) -> Encoding:
    """The encoding of these (training) rows; a number that is empty or constant in them is dropped."""
    numbers = [n for n in frame.columns if frame[n].dtype != pl.String and frame[n].n_unique() > 1]
    texts = [n for n in frame.columns if frame[n].dtype == pl.String]
    return Encoding(tuple(numbers), {name: _frequent_levels(frame[name]) for name in texts})


def _frequent_levels(values: pl.Series) -> tuple[str, ...]:
    counts = values.fill_null(_MISSING).alias("level").to_frame().group_by("level").len()
    ordered = counts.sort("len", "level", descending=[True, False])
    frequent = ordered.filter(pl.col("len") >= MIN_LEVEL_ROWS)["level"].to_list()
    covers_all = len(frequent) == len(ordered)
    return tuple(frequent[1 if covers_all else 0 :][:MAX_LEVELS])

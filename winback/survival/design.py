"""From features to numbers: the matrix that regressions and trees share.

Belongs here: scaling, filling and coding of features, learned once on training rows. Does not belong here: which rows, which
model. Nothing is learned at score time, so an account's score does not depend on who else is in the batch.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
import polars as pl

from winback.survival.btyd import Matrix, Vector
from winback.survival.landmark_rows import OUTCOMES

NOT_FEATURES = frozenset({"account_id", "as_of_on", "cycle_group", *OUTCOMES})
"""Columns of a landmark row that no model reads as a number or a level."""

MIN_LEVEL_SHARE = 0.02
"""A level of a word column gets a column of its own from this share of training rows on."""

_MIN_KNOWN_SHARE = 0.02
_MIN_GAP_SHARE = 0.01
_LARGEST_SHARE = 1.5
_FURTHEST = 5.0
_DIGITS = 9


@dataclass(frozen=True)
class Number:
    """One numeric column: log1p with its sign kept where values run beyond shares, gaps filled by the median, scaled.

    `gap_share` is the share of training rows without a value; a flag column is added where it is not negligible.
    """

    name: str
    is_log: bool
    fill: float
    mean: float
    spread: float
    gap_share: float

    @property
    def has_gaps(self) -> bool:
        """Whether a missing value gets a flag of its own."""
        return _MIN_GAP_SHARE < self.gap_share < 1 - _MIN_GAP_SHARE


@dataclass(frozen=True)
class Design:
    """How rows become a matrix: numbers, then (column, level) flags."""

    numbers: tuple[Number, ...]
    levels: tuple[tuple[str, str, float], ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the row columns that are read."""
        return tuple(sorted({n.name for n in self.numbers} | {c for c, _, _ in self.levels}))

    def matrix(self, rows: pl.DataFrame) -> Matrix:
        """Rows x columns, each with mean 0 and spread 1 in training, held within +-5."""
        parts: list[Vector] = []
        for number in self.numbers:
            values = _values(rows, number.name, number.is_log)
            is_gap = ~np.isfinite(values)
            parts.append((np.where(is_gap, number.fill, values) - number.mean) / number.spread)
            if number.has_gaps:
                parts.append(_scaled_flag(is_gap, number.gap_share))
        parts += [_scaled_flag((rows[c] == level).fill_null(False).to_numpy(), share) for c, level, share in self.levels]
        return np.clip(np.column_stack(parts), -_FURTHEST, _FURTHEST)

    def as_json(self) -> dict[str, Any]:
        """Plain data."""
        return {"numbers": [asdict(n) for n in self.numbers], "levels": [list(v) for v in self.levels]}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """From `as_json`."""
        return cls(tuple(Number(**n) for n in data["numbers"]), tuple((c, v, s) for c, v, s in data["levels"]))


def fit_design(rows: pl.DataFrame) -> Design:
    """Learn the design on training rows. Columns that are nearly always missing, or constant, are left out."""
    numbers, levels = [], []
    for name in sorted(set(rows.columns) - NOT_FEATURES):
        if rows.schema[name].is_numeric() or rows.schema[name] == pl.Boolean:
            number = _fit_number(rows, name)
            numbers += [number] if number else []
        elif rows.schema[name] == pl.String:
            shares = rows[name].value_counts(normalize=True).drop_nulls().sort(name)
            common = [
                (name, v, round(p, _DIGITS)) for v, p in shares.iter_rows() if MIN_LEVEL_SHARE <= p < 1 - MIN_LEVEL_SHARE
            ]
            levels += common
    return Design(tuple(numbers), tuple(levels))


def _fit_number(rows: pl.DataFrame, name: str) -> Number | None:
    raw = _values(rows, name, False)
    known = raw[np.isfinite(raw)]
    if len(known) < max(_MIN_KNOWN_SHARE * len(raw), 2) or known.max() - known.min() < _LEAST_SPREAD:
        return None
    is_log = bool(np.abs(known).max() > _LARGEST_SHARE)
    values = _values(rows, name, is_log)
    fill = float(np.median(values[np.isfinite(values)]))
    filled = np.where(np.isfinite(values), values, fill)
    spread = float(filled.std())
    if spread < _LEAST_SPREAD:
        return None
    gap_share = 1 - len(known) / len(raw)
    return Number(name, is_log, *(round(v, _DIGITS) for v in (fill, float(filled.mean()), spread, gap_share)))


_LEAST_SPREAD = 1e-6


def _values(rows: pl.DataFrame, name: str, is_log: bool) -> Vector:
    values = rows[name].cast(pl.Float64).fill_null(float("nan")).to_numpy()
    return np.sign(values) * np.log1p(np.abs(values)) if is_log else values


def _scaled_flag(flag: np.ndarray[Any, np.dtype[np.bool_]], share: float) -> Vector:
    return np.asarray((flag - share) / np.sqrt(share * (1 - share)))

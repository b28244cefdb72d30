"""Columns from which nothing can be learned, and columns from which too much is: low variance and separation.

Belongs here: these two checks of the matrix against the outcome within the horizon. Does not belong here: a column's effect over
time (`assumption_hazards`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from winback.survival.assumptions import Culprit, Finding
from winback.survival.btyd import Matrix, Vector
from winback.survival.design import Design, Number
from winback.survival.landmark_rows import Flags, account_folds, labels

MIN_EXPECTED = 5.0
"""Fewest accounts of an outcome expected in a cell for its count to be read (Cochran, Biometrics 10, 1954)."""

PURE_SHARE = 0.01
"""A side with at most this share of an outcome is (almost) without it."""

MIN_SIDE_SHARE = 0.25
"""A side of a number on which nobody returned is only told from this share of rows on: long silence is no separation."""

_DIGITS = 6

Positions = npt.NDArray[np.int64]


@dataclass(frozen=True)
class MatrixColumn:
    """A column of `Design.matrix`: in words, and how to read its value back where it is a number."""

    words: str
    number: Number | None

    def raw(self, value: float) -> float:
        """The value in the row's own unit; a flag's stays."""
        if self.number is None:
            return value
        plain = value * self.number.spread + self.number.mean
        return float(np.sign(plain) * np.expm1(abs(plain))) if self.number.is_log else plain


@dataclass(frozen=True)
class _Labelled:
    """Matrix of the rows whose outcome is known, outcome, weight and account number of each, and the share that returned."""

    matrix: Matrix
    returned: Flags
    weights: Vector
    accounts: Positions
    share: float

    def n_accounts(self, rows: Flags | Positions) -> int:
        """Accounts with at least one of the rows (flags or positions)."""
        return int((np.bincount(self.accounts[rows]) > 0).sum())


def matrix_columns(design: Design) -> list[MatrixColumn]:
    """The columns of `Design.matrix`, in its order."""
    found = []
    for number in design.numbers:
        found.append(MatrixColumn(number.name, number))
        if number.has_gaps:
            found.append(MatrixColumn(f"{number.name} is missing", None))
    return found + [MatrixColumn(f"{column} is {level}", None) for column, level, _ in design.levels]


def check_columns(design: Design, frame: pl.DataFrame, matrix: Matrix, horizon_days: int) -> tuple[Finding, Finding]:
    """Findings on low variance and on separation.

    `matrix` is the design's of `frame` (landmark rows); only rows whose outcome within the horizon is known are read.
    """
    returned, weights = labels(frame, horizon_days)
    known = weights > 0
    share = float(np.average(returned[known], weights=weights[known]))
    accounts = account_folds(frame, frame.height)[known]
    rows = _Labelled(matrix[known], returned[known] > 0, weights[known], accounts, share)
    columns = matrix_columns(design)
    return _low_variance(columns, rows), _separation(columns, rows)


def _low_variance(columns: list[MatrixColumn], rows: _Labelled) -> Finding:
    rarer, culprits, least = min(rows.share, 1 - rows.share), [], np.inf
    for at, column in enumerate(columns):
        values, counts = np.unique(rows.matrix[:, at], return_counts=True)
        n_accounts = rows.n_accounts(rows.matrix[:, at] != values[counts.argmax()])
        expected = round(n_accounts * rarer, _DIGITS)
        least = min(least, expected)
        if expected < MIN_EXPECTED:
            culprits.append(Culprit(column.words, {"n_accounts": n_accounts, "n_expected": expected}))
    culprits.sort(key=lambda c: (float(c.figures["n_expected"]), c.column))
    statistic = float(least) if columns else None
    return Finding("low_variance", not culprits, statistic, MIN_EXPECTED, len(rows.weights), tuple(culprits))


def _separation(columns: list[MatrixColumn], rows: _Labelled) -> Finding:
    found = [(_purest_side(column, rows.matrix[:, at], rows), column) for at, column in enumerate(columns)]
    culprits = [Culprit(column.words, figures) for figures, column in found if figures is not None]
    culprits.sort(key=lambda c: (_missing_share(c), -float(c.figures["n_expected"]), c.column))
    statistic = _missing_share(culprits[0]) if culprits else None
    return Finding("separation", not culprits, statistic, PURE_SHARE, len(rows.weights), tuple(culprits))


def _missing_share(culprit: Culprit) -> float:
    share = float(culprit.figures["returned_share"])
    return min(share, 1 - share)


def _purest_side(column: MatrixColumn, values: Vector, rows: _Labelled) -> dict[str, float | str] | None:
    """The side of a split that (almost) lacks an outcome and should hold most of it; None without such a side."""
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    is_flag = bool(((ordered == ordered[0]) | (ordered == ordered[-1])).all())
    cuts = ordered[:1] if is_flag else np.unique(ordered[len(ordered) * np.arange(1, 10) // 10])
    weight, returned = (np.cumsum(of[order]) for of in (rows.weights, rows.weights * rows.returned))
    found: list[dict[str, float | str]] = []
    for cut in cuts[cuts < ordered[-1]]:
        n = int(np.searchsorted(ordered, cut, "right"))
        low = returned[n - 1] / weight[n - 1]
        high = (returned[-1] - returned[n - 1]) / (weight[-1] - weight[n - 1])
        for side, share, at in (("with at most", low, order[:n]), ("with more than", high, order[n:])):
            figures = _pure_side(float(share), at, rows, is_flag)
            if figures is not None:
                found.append({"side": side, "value": round(column.raw(float(cut)), _DIGITS), **figures})
    return max(found, key=lambda f: float(f["n_expected"])) if found else None


def _pure_side(returned_share: float, at: Positions, rows: _Labelled, is_flag: bool) -> dict[str, float | str] | None:
    """Figures of a side (positions of its rows) if it lacks an outcome that was to be expected there."""
    lacks_returns, lacks_silence = returned_share <= PURE_SHARE, returned_share >= 1 - PURE_SHARE
    is_tail = lacks_returns and not is_flag and len(at) < MIN_SIDE_SHARE * len(rows.weights)
    if is_tail or not (lacks_returns or lacks_silence):
        return None
    n_accounts = rows.n_accounts(at)
    expected = n_accounts * (rows.share if lacks_returns else 1 - rows.share)
    if expected < MIN_EXPECTED:
        return None
    return {
        "n_accounts": n_accounts,
        "returned_share": round(max(returned_share, 0.0), _DIGITS),
        "n_expected": round(expected, _DIGITS),
    }

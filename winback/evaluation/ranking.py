"""How well a score ranks: ROC-AUC, average precision and lift, for many weightings of the rows at once.

Belongs here: metrics that only look at the order of scores against a yes/no outcome. Does not belong here: how near the
probabilities are to the truth (`calibration`), the order of times (`concordance`).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Flags = NDArray[np.bool_]

TOP_SHARE = 0.1
"""Share of the rows that the lift looks at."""


class Ranking:
    """Rows sorted once by a score (higher = more likely), to be measured under any weights.

    Rows with the same score are one step: a pair of them counts half in ROC-AUC; average precision has one threshold for
    them; where the top tenth ends inside them, they count in proportion (their mean over all orders).
    """

    def __init__(self, is_return: Flags, score: Vector) -> None:
        self._order = np.argsort(score, kind="stable")
        self._is_return = is_return[self._order].astype(float)
        ordered = score[self._order]
        new = np.flatnonzero(ordered[1:] != ordered[:-1]) + 1
        self._bounds = np.concatenate([[0], new, [len(score)]])

    def measure(self, weights: Matrix) -> dict[str, Vector]:
        """`roc_auc`, `pr_auc` and `top_decile_lift`, one value per row of `weights` (replicates x rows, not negative).

        NaN where a weighting leaves no returned row (for `roc_auc` also: no row that did not return).
        """
        ordered = np.take(weights, self._order, axis=1)
        total = self._below(ordered)
        returned = self._below(ordered * self._is_return)
        with np.errstate(divide="ignore", invalid="ignore"):
            return {
                "roc_auc": _roc_auc(total, returned),
                "pr_auc": _average_precision(total, returned),
                "top_decile_lift": _top_lift(total, returned),
            }

    def _below(self, values: Matrix) -> Matrix:
        """Sums of `values` below each step, from nothing to everything."""
        running = np.zeros((values.shape[0], values.shape[1] + 1))
        np.cumsum(values, axis=1, out=running[:, 1:])
        return np.asarray(np.take(running, self._bounds, axis=1))


def _roc_auc(total: Matrix, returned: Matrix) -> Vector:
    others = total - returned
    won = np.diff(returned, axis=1) * (others[:, :-1] + others[:, 1:]) / 2
    return np.asarray(won.sum(axis=1) / (returned[:, -1] * others[:, -1]))


def _average_precision(total: Matrix, returned: Matrix) -> Vector:
    in_list = total[:, -1:] - total[:, :-1]
    found = returned[:, -1:] - returned[:, :-1]
    precision = np.divide(found, in_list, out=np.zeros_like(found), where=in_list > 0)
    return np.asarray((np.diff(returned, axis=1) * precision).sum(axis=1) / returned[:, -1])


def _top_lift(total: Matrix, returned: Matrix) -> Vector:
    in_list = (total[:, -1:] - total)[:, ::-1]
    found = (returned[:, -1:] - returned)[:, ::-1]
    in_top = [np.interp(TOP_SHARE * size[-1], size, hits) for size, hits in zip(in_list, found, strict=True)]
    return np.asarray(in_top) / (TOP_SHARE * returned[:, -1])

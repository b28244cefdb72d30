"""Do accounts said to return sooner return sooner? Harrell's C and its censoring-weighted form.

Belongs here: concordance of a risk with censored times, for many weightings of the rows at once. Does not belong here: the
censoring curve (`censoring`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from winback.evaluation.censoring import Days, inverse_weights
from winback.evaluation.ranking import Flags, Matrix, Vector

_Index = NDArray[np.int64]
_Number = TypeVar("_Number", np.float64, np.int32)


class Concordance:
    """Pairs of rows by time and risk, to be counted however often each row is drawn.

    A pair counts when the earlier time is a return; at equal times, when one returned and the other is censored. Two returns
    on the same day are no pair. It is concordant when the earlier has the higher risk; equal risks count half. Rows of
    different as-of dates are compared, each in days since its own.

    `followed` is the censoring curve of `censoring.followed_share`; it is held fixed under all weights.
    """

    def __init__(self, time_days: Days, has_returned: Flags, risk: Vector, followed: Vector) -> None:
        rank = np.unique(risk, return_inverse=True)[1].astype(np.int64)
        # Latest time first, censored before returned on a day, equal returns by falling risk: every pair that counts then has
        # its earlier return second, and of two returns on one day the second never has the higher risk.
        self._order = np.lexsort((-rank, has_returned, -time_days))
        self._rank, is_return = rank[self._order], has_returned[self._order]
        times = time_days[self._order]
        self._returns = np.flatnonzero(is_return)
        same_day = np.r_[False, (times[1:] == times[:-1]) & (is_return[1:] == is_return[:-1])]
        same_risk = same_day & np.r_[False, self._rank[1:] == self._rank[:-1]]
        self._day_start = _last_start(~same_day)[self._returns]
        self._tie_start = _last_start(~same_risk)[self._returns]
        self._ipcw = (inverse_weights(time_days, has_returned, followed)[self._order] ** 2)[self._returns]
        self._levels = list(_levels(self._rank, is_return))

    def measure(self, weights: Matrix) -> dict[str, Vector]:
        """`harrell_c` and `ipcw_c`, one value per row of `weights` (replicates x rows, whole counts); NaN without a pair.

        `ipcw_c` weights each pair by 1/G(T-)^2 of its return and leaves out returns after the last followed day (Uno, Cai,
        Pencina, D'Agostino and Wei 2011); without censoring before the last return it equals `harrell_c`.
        """
        ordered = np.take(weights, self._order, axis=1)
        running = _running(ordered)
        at_return = ordered[:, self._returns]
        comparable = running[:, self._day_start]
        # two returns on one day with one risk were counted half by the merge and are no pair
        tied_returns = (running[:, self._returns] - running[:, self._tie_start]) / 2
        concordant = self._concordant(ordered) - tied_returns
        with np.errstate(divide="ignore", invalid="ignore"):
            return {
                "harrell_c": (at_return * concordant).sum(axis=1) / (at_return * comparable).sum(axis=1),
                "ipcw_c": (at_return * concordant) @ self._ipcw / ((at_return * comparable) @ self._ipcw),
            }

    def _concordant(self, ordered: Matrix) -> Matrix:
        """For each return, how many rows before it have a lower risk, and half of those with the same."""
        counts = ordered.astype(np.int32)  # whole numbers in half the memory: this loop is most of a bootstrap's time
        twice = np.zeros_like(counts)
        for order, is_left, right, low, high, start in self._levels:
            running = _running(np.take(counts, order, axis=1) * is_left)
            twice[:, right] += running[:, low] + running[:, high] - 2 * running[:, start]
        return twice[:, self._returns] / 2


def _running(values: NDArray[_Number]) -> NDArray[_Number]:
    """Sums of all columns before each column, and of all."""
    sums = np.zeros((values.shape[0], values.shape[1] + 1), dtype=values.dtype)
    np.cumsum(values, axis=1, out=sums[:, 1:])
    return sums


def _last_start(is_start: Flags) -> _Index:
    return np.maximum.accumulate(np.where(is_start, np.arange(len(is_start)), 0))


def _levels(rank: _Index, is_return: Flags) -> Iterator[tuple[_Index, NDArray[np.int32], _Index, _Index, _Index, _Index]]:
    """The merges of a merge sort: at each level blocks of 2^level rows are paired, left before right.

    Yields the order by (pair, rank), which sorted rows are left ones, the returned right rows, where rows of their rank
    begin and end in that order, and where their pair begins.
    """
    position = np.arange(len(rank), dtype=np.int64)
    for level in range(max(0, len(rank) - 1).bit_length()):
        key = (position >> (level + 1)) * (int(rank.max()) + 1) + rank
        order = np.argsort(key, kind="stable")
        is_left = (order >> level) & 1 == 0
        right = order[~is_left & is_return[order]]
        low, high = (np.searchsorted(key[order], key[right], side=side) for side in ("left", "right"))
        yield order, is_left.astype(np.int32), right, low, high, (right >> (level + 1)) << (level + 1)

"""Uplift among the customers ranked highest.

Belongs here: the difference of raw means among the top share, averaged over fold seeds. Does not belong here: the ranking.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np

from winback.uplift.experiment import Codes, Flags, Vector
from winback.uplift.influence import SHARED_ROWS_FACTOR, Estimate, estimate, mean_influence
from winback.uplift.qini import Ranking

TOP_SHARES = (0.1, 0.3, 0.5)


@dataclass(frozen=True)
class TopUplift:
    """Mean outcome of the arm less the control's among the top `share` of their customers, as averaged over fold seeds."""

    share: float
    n_rows: int
    uplift: Estimate


def top_uplift(
    rankings: Sequence[Ranking], outcome: Vector, is_treated: Vector, cluster: Codes | None, share: float
) -> TopUplift:
    """As `sklift.metrics.uplift_at_k` (strategy "overall"), with an interval that holds where customers do not differ, too.

    The part that deviates from the effect among all rests on the order, so its influence is stretched (`SHARED_ROWS_FACTOR`).
    """
    n_top = ceil(share * len(outcome) - 1e-9)
    of_all = _difference(outcome, is_treated, np.ones(len(outcome), dtype=np.bool_))[1]
    parts = [_difference(outcome, is_treated, _marked(ranking, n_top)) for ranking in rankings]
    value = float(np.mean([v for v, _ in parts]))
    of_top = np.mean([influence for _, influence in parts], axis=0)
    return TopUplift(share, n_top, estimate(value, of_all + SHARED_ROWS_FACTOR * (of_top - of_all), cluster))


def _marked(ranking: Ranking, n_top: int) -> Flags:
    top = np.zeros(len(ranking.order), dtype=bool)
    top[ranking.order[:n_top]] = True
    return top


def _difference(outcome: Vector, is_treated: Vector, rows: Flags) -> tuple[float, Vector]:
    treated, control = rows & (is_treated > 0), rows & (is_treated == 0)
    if not treated.any() or not control.any():
        return float("nan"), np.zeros(len(outcome))
    value = float(outcome[treated].mean() - outcome[control].mean())
    return value, mean_influence(outcome, treated) - mean_influence(outcome, control)

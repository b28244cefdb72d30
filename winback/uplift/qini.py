"""The Qini coefficient, as scikit-uplift's `qini_auc_score` defines it.

Belongs here: the curve, its area, the best area and their ratio. Does not belong here: which scores are judged.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from winback.uplift.experiment import Codes, Vector

DEFINITION = (
    "Qini coefficient as sklift.metrics.qini_auc_score (negative_effect=True): area between the Qini curve (treated outcomes "
    "less control outcomes, the control scaled to the treated, customers in order of their predicted uplift) and the straight "
    "line, over the same area of the perfect order; 0 is a random order, 1 the perfect one. For amounts (which scikit-uplift "
    "refuses) the same formula is used. Customers are ordered within their fold, by models that did not see them."
)


@dataclass(frozen=True)
class Ranking:
    """Rows in the order of a score, highest first; `ends` are the last positions of equal scores (they share one point)."""

    order: Codes
    ends: Codes


def rank_by(score: Vector) -> Ranking:
    """The ranking by a score; equal scores are one step of the curve."""
    order = np.argsort(-score, kind="stable")
    ordered = score[order]
    return Ranking(order, np.append(np.flatnonzero(np.diff(ordered)), len(score) - 1))


def qini_area(ranking: Ranking, outcome: Vector, is_treated: Vector) -> float:
    """Area between the Qini curve and the straight line to its end; unit: outcome x rows squared.

    `is_treated` is 1.0 for the arm and 0.0 for the control. Before the first control row the control counts as 0.
    """
    treated = is_treated[ranking.order]
    result = outcome[ranking.order]
    n_treated = np.cumsum(treated)[ranking.ends]
    n_control = ranking.ends + 1 - n_treated
    gained_treated = np.cumsum(result * treated)[ranking.ends]
    gained_control = np.cumsum(result * (1 - treated))[ranking.ends]
    scale = np.divide(n_treated, n_control, out=np.zeros_like(n_treated), where=n_control > 0)
    height = np.append(0.0, gained_treated - gained_control * scale)
    n_rows = np.append(0.0, ranking.ends + 1.0)
    return float(np.trapezoid(height, n_rows) - height[-1] * n_rows[-1] / 2)


def best_area(outcome: Vector, is_treated: Vector) -> float:
    """`qini_area` of the perfect order: treated by their outcome downwards, control by theirs upwards."""
    return qini_area(rank_by(outcome * (2 * is_treated - 1)), outcome, is_treated)


def qini_coefficient(score: Vector, outcome: Vector, is_treated: Vector) -> float | None:
    """The area of the score over the best area; None where the best is 0 (nothing to order)."""
    best = best_area(outcome, is_treated)
    return qini_area(rank_by(score), outcome, is_treated) / best if best != 0 else None


def ranks_within_folds(score: Vector, fold: Codes) -> Vector:
    """Rank of each row in its fold, as a share in [0, 1): folds come from different models whose levels differ by chance."""
    found = np.empty(len(score))
    for k in np.unique(fold):
        rows = fold == k
        lowest = np.searchsorted(np.sort(score[rows]), score[rows], side="left")
        found[rows] = lowest / rows.sum()
    return found

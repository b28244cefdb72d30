"""All metrics of one model on judged rows.

Belongs here: the list of metrics, their direction, and computing them together. Does not belong here: the formulas
(`ranking`, `calibration`, `concordance`, `censoring`), intervals (`bootstrap`).
"""

from __future__ import annotations

import math

import numpy as np

from winback.evaluation.calibration import Calibration
from winback.evaluation.censoring import followed_share, integrated_brier_rows, known_weights
from winback.evaluation.concordance import Concordance
from winback.evaluation.predictions import JudgedRows
from winback.evaluation.ranking import Matrix, Ranking, Vector

METRICS: dict[str, str] = {
    "roc_auc": "higher",
    "pr_auc": "higher",
    "top_decile_lift": "higher",
    "brier": "lower",
    "brier_skill": "higher",
    "ece": "lower",
    "ece_equal_mass": "lower",
    "harrell_c": "higher",
    "ipcw_c": "higher",
    "integrated_brier": "lower",
}
"""Every metric and which direction is better."""

CONVENTIONS: dict[str, str] = {
    "roc_auc": "Share of pairs (returned, not returned) in which the returned row has the higher prob; equal probs count half.",
    "pr_auc": "Average precision: precision at each distinct prob, weighted by the share of returns gained there.",
    "top_decile_lift": "Return rate among the tenth of rows with the highest prob, over the rate of all; rows tied at the edge "
    "count in proportion.",
    "brier": "Mean squared error of prob.",
    "brier_skill": "1 - Brier / (b (1 - b)), b the base rate of the same rows; 0 is as good as knowing that rate beforehand.",
    "ece": "Expected calibration error over 10 equal-width bins: mean over rows of |mean prob - returned share| of their bin. "
    "It cannot be negative, so resampling pushes it up and its interval leans high.",
    "ece_equal_mass": "The same over 10 bins of equally many rows by rising prob, equal probs kept together; published peers' "
    "calibration errors are of this kind.",
    "harrell_c": "Concordance of risk with time to return over all rows, also across as-of dates; equal risks count half, two "
    "returns on one day are no pair.",
    "ipcw_c": "Uno's concordance: pairs weighted by the inverse squared share still followed, up to the last day through which "
    "a tenth of the rows is followed.",
    "integrated_brier": "Brier score of the return curve, censoring-weighted (Graf), trapezoid mean over the protocol's grid.",
    "unseen": "A row whose sight ends within the horizon (the log's end, a contact) has no label. It counts in the concordances "
    "and the integrated Brier score as censored; in all other figures the rows that are seen stand for it, weighted by the "
    "inverse share still followed. This takes the end of sight to tell nothing about the return.",
    "intervals": "95 % percentile intervals of a bootstrap that draws accounts, with all their rows, and holds the censoring "
    "curve fixed. Differences are champion less baseline on the same draws.",
}
"""What each figure means, in the words of the report."""


class ModelMetrics:
    """One model's scores on judged rows, prepared once and measured under any weights."""

    def __init__(self, rows: JudgedRows, model: str) -> None:
        scores = rows.scores[model]
        followed = followed_share(rows.time_days, rows.has_returned)
        self._known = known_weights(rows.time_days, rows.has_returned, rows.horizon_days, followed)
        self._ranking = Ranking(rows.is_return, scores.prob)
        self._calibration = Calibration(rows.is_return, scores.prob)
        self._concordance = Concordance(rows.time_days, rows.has_returned, scores.risk, followed)
        self._curve_errors: Vector | None = None
        if scores.curve is not None:
            self._curve_errors = integrated_brier_rows(
                rows.time_days, rows.has_returned, scores.curve, rows.curve_days, followed
            )

    def measure(self, weights: Matrix, *, with_concordance: bool = True) -> dict[str, Vector]:
        """Every metric, one value per row of `weights` (replicates x rows, how often each is drawn); NaN where undefined.

        Without concordance, which costs most, `harrell_c` and `ipcw_c` are left out.
        """
        known = weights * self._known
        found = self._ranking.measure(known) | self._calibration.measure(known)
        if with_concordance:
            found |= self._concordance.measure(weights)
        if self._curve_errors is None:
            found["integrated_brier"] = np.full(len(weights), np.nan)
        else:
            found["integrated_brier"] = weights @ self._curve_errors / weights.sum(axis=1)
        return found


def point_metrics(rows: JudgedRows, model: str) -> dict[str, float | None]:
    """Every metric of `METRICS` on the rows as they are; None where it is not defined (no row returned, no curve)."""
    found = ModelMetrics(rows, model).measure(np.ones((1, len(rows.is_return))))
    return {name: None if math.isnan(found[name][0]) else float(found[name][0]) for name in METRICS}

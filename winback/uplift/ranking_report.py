"""How well customers can be ranked by the effect of one arm.

Belongs here: Qini per learner and as chosen, the band of chance, and uplift among the top. Does not belong here: the policy.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from winback.uplift.chance import ChanceBand, chance_band
from winback.uplift.cross_fitting import CrossFitted
from winback.uplift.experiment import Codes, Experiment, Flags, Matrix, Vector
from winback.uplift.qini import Ranking, best_area, qini_area, rank_by, ranks_within_folds
from winback.uplift.top_shares import TOP_SHARES, TopUplift, top_uplift


@dataclass(frozen=True)
class QiniRange:
    """Qini coefficients over the fold seeds."""

    values: tuple[float, ...]

    @property
    def mean(self) -> float:
        """Mean over the seeds."""
        return float(np.mean(self.values))


@dataclass(frozen=True)
class ArmRanking:
    """Figures of one arm against the control: `judged` is the one the verdict rests on, its learner chosen on other folds."""

    arm: str
    by_learner: dict[str, QiniRange]
    judged: QiniRange
    band: ChanceBand
    top: tuple[TopUplift, ...]

    @property
    def is_reliable(self) -> bool:
        """Whether customers are ranked better than chance would."""
        return self.judged.mean > max(self.band.high, 0.0)


def judge_ranking(
    experiment: Experiment, fitted: Sequence[CrossFitted], judged_effects: Sequence[Matrix], a: int, n_deals: int
) -> ArmRanking:
    """The arm with code `a`, on its rows and the control's."""
    rows = np.isin(experiment.arm, (0, a))
    outcome, treated = experiment.outcome[rows], (experiment.arm[rows] == a).astype(np.float64)
    cluster = None if experiment.cluster is None else np.unique(experiment.cluster[rows], return_inverse=True)[1]
    by_learner = {
        name: _range([_ranking(one.effects[name], one.fold, rows, a) for one in fitted], outcome, treated)
        for name in fitted[0].effects
    }
    rankings = [_ranking(effects, one.fold, rows, a) for effects, one in zip(judged_effects, fitted, strict=True)]
    judged = _range(rankings, outcome, treated)
    unit = cluster if experiment.is_cluster_assigned else None
    band = chance_band(rankings, outcome, treated, unit, judged.mean, n_deals, experiment.n_arms - 1)
    top = tuple(top_uplift(rankings, outcome, treated, cluster, share) for share in TOP_SHARES)
    return ArmRanking(experiment.arm_names[a], by_learner, judged, band, top)


def _ranking(effects: Matrix, fold: Codes, rows: Flags, a: int) -> Ranking:
    return rank_by(ranks_within_folds(effects[rows, a - 1], fold[rows]))


def _range(rankings: Sequence[Ranking], outcome: Vector, treated: Vector) -> QiniRange:
    best = best_area(outcome, treated)
    return QiniRange(tuple(qini_area(ranking, outcome, treated) / best for ranking in rankings))

"""Did the lot treat the arms alike: their sizes, and what was known before.

Belongs here: the test of the arms' sizes (sample-ratio mismatch) and of a column's balance between arms. Does not belong
here: effects on the outcome.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from winback.uplift.experiment import Experiment, Vector

MISMATCH_P_VALUE = 0.001
"""Below this the sizes do not come from the planned shares: the lot, or what was recorded of it, is broken."""

_MOST_LEVELS = 30


@dataclass(frozen=True)
class RatioCheck:
    """Chi-square test of the arms' sizes; `unit` says what was counted, `is_planned` whether shares were told or taken as equal."""

    shares: Vector
    expected: Vector
    counted: Vector
    unit: str
    p_value: float
    is_planned: bool

    @property
    def is_mismatch(self) -> bool:
        """Whether the sizes are hardly possible under the shares."""
        return self.p_value < MISMATCH_P_VALUE


def check_ratio(experiment: Experiment) -> RatioCheck:
    """Sizes against the planned shares (equal ones where none were told); clusters are counted where whole clusters were drawn."""
    from scipy import stats

    units = experiment.arm
    if experiment.is_cluster_assigned and experiment.cluster is not None:
        units = experiment.arm[np.unique(experiment.cluster, return_index=True)[1]]
    counted = np.bincount(units, minlength=experiment.n_arms).astype(np.float64)
    equal = np.full(experiment.n_arms, 1.0 / experiment.n_arms)
    shares = equal if experiment.shares is None else experiment.shares
    expected = shares * counted.sum()
    p_value = float(stats.chisquare(counted, expected).pvalue)
    unit = "clusters" if experiment.is_cluster_assigned else "rows"
    return RatioCheck(shares, expected, counted, unit, p_value, experiment.shares is not None)


def balance_p_value(values: pl.Series, experiment: Experiment) -> float:
    """Chance of arms this different in a column the contact cannot have changed (1 where it cannot be said).

    Numbers: analysis of variance on their ranks; texts: chi-square over their most frequent levels; missing values count as a
    level, or are compared first. Where whole clusters were drawn, each gives its first row.
    """
    arm = experiment.arm
    if experiment.is_cluster_assigned and experiment.cluster is not None:
        firsts = np.unique(experiment.cluster, return_index=True)[1]
        values, arm = values[firsts.tolist()], arm[firsts]
    if values.dtype == pl.String:
        return _levels_p_value(values, arm)
    missing = values.is_null().cast(pl.String)
    found = values.is_not_null().to_numpy()
    groups = [values.rank().to_numpy()[found & (arm == a)] for a in np.unique(arm)]
    return min(_levels_p_value(missing, arm), _ranks_p_value(groups))


def _ranks_p_value(groups: list[Vector]) -> float:
    from scipy import stats

    if any(len(group) < 2 for group in groups) or np.ptp(np.concatenate(groups)) == 0:
        return 1.0
    if all(np.ptp(group) == 0 for group in groups):
        return 0.0
    return float(stats.f_oneway(*groups).pvalue)


def _levels_p_value(values: pl.Series, arm: np.ndarray[tuple[int], np.dtype[np.int64]]) -> float:
    from scipy import stats

    texts = values.fill_null("")
    sizes = texts.alias("level").to_frame().group_by("level").len().sort("len", "level", descending=[True, False])
    top = sizes["level"].head(_MOST_LEVELS).to_list()
    level = texts.is_in(top).to_numpy() * (texts.rank("dense").to_numpy().astype(np.int64))
    levels, level_codes = np.unique(level, return_inverse=True)
    arms, arm_codes = np.unique(arm, return_inverse=True)
    if len(levels) < 2 or len(arms) < 2:
        return 1.0
    counts = np.zeros((len(levels), len(arms)))
    np.add.at(counts, (level_codes, arm_codes), 1)
    frequent = counts.sum(axis=1) >= 5 * len(arms)
    pooled = np.vstack([counts[frequent], counts[~frequent].sum(axis=0)])
    pooled = pooled[pooled.sum(axis=1) > 0]
    return float(stats.chi2_contingency(pooled).pvalue) if len(pooled) > 1 else 1.0

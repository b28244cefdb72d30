"""The effect of each arm: its mean less the control's, with an interval.

Belongs here: that difference, exactly as the file's arithmetic gives it. Does not belong here: differences between customers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from winback.uplift.experiment import Experiment, Vector
from winback.uplift.influence import Estimate, mean_influence, standard_error


@dataclass(frozen=True)
class ArmEffect:
    """Mean outcome of an arm and, for all but the control, the difference to the control's mean."""

    arm: str
    n_rows: int
    mean: float
    effect: Estimate | None
    p_value: float | None
    relative: float | None


def arm_means(experiment: Experiment) -> Vector:
    """Mean outcome per arm."""
    return np.array([experiment.outcome[experiment.arm == a].mean() for a in range(experiment.n_arms)])


def arm_effects(experiment: Experiment) -> tuple[ArmEffect, ...]:
    """Every arm, the control first. Intervals: Welch's t, or by clusters (sandwich, t with their number less the arms)."""
    means = arm_means(experiment)
    control = ArmEffect(experiment.arm_names[0], int(experiment.sizes[0]), float(means[0]), None, None, None)
    return (control, *(_effect(experiment, means, a) for a in range(1, experiment.n_arms)))


def _effect(experiment: Experiment, means: Vector, a: int) -> ArmEffect:
    from scipy import stats

    value = float(means[a] - means[0])
    error, freedom = _welch(experiment, a) if experiment.cluster is None else _clustered(experiment, a)
    reach = float(stats.t.ppf(0.975, freedom)) * error
    p_value = float(2 * stats.t.sf(abs(value) / error, freedom)) if error > 0 else None
    relative = value / float(means[0]) if means[0] != 0 else None
    interval = Estimate(value, value - reach, value + reach, error)
    return ArmEffect(experiment.arm_names[a], int(experiment.sizes[a]), float(means[a]), interval, p_value, relative)


def _welch(experiment: Experiment, a: int) -> tuple[float, float]:
    parts = [experiment.outcome[experiment.arm == code] for code in (a, 0)]
    shares = [float(part.var(ddof=1)) / len(part) for part in parts]
    total = sum(shares)
    if total == 0:
        return 0.0, 1.0
    return total**0.5, total**2 / sum(s**2 / (len(p) - 1) for s, p in zip(shares, parts, strict=True))


def _clustered(experiment: Experiment, a: int) -> tuple[float, float]:
    compared = np.isin(experiment.arm, (0, a))
    influence = mean_influence(experiment.outcome, experiment.arm == a) - mean_influence(
        experiment.outcome, experiment.arm == 0
    )
    cluster = np.unique(np.asarray(experiment.cluster)[compared], return_inverse=True)[1]
    n_clusters = len(np.unique(cluster))
    return standard_error(influence[compared], cluster), max(n_clusters - 2, 1)

"""What choosing an arm for each customer earns, against one arm for all.

Belongs here: the learned policy, its cross-fitted doubly robust value less costs, and the differences with intervals. Does not
belong here: learning effects.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from winback.uplift.arm_effects import arm_means
from winback.uplift.experiment import Codes, Experiment, Matrix, Vector
from winback.uplift.influence import SHARED_ROWS_FACTOR, Estimate, estimate, mean_influence


@dataclass(frozen=True)
class PolicyValue:
    """Values per customer, outcome less cost of the arm. `shares`: customers per arm under the learned policy.

    `arms` and `gains` (learned policy less the arm for all) follow the arms' order; `best` is the arm with the highest value.
    """

    value: Estimate
    shares: Vector
    arms: tuple[Estimate, ...]
    gains: tuple[Estimate, ...]
    best: int

    @property
    def gain_over_best(self) -> Estimate:
        """The learned policy less the best arm for all."""
        return self.gains[self.best]


def choose_arms(effects: Matrix, costs: Vector) -> Codes:
    """Arm of each row with the highest effect less cost (`effects`: rows x arms but the control); ties go to the earlier arm."""
    net = np.column_stack([np.zeros(len(effects)), effects]) - costs
    return np.asarray(np.argmax(net, axis=1))


def value_policies(experiment: Experiment, scores: Matrix, policies: Sequence[Codes]) -> PolicyValue:
    """The value of a policy learned under several fold seeds (`policies`: the arm of every row, one array per seed).

    `scores` are doubly robust outcomes (rows x arms). The value is the raw arm means mixed as the policy mixes the arms, plus
    what the scores say choosing adds; so a policy that gives all the same arm has exactly that arm's value.
    """
    means = arm_means(experiment) - experiment.costs
    of_arms = np.column_stack([mean_influence(experiment.outcome, experiment.arm == a) for a in range(experiment.n_arms)])
    parts = [_policy_part(policy, scores - experiment.costs, means, of_arms) for policy in policies]
    value = float(np.mean([part[0] for part in parts]))
    influence = np.mean([part[1] for part in parts], axis=0)
    shares = np.mean([part[2] for part in parts], axis=0)
    arms = range(experiment.n_arms)
    return PolicyValue(
        value=estimate(value, influence, experiment.cluster),
        shares=shares,
        arms=tuple(estimate(float(means[a]), of_arms[:, a], experiment.cluster) for a in arms),
        gains=tuple(estimate(value - float(means[a]), influence - of_arms[:, a], experiment.cluster) for a in arms),
        best=int(np.argmax(means)),
    )


def _policy_part(policy: Codes, scores: Matrix, means: Vector, of_arms: Matrix) -> tuple[float, Vector, Vector]:
    n_rows = len(policy)
    shares = np.bincount(policy, minlength=scores.shape[1]) / n_rows
    added = scores[np.arange(n_rows), policy] - scores @ shares
    influence = of_arms @ shares + SHARED_ROWS_FACTOR * (added - added.mean()) / n_rows
    return float(means @ shares + added.mean()), influence, shares

"""The value of a policy from rows that another one logged.

Belongs here: inverse-probability, self-normalised and doubly robust estimates with their influences. Does not belong here: what a
policy would do (`logged_units`), predictions (`outcome_model`).

Horvitz & Thompson (1952); Hájek (1971); Dudík, Langford & Li, "Doubly robust policy evaluation and learning" (ICML 2011).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from winback.uplift.experiment import Codes, Vector
from winback.uplift.influence import Estimate, estimate


@dataclass(frozen=True)
class PolicyEstimate:
    """Value per unit, and its difference to the mean of what ran, in the unit of the outcome."""

    value: Estimate
    gain: Estimate


def mean_estimate(outcome: Vector, account: Codes) -> PolicyEstimate:
    """What ran: the plain mean; its gain over itself is nil."""
    nil = Estimate(0.0, 0.0, 0.0, 0.0)
    return PolicyEstimate(_with_interval(float(outcome.mean()), outcome - outcome.mean(), account), nil)


def weighted_estimate(outcome: Vector, weight: Vector, account: Codes) -> PolicyEstimate:
    """Mean of weight x outcome. `weight`: one over the chance of what was done where the policy would have done it, else 0."""
    return _estimate(weight * outcome, outcome, account)


def normalised_estimate(outcome: Vector, weight: Vector, account: Codes) -> PolicyEstimate:
    """The weighted sum over the sum of weights, which is steadier and never leaves the range of the outcome."""
    value = float(weight @ outcome / weight.sum())
    influence = weight * (outcome - value) / weight.mean()
    return _estimate(value + influence, outcome, account)


def doubly_robust_estimate(outcome: Vector, weight: Vector, expected: Vector, account: Codes) -> PolicyEstimate:
    """Mean of the prediction under the policy plus the weighted miss; `expected` from models that did not see the row."""
    return _estimate(expected + weight * (outcome - expected), outcome, account)


def _estimate(scores: Vector, outcome: Vector, account: Codes) -> PolicyEstimate:
    value, ran = float(scores.mean()), float(outcome.mean())
    influence = scores - value
    return PolicyEstimate(
        _with_interval(value, influence, account), _with_interval(value - ran, influence - (outcome - ran), account)
    )


def _with_interval(value: float, influence: Vector, account: Codes) -> Estimate:
    return estimate(value, np.asarray(influence / len(influence)), account)

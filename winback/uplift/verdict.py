"""The verdict in words.

Belongs here: which sentence the intervals allow. Does not belong here: the figures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from winback.uplift.arm_effects import ArmEffect
from winback.uplift.experiment import Experiment
from winback.uplift.names import listed
from winback.uplift.policy_value import PolicyValue
from winback.uplift.ranking_report import ArmRanking

NO_DIFFERENCE = "No reliable difference between customers: use the best arm for all."


@dataclass(frozen=True)
class Verdict:
    """What to do. `ranked_arms` are those by whose effect customers are ranked better than chance; None: could not be judged."""

    sentences: tuple[str, ...]
    best_arm: str
    is_best_arm_reliable: bool
    ranked_arms: tuple[str, ...] | None
    is_policy_better: bool | None


def give_verdict(
    experiment: Experiment,
    effects: Sequence[ArmEffect],
    rankings: Sequence[ArmRanking],
    policy: PolicyValue | None,
    obstacle: str | None,
) -> Verdict:
    """Sentences for people, the most important first."""
    net = np.array([effect.mean for effect in effects]) - experiment.costs
    best = int(np.argmax(net))
    name = experiment.arm_names[best]
    is_reliable, about_best = _best_arm(experiment, effects, best)
    if policy is None:
        sentence = f"Whether customers differ cannot be judged: {obstacle}. Use the best arm for all."
        return Verdict((sentence, about_best), name, is_reliable, None, None)
    ranked = tuple(ranking.arm for ranking in rankings if ranking.is_reliable)
    better = policy.gain_over_best.is_above_zero
    return Verdict((*_about_customers(ranked, rankings, name, better=better), about_best), name, is_reliable, ranked, better)


def _about_customers(ranked: tuple[str, ...], rankings: Sequence[ArmRanking], best: str, *, better: bool) -> tuple[str, ...]:
    if not ranked and not better:
        return (NO_DIFFERENCE,)
    others = [ranking.arm for ranking in rankings if ranking.arm not in ranked]
    sentences = []
    if ranked:
        sentences.append(f"Customers differ reliably in what {listed(ranked)} does for them: they can be ranked by it.")
    if others and ranked:
        sentences.append(f"For {listed(others)} there is no reliable difference between customers.")
    if better:
        sentences.append(f"Choosing the arm for each customer earns reliably more than '{best}' for all.")
    else:
        sentences.append(
            f"Choosing the arm for each customer does not earn reliably more than '{best}' for all: use the ranking where only "
            f"some customers can be contacted, else '{best}' for all."
        )
    return tuple(sentences)


def _best_arm(experiment: Experiment, effects: Sequence[ArmEffect], best: int) -> tuple[bool, str]:
    """Whether the best arm for all is reliably better than the control, and the sentence."""
    name, costs = experiment.arm_names[best], experiment.costs
    net = " after costs" if costs.any() else ""
    effect = effects[best].effect
    if effect is None:
        return False, f"The best arm for all is the control '{name}': no other arm has a higher mean{net}."
    low = effect.low - float(costs[best] - costs[0])
    if low > 0:
        return True, f"The best arm for all is '{name}', reliably better than the control '{experiment.arm_names[0]}'{net}."
    return False, (
        f"The best arm for all by its mean{net} is '{name}', but its difference to the control '{experiment.arm_names[0]}' "
        "may be chance."
    )

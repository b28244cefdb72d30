"""The whole analysis of a randomised test.

Belongs here: the order of the steps, and the result. Does not belong here: any one step, or showing the result.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from winback.uplift.arm_effects import ArmEffect, arm_effects
from winback.uplift.balance import RatioCheck, check_ratio
from winback.uplift.cross_fitting import cross_fit, cross_fit_outcomes
from winback.uplift.doubly_robust import doubly_robust_outcomes
from winback.uplift.experiment import Codes, Experiment
from winback.uplift.feature_choice import FeatureChoice
from winback.uplift.learners import Learner, all_learners
from winback.uplift.policy_value import PolicyValue, choose_arms, value_policies
from winback.uplift.ranking_report import ArmRanking, judge_ranking
from winback.uplift.selection import select_learner
from winback.uplift.verdict import Verdict, give_verdict

MIN_UNITS_TO_RANK = 50
"""Rows (or clusters) every arm needs before customers are told apart."""

MIN_RARER_OUTCOMES = 10
"""Ones, and zeros, every arm needs for that when the outcome is 0/1; other values than the commonest when it is not."""


@dataclass(frozen=True)
class AnalysisPlan:
    """How much is computed; the default is what the command does. At least three folds: learners are chosen on the others."""

    fold_seeds: tuple[int, ...] = (1, 2, 3, 4, 5)
    n_folds: int = 5
    n_deals: int = 200
    learners: tuple[Learner, ...] | None = None


@dataclass(frozen=True)
class Differences:
    """What telling customers apart brings: learner, ranking per arm, policy; `policies` hold each row's arm, one per seed."""

    learner: str
    criterion: dict[str, float]
    rankings: tuple[ArmRanking, ...]
    policy: PolicyValue
    policies: tuple[Codes, ...]


@dataclass(frozen=True)
class ExperimentResult:
    """Everything the test says. `differences` is None where there was too little to tell customers apart; `verdict` says why."""

    experiment: Experiment
    features: FeatureChoice
    plan: AnalysisPlan
    ratio: RatioCheck
    effects: tuple[ArmEffect, ...]
    differences: Differences | None
    verdict: Verdict


def analyse(experiment: Experiment, features: FeatureChoice, plan: AnalysisPlan | None = None) -> ExperimentResult:
    """Arm sizes, effects, ranking, policy and the verdict in words. The same input gives the same result."""
    plan = plan or AnalysisPlan()
    effects = arm_effects(experiment)
    obstacle = _obstacle(experiment, features)
    differences = None if obstacle else _differences(experiment, features, plan)
    verdict = give_verdict(
        experiment,
        effects,
        differences.rankings if differences else (),
        differences.policy if differences else None,
        obstacle,
    )
    return ExperimentResult(experiment, features, plan, check_ratio(experiment), effects, differences, verdict)


def _differences(experiment: Experiment, features: FeatureChoice, plan: AnalysisPlan) -> Differences:
    learners = plan.learners or all_learners()
    fitted = [cross_fit(experiment, features.frame, learners, plan.n_folds, seed) for seed in plan.fold_seeds]
    expected = cross_fit_outcomes(experiment, features.frame, plan.n_folds, plan.fold_seeds[0])
    scores = doubly_robust_outcomes(expected, experiment.arm, experiment.outcome, experiment.assignment_shares)
    selection = select_learner(experiment, fitted, scores, plan.n_folds)
    rankings = tuple(
        judge_ranking(experiment, fitted, selection.effects, a, plan.n_deals) for a in range(1, experiment.n_arms)
    )
    policies = tuple(choose_arms(effects, experiment.costs) for effects in selection.effects)
    policy = value_policies(experiment, scores, policies)
    return Differences(selection.learner, selection.criterion, rankings, policy, policies)


def _obstacle(experiment: Experiment, features: FeatureChoice) -> str | None:
    """Why customers cannot be told apart at all, if so."""
    if not features.names:
        return "no column is left that could tell customers apart"
    for a, name in enumerate(experiment.arm_names):
        rows = experiment.arm == a
        units = rows.sum() if experiment.cluster is None else len(np.unique(experiment.cluster[rows]))
        if units < MIN_UNITS_TO_RANK:
            kind = "rows" if experiment.cluster is None else "clusters"
            return f"the arm '{name}' has {units:,} {kind}, fewer than {MIN_UNITS_TO_RANK}"
        counts = np.unique(experiment.outcome[rows], return_counts=True)[1]
        if rows.sum() - counts.max() < MIN_RARER_OUTCOMES:
            return f"all but {rows.sum() - counts.max():,} rows of the arm '{name}' have the same outcome"
    return None

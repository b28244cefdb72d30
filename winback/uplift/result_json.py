"""The result for programs: stable keys, rounded figures.

Belongs here: turning a result into plain data. Does not belong here: computing, or showing it to people.

Keys: `outcome_kind` (binary, numeric), `n_rows` used and `n_rows_left_out` by reason; `ratio_check` (`unit` counted, `p_value`,
`is_planned`, `is_mismatch`, `n` and `expected` per arm); `arms` (control first: `n_rows`, `mean`, `cost`, `effect` with
`effect_low`, `effect_high`, `effect_p_value`, `relative_effect`, null for the control); `features`, `notes`; `folds`;
`learner`, `learners` (criterion per learner), `criterion_definition`, `qini_definition`; `ranking` per arm (`qini` with
`qini_min` and `qini_max` over the seeds, the band of chance `chance_low`, `chance_high`, `p_value`, `is_reliable`,
`qini_by_learner`, `uplift_at`); `policy` (`value`, `shares`, `best_arm_for_all`, `against` each arm for all); `verdict`.
Learner, ranking and policy are null where customers could not be told apart. Shares are in [0, 1], effects in the outcome's
unit; everything is rounded to eight decimals, intervals are 95 %.
"""

from __future__ import annotations

import math
from typing import Any

from winback.uplift.analysis import Differences, ExperimentResult
from winback.uplift.balance import RatioCheck
from winback.uplift.influence import Estimate
from winback.uplift.policy_value import PolicyValue
from winback.uplift.qini import DEFINITION
from winback.uplift.ranking_report import ArmRanking
from winback.uplift.selection import CRITERION

_DECIMALS = 8


def result_as_json(result: ExperimentResult) -> dict[str, Any]:
    """Plain data with the keys above."""
    experiment, verdict = result.experiment, result.verdict
    differences = None if result.differences is None else _differences(result.differences, experiment.arm_names)
    whole = {
        "outcome_kind": "binary" if experiment.is_binary else "numeric",
        "n_rows": len(experiment.arm),
        "n_rows_left_out": {
            "without_arm": experiment.n_without_arm,
            "without_outcome": experiment.n_without_outcome,
            "without_cluster": experiment.n_without_cluster,
        },
        "ratio_check": _ratio(result.ratio, experiment.arm_names),
        "arms": _arms(result),
        "features": list(result.features.names),
        "notes": list(result.features.notes),
        "folds": {"n_folds": result.plan.n_folds, "seeds": list(result.plan.fold_seeds)},
        "criterion_definition": CRITERION,
        "qini_definition": DEFINITION,
        **(differences or {"learner": None, "learners": None, "ranking": None, "policy": None}),
        "verdict": {
            "sentences": list(verdict.sentences),
            "customers_differ": None
            if verdict.ranked_arms is None
            else bool(verdict.ranked_arms or verdict.is_policy_better),
            "ranked_arms": None if verdict.ranked_arms is None else list(verdict.ranked_arms),
            "is_policy_better": verdict.is_policy_better,
            "best_arm": verdict.best_arm,
            "is_best_arm_reliable": verdict.is_best_arm_reliable,
        },
    }
    rounded: dict[str, Any] = _rounded(whole)
    return rounded


def _arms(result: ExperimentResult) -> list[dict[str, Any]]:
    return [
        {
            "arm": one.arm,
            "is_control": one.effect is None,
            "n_rows": one.n_rows,
            "mean": one.mean,
            "cost": float(cost),
            **_interval("effect", one.effect),
            "effect_p_value": one.p_value,
            "relative_effect": one.relative,
        }
        for one, cost in zip(result.effects, result.experiment.costs, strict=True)
    ]


def _ratio(ratio: RatioCheck, names: tuple[str, ...]) -> dict[str, Any]:
    return {
        "unit": ratio.unit,
        "p_value": ratio.p_value,
        "is_planned": ratio.is_planned,
        "is_mismatch": ratio.is_mismatch,
        "n": dict(zip(names, ratio.counted.astype(int).tolist(), strict=True)),
        "expected": dict(zip(names, ratio.expected.tolist(), strict=True)),
    }


def _differences(differences: Differences, names: tuple[str, ...]) -> dict[str, Any]:
    return {
        "learner": differences.learner,
        "learners": differences.criterion,
        "ranking": [_ranking(one) for one in differences.rankings],
        "policy": _policy(differences.policy, names),
    }


def _ranking(ranking: ArmRanking) -> dict[str, Any]:
    return {
        "arm": ranking.arm,
        "qini": ranking.judged.mean,
        "qini_min": min(ranking.judged.values),
        "qini_max": max(ranking.judged.values),
        "chance_low": ranking.band.low,
        "chance_high": ranking.band.high,
        "p_value": ranking.band.p_value,
        "is_reliable": ranking.is_reliable,
        "qini_by_learner": {
            name: {"mean": one.mean, "min": min(one.values), "max": max(one.values)}
            for name, one in ranking.by_learner.items()
        },
        "uplift_at": [{"share": t.share, "n_rows": t.n_rows, **_interval("uplift", t.uplift)} for t in ranking.top],
    }


def _policy(policy: PolicyValue, names: tuple[str, ...]) -> dict[str, Any]:
    return {
        **_interval("value", policy.value),
        "shares": dict(zip(names, policy.shares.tolist(), strict=True)),
        "best_arm_for_all": names[policy.best],
        "against": [
            {"arm": name, **_interval("value_for_all", for_all), **_interval("gain", gain)}
            for name, for_all, gain in zip(names, policy.arms, policy.gains, strict=True)
        ],
    }


def _interval(name: str, found: Estimate | None) -> dict[str, float | None]:
    return {
        name: None if found is None else found.value,
        f"{name}_low": None if found is None else found.low,
        f"{name}_high": None if found is None else found.high,
    }


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_rounded(inner) for inner in value]
    if isinstance(value, float):
        return round(value, _DECIMALS) + 0.0 if math.isfinite(value) else None
    return value

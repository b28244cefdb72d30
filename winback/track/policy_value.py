"""What the policy that ran was worth, and what others would have been: the rows of `track_policy_value`.

Belongs here: outcome and cost of each unit, the policies compared, the gates. Does not belong here: targets (`logged_units`), the
estimators (`policy_estimates`).

Rows without logged chances never count. Offers cost where the account returned (taken as redeemed); time is what was written
back, or what was planned where a worked row tells none.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import polars as pl

from winback.track.frames import contract_frame
from winback.track.logged_units import logged_units, targets_of
from winback.track.outcome_model import N_FOLDS, OutcomeModel, folds_by_account
from winback.track.policy_estimates import (
    PolicyEstimate,
    doubly_robust_estimate,
    mean_estimate,
    normalised_estimate,
    weighted_estimate,
)
from winback.uplift.experiment import Codes, Vector

MIN_UNITS = 100
"""Fewest settled units with logged chances at which an experiment values any policy."""

MIN_MATCHED = 10
"""Fewest rows of each assignment a policy needs to whom the lot gave what the policy would have given."""

POLICIES = ("untouched", "plan", "rules", "no_offer", "best_arm")
"""Alternatives to what ran."""

ESTIMATORS = ("weighted", "normalised", "doubly_robust")
_DIGITS = 6
_NO_OPTIONS = "the plays and offers open to each account were not logged with its assignment"
_NO_PLAN_ARM = "it is not logged what the plan would have done with every account, which the prediction needs"


@dataclass(frozen=True)
class Costs:
    """Margin on spend (share), and what a minute of a representative costs (base currency)."""

    margin_share: float
    minute_amount: float


@dataclass(frozen=True)
class _Log:
    """The logged units of one experiment. `net` is None where the cost of an offer that was made is not logged."""

    rows: pl.DataFrame
    options: pl.DataFrame
    returned: Vector
    net: Vector | None
    fold: Codes
    account: Codes
    models: tuple[OutcomeModel, ...]
    """Of returns and, where it is known, of the net amount."""


def policy_rows(units: pl.DataFrame, options: pl.DataFrame, costs: Costs, as_of_on: date) -> pl.DataFrame:
    """Rows of `track_policy_value` from those of `track_units` and `ledger_options`: the same ones for every experiment."""
    found: list[dict[str, Any]] = []
    parts = units.sort("experiment_id", "row_key").partition_by("experiment_id", as_dict=True, maintain_order=True)
    for (name,), rows in parts.items():
        logged = logged_units(rows, options)
        base = {"as_of_on": as_of_on, "experiment_id": name, "n_units": logged.height}
        found += [base | row for row in _experiment(logged, options.join(logged, on="row_key", how="semi"), costs)]
    return contract_frame("track_policy_value", found)


def _experiment(logged: pl.DataFrame, options: pl.DataFrame, costs: Costs) -> Iterator[dict[str, Any]]:
    if logged.height < MIN_UNITS:
        why = f"{logged.height} settled units with logged chances; {MIN_UNITS} are needed"
        yield {"policy": "as_run", "estimator": "mean", "n_matched": logged.height, "hidden_reason": why}
        for policy in POLICIES:
            yield from _hidden(policy, 0, why)
        return
    fold, account = folds_by_account(logged["account_id"])
    returned = logged["has_returned"].cast(pl.Float64).to_numpy()
    outcomes = [returned] if (net_amounts := _net(logged, costs)) is None else [returned, net_amounts]
    models = tuple(OutcomeModel(logged, outcome, fold) for outcome in outcomes)
    log = _Log(logged, options, returned, net_amounts, fold, account, models)
    ran = {"policy": "as_run", "estimator": "mean", "n_matched": logged.height, "effective_n": float(logged.height)}
    net = None if log.net is None else mean_estimate(log.net, account)
    yield ran | _figures(mean_estimate(returned, account), net)
    for policy in POLICIES:
        yield from _best_arm(log) if policy == "best_arm" else _policy(policy, log, targets_of(policy, logged, options))


def _net(logged: pl.DataFrame, costs: Costs) -> Vector | None:
    """Margin less costs per unit, in base currency; None where an offer was made whose cost is not logged."""
    is_offered = (pl.col("assignment") != "holdout") & (pl.col("offer_id") != "")
    if logged.filter(is_offered & pl.col("offer_cost_amount").is_null()).height:
        return None
    planned = pl.when("is_worked").then(pl.col("minutes").fill_null(0)).otherwise(0)
    minutes = pl.coalesce("spent_minutes", planned).cast(pl.Float64)
    offer = pl.when(is_offered & pl.col("has_returned")).then(pl.col("offer_cost_amount").cast(pl.Float64)).otherwise(0.0)
    margin = costs.margin_share * pl.col("horizon_amount").cast(pl.Float64)
    return logged.select(net=margin - offer - costs.minute_amount * minutes)["net"].to_numpy()


def _policy(policy: str, log: _Log, targets: pl.DataFrame | None, arm: str | None = None) -> Iterator[dict[str, Any]]:
    if targets is None:
        yield from _hidden(policy, 0, _NO_OPTIONS)
        return
    weight = _weights(log.rows, targets)
    n_matched = int((weight > 0).sum())
    thin = _thin_assignment(log.rows, targets, weight)
    if thin:
        yield from _hidden(policy, n_matched, thin)
        return
    base = {"policy": policy, "n_matched": n_matched, "policy_arm": arm, "effective_n": _effective(weight)}
    for estimator in ESTIMATORS:
        if estimator == "doubly_robust" and _lacks_plan_arm(targets):
            yield {"policy": policy, "estimator": estimator, "n_matched": n_matched, "hidden_reason": _NO_PLAN_ARM}
            continue
        returned = _estimated(estimator, log, targets, weight, log.returned, 0)
        net = None if log.net is None else _estimated(estimator, log, targets, weight, log.net, 1)
        yield base | {"estimator": estimator} | _figures(returned, net)


def _best_arm(log: _Log) -> Iterator[dict[str, Any]]:
    """The arm for all is chosen on the other folds, so that the best of many is not flattered by the data that chose it."""
    if targets_of("rules", log.rows, log.options) is None:
        yield from _hidden("best_arm", 0, _NO_OPTIONS)
        return
    arms, targets = _open_arms(log)
    if not arms:
        yield from _hidden("best_arm", 0, f"no arm was given often enough: {MIN_MATCHED} rows of each assignment are needed")
        return
    worth = log.returned if log.net is None else log.net
    weights = [_weights(log.rows, t) for t in targets]
    best = [int(np.argmax([_mean_under(w[log.fold != k], worth[log.fold != k]) for w in weights])) for k in range(N_FOLDS)]
    chosen = pl.concat([targets[best[k]].filter(pl.Series(log.fold == k)) for k in range(N_FOLDS)])
    named = arms[max(set(best), key=lambda a: (best.count(a), -a))]
    in_order = log.rows.select("row_key").join(chosen, on="row_key", how="left", maintain_order="left")
    yield from _policy("best_arm", log, in_order, " + ".join(part for part in named if part))


def _open_arms(log: _Log) -> tuple[list[tuple[str, str]], list[pl.DataFrame]]:
    """Arms for all that the log can value, in total order, with their targets."""
    touched = log.rows.filter(pl.col("assignment") != "holdout").group_by("play_id", "offer_id").len()
    often = touched.filter(pl.col("len") >= MIN_MATCHED).drop_nulls().sort("play_id", "offer_id")
    arms = [(str(play), str(offer)) for play, offer, _ in often.iter_rows()]
    found = [(arm, targets_of("best_arm", log.rows, log.options, arm)) for arm in arms]
    kept = [(a, t) for a, t in found if t is not None and _thin_assignment(log.rows, t, _weights(log.rows, t)) is None]
    return [arm for arm, _ in kept], [targets for _, targets in kept]


def _mean_under(weight: Vector, worth: Vector) -> float:
    return float(weight @ worth / weight.sum()) if weight.any() else -np.inf


def _weights(logged: pl.DataFrame, targets: pl.DataFrame) -> Vector:
    """One over the chance of what was done, where the policy would have done just that; else 0."""
    is_left_alone = pl.col("target") == "holdout"
    is_same_arm = (pl.col("play_id") == pl.col("target_play_id")) & (pl.col("offer_id") == pl.col("target_offer_id"))
    # A treated row got the plan's arm by definition, also where the log does not say which one that is.
    is_given = (pl.col("assignment") == pl.col("target")) & (is_left_alone | (pl.col("target") == "treated") | is_same_arm)
    both = pl.concat([logged, targets.drop("row_key")], how="horizontal")
    chance = 1 / pl.col("action_prob")
    return both.select(w=pl.when(is_given.fill_null(value=False)).then(chance).otherwise(0.0))["w"].to_numpy()


def _thin_assignment(logged: pl.DataFrame, targets: pl.DataFrame, weight: Vector) -> str | None:
    """Why the policy cannot be valued: an assignment that it asks for on some rows and that too few of them were given."""
    matched = logged.filter(pl.Series(weight > 0))["assignment"]
    for assignment in targets["target"].unique().sort().to_list():
        n = int((matched == assignment).sum())
        if n < MIN_MATCHED:
            return f"only {n} row(s) assigned to {assignment} got what the policy would have given; {MIN_MATCHED} are needed"
    return None


def _lacks_plan_arm(targets: pl.DataFrame) -> bool:
    return targets.filter((pl.col("target") != "holdout") & pl.col("target_play_id").is_null()).height > 0


def _estimated(
    estimator: str, log: _Log, targets: pl.DataFrame, weight: Vector, outcome: Vector, model: int
) -> PolicyEstimate:
    if estimator == "weighted":
        return weighted_estimate(outcome, weight, log.account)
    if estimator == "normalised":
        return normalised_estimate(outcome, weight, log.account)
    return doubly_robust_estimate(outcome, weight, log.models[model].under(targets), log.account)


def _effective(weight: Vector) -> float:
    return round(float(weight.sum() ** 2 / (weight**2).sum()), 1)


def _figures(returned: PolicyEstimate | None, net: PolicyEstimate | None) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for outcome, unit, estimated in (("return", "share", returned), ("net", "amount", net)):
        if estimated is not None:
            for part, figure in (("", estimated.value), ("_gain", estimated.gain)):
                start = f"policy_{outcome}{part}"
                ends = {
                    f"{start}_{unit}": figure.value,
                    f"{start}_low_{unit}": figure.low,
                    f"{start}_high_{unit}": figure.high,
                }
                found |= {name: round(value, _DIGITS) for name, value in ends.items()}
    if net is None:
        found["hidden_reason"] = "amounts are hidden: the cost of offers made was not logged with every assignment"
    return found


def _hidden(policy: str, n_matched: int, why: str) -> Iterator[dict[str, Any]]:
    for estimator in ESTIMATORS:
        yield {"policy": policy, "estimator": estimator, "n_matched": n_matched, "hidden_reason": why}

"""What a contact changes, learned from the weekly lots.

Belongs here: comparing the learners on a lot's rows, the champion, its effects with intervals. Does not belong here: which rows
(`logged_rows`), how arms differ (`arm_response`), files (`weekly_files`), tables (`weekly_table`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import polars as pl

from winback.errors import UsageError
from winback.propensity.touch_rows import UNTOUCHED
from winback.survival.gap_curve import Z_80
from winback.uplift.arm_effects import arm_effects
from winback.uplift.arm_response import ArmResponse, fit_arms
from winback.uplift.cross_fitting import CrossFitted, cross_fit, cross_fit_outcomes
from winback.uplift.doubly_robust import doubly_robust_outcomes
from winback.uplift.encoding import fit_encoding
from winback.uplift.experiment import Experiment, Vector
from winback.uplift.influence import Estimate
from winback.uplift.learners import Learner, all_learners
from winback.uplift.logged_rows import as_experiment
from winback.uplift.policy_value import PolicyValue, choose_arms, value_policies
from winback.uplift.ranking_report import ArmRanking, judge_ranking
from winback.uplift.same_effect import SAME_EFFECT
from winback.uplift.same_factor import spread_effect
from winback.uplift.selection import select_learner

FOLD_SEEDS = (1, 2, 3)
N_FOLDS = 5
N_DEALS = 100
N_DRAWS = 20
"""Bootstrap draws of accounts behind an interval."""


@dataclass(frozen=True)
class LearnerFigures:
    """A learner out of fold: Qini (mean over seeds), value per account of contacting whom it says, gain over the better of all
    and none, and the figure learners are compared by."""

    learner: str
    qini: float
    value: Estimate
    gain: Estimate
    criterion: float


@dataclass(frozen=True)
class UpliftModel:
    """Everything that scoring and the record need. `features` are the rows' features, without ids, in the order of `test`; `arms`
    what plays and offers add to the account's uplift, None where all are alike."""

    learner: str
    horizon_days: int
    as_of_on: date
    first_week_on: date
    last_week_on: date
    test: Experiment
    features: pl.DataFrame
    figures: tuple[LearnerFigures, ...]
    ranking: ArmRanking
    effect: Estimate
    amount_effect: Estimate
    arms: ArmResponse | None
    level_reason: str

    def effects(self, rows: pl.DataFrame) -> tuple[Vector, Vector, Vector]:
        """P(return | contacted) less P(return | held back) of each row of features, with its 80 % interval.

        Where no learner tells customers apart, the effect is spread by the chance if left alone (`same_factor`). The spread of the
        interval is that of the learner fitted on draws of accounts.
        """
        missing = sorted(set(self.features.columns) - set(rows.columns))
        if missing:
            raise UsageError(
                f"The model of uplift made as of {self.as_of_on} reads {len(missing)} feature(s) that the rows lack: "
                f"{', '.join(missing)}. Run the asset model_uplift to fit it anew."
            )
        rows = rows.select(self.features.columns)
        value = _fitted_effects(self.test, self.features, self.learner, rows)
        draws = [_fitted_effects(*_drawn(self.test, self.features, n), self.learner, rows) for n in range(N_DRAWS)]
        reach = Z_80 * np.std(draws, axis=0, ddof=1)
        return value, np.maximum(value - reach, -1), np.minimum(value + reach, 1)


def weekly_learners() -> tuple[Learner, ...]:
    """The learners compared, the simplest first."""
    return (SAME_EFFECT, *all_learners())


def train_uplift(
    rows: pl.DataFrame,
    features: pl.DataFrame,
    *,
    as_of_on: date,
    horizon_days: int,
    reason: str,
    arms: pl.DataFrame | None = None,
    learners: Sequence[Learner] | None = None,
) -> UpliftModel:
    """Compare the learners on `logged_rows` and their features (same order, no ids), and keep what the champion is fitted on.

    `arms`: the ARM_FEATURES of the rows, in the same order; without them all plays and offers count as alike.
    """
    learners = learners or weekly_learners()
    test = as_experiment(rows)
    fitted = [cross_fit(test, features, learners, N_FOLDS, seed) for seed in FOLD_SEEDS]
    expected = cross_fit_outcomes(test, features, N_FOLDS, FOLD_SEEDS[0])
    scores = doubly_robust_outcomes(expected, test.arm, test.outcome, test.assignment_shares)
    selection = select_learner(test, fitted, scores, N_FOLDS)
    ranking = judge_ranking(test, fitted, selection.effects, 1, N_DEALS)
    values = {learner.name: _value(test, scores, fitted, learner.name) for learner in learners}
    amounts = arm_effects(as_experiment(rows, "horizon_amount"))[1].effect
    effect = arm_effects(test)[1].effect
    assert effect is not None and amounts is not None
    response, told = (None, "every play and offer alike") if arms is None else _arms(rows, arms, expected[:, 1])
    return UpliftModel(
        learner=selection.learner,
        horizon_days=horizon_days,
        as_of_on=as_of_on,
        first_week_on=_day(rows["week_on"].min()),
        last_week_on=_day(rows["week_on"].max()),
        test=test,
        features=features,
        figures=tuple(
            LearnerFigures(n, ranking.by_learner[n].mean, v.value, v.gain_over_best, selection.criterion[n])
            for n, v in values.items()
        ),
        ranking=ranking,
        effect=effect,
        amount_effect=amounts,
        arms=response,
        level_reason=f"{reason}; {told}",
    )


def _value(
    test: Experiment, scores: np.ndarray[tuple[int, ...], np.dtype[np.float64]], fitted: list[CrossFitted], name: str
) -> PolicyValue:
    return value_policies(test, scores, [choose_arms(one.effects[name], test.costs) for one in fitted])


def _arms(rows: pl.DataFrame, arms: pl.DataFrame, expected: Vector) -> tuple[ArmResponse | None, str]:
    """What arms add, learned from the contacted rows alone: nobody held back had one."""
    is_contact = rows["is_contact"].to_numpy()
    contacts = rows.filter("is_contact")
    is_drawn = ((contacts["arm_prob"] < 1) & (contacts["assignment"] == "explore")).fill_null(value=False).to_numpy()
    given = pl.concat([contacts.select("account_id"), arms.filter(pl.Series(is_contact))], how="horizontal")
    return fit_arms(given, expected[is_contact], contacts["has_returned"].cast(pl.Float64).to_numpy(), is_drawn)


def _fitted_effects(test: Experiment, features: pl.DataFrame, learner: str, rows: pl.DataFrame) -> Vector:
    if learner == SAME_EFFECT.name and UNTOUCHED in features.columns:
        return spread_effect(_untouched(features), test.arm == 1, test.outcome, _untouched(rows))
    fit = next(one.fit for one in weekly_learners() if one.name == learner)
    encoding = fit_encoding(features)
    effects = fit(encoding.matrix(features), test.arm, test.outcome, test.assignment_shares)
    return np.asarray(np.clip(effects(encoding.matrix(rows))[:, 0], -1, 1))


def _untouched(rows: pl.DataFrame) -> Vector:
    return rows[UNTOUCHED].cast(pl.Float64).fill_null(float("nan")).to_numpy()


def _drawn(test: Experiment, features: pl.DataFrame, number: int) -> tuple[Experiment, pl.DataFrame]:
    """The test with its accounts drawn again, each with all of its rows."""
    assert test.cluster is not None
    order = np.argsort(test.cluster, kind="stable")
    ends = np.cumsum(np.bincount(test.cluster))
    drawn = np.random.default_rng((37, number)).integers(0, len(ends), len(ends))
    at = np.concatenate([order[ends[c - 1] if c else 0 : ends[c]] for c in drawn])
    return replace(test, arm=test.arm[at], outcome=test.outcome[at], cluster=test.cluster[at]), features[at]


def _day(value: object) -> date:
    assert isinstance(value, date)
    return value

"""Judging the chance of a return after a contact, out of time.

Belongs here: out-of-time chances of the champion, every family and the simplest baselines, their figures with intervals, and on
simulated contacts what the true chances reach. Does not belong here: gathering the contacts, printing (`evaluation_report`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from winback.errors import UsageError
from winback.evaluation.bootstrap import Interval, account_draws, percentile_interval
from winback.evaluation.calibration import Calibration, CalibrationBin, calibration_bins
from winback.evaluation.ranking import Flags, Matrix, Ranking
from winback.propensity.champion import choose, unseen_log_odds
from winback.propensity.families import Family, TouchRows, all_families, enough_for
from winback.propensity.model import inputs_of
from winback.propensity.time_blocks import time_splits
from winback.propensity.touch_rows import UNTOUCHED
from winback.propensity.train import straightened, touch_design
from winback.survival.btyd import Vector
from winback.survival.curves import inverse_logit

CHAMPION, UNTOUCHED_CHANCE, TRUTH = "champion", "untouched", "truth"

METRICS = ("pr_auc", "top_decile_lift", "roc_auc", "brier", "ece", "ece_equal_mass")
RATIOS = ("pr_auc", "top_decile_lift")
"""Figures held against what the simulator's true chances reach."""

MIN_RATIO, MAX_ECE = 0.95, 0.03
"""What must hold on simulated contacts: share of the truth's PR-AUC and lift, and calibration error."""


@dataclass(frozen=True)
class PropensityReport:
    """What `winback evaluate propensity` found; no account is named.

    `models[model][metric]` with 95 % intervals by accounts. On simulated contacts `ratios[metric]` is the champion's figure over
    the true chances' on the outcomes drawn, `expected_ratios` the same over all outcomes that could have been drawn.
    """

    horizon_days: int
    champion_family: str
    level_reason: str
    is_overlapping: bool
    n_contacts: int
    n_judged: int
    n_accounts: int
    n_returned: int
    first_judged_on: str
    last_judged_on: str
    models: dict[str, dict[str, Interval]]
    ratios: dict[str, Interval]
    expected_ratios: dict[str, float]
    calibration: list[CalibrationBin]

    @property
    def holds(self) -> bool | None:
        """Whether what must hold on simulated contacts does; None where no truth is known."""
        if not self.ratios:
            return None
        enough = all((self.ratios[m].value or 0) >= MIN_RATIO for m in RATIOS)
        return enough and (self.models[CHAMPION]["ece"].value or 0) <= MAX_ECE


def evaluate_propensity(
    touches: pl.DataFrame, horizon_days: int, *, n_replicates: int = 200, seed: int = 0, truth: pl.DataFrame | None = None
) -> PropensityReport:
    """Judge settled contacts (columns of `touch_rows.past_touches`), block by block on what was settled before.

    The champion of a block is chosen and straightened by the blocks before it only. `truth`: row_key and true_prob of simulated
    contacts. Raises UsageError where there are too few contacts for any model.
    """
    returned = touches["has_returned"].cast(pl.Float64).to_numpy()
    enough, reason = enough_for(returned)
    if enough is None:
        raise UsageError(f"There is nothing to evaluate: {reason}.")
    rows = TouchRows(touches, inputs_of(touch_design(touches), touches), returned)
    names = list(all_families())
    families = [all_families()[name] for name in names[: names.index(enough) + 1]]
    unseen = unseen_log_odds(rows, horizon_days, families)
    is_judged = pl.Series(_judged(rows, horizon_days))
    judged = touches.filter(is_judged)
    probs = {name: inverse_logit(odds) for name, odds in unseen.log_odds.items()}
    probs[CHAMPION] = _champion_probs(rows, horizon_days, families)[is_judged.to_numpy()]
    if UNTOUCHED in judged.columns and judged[UNTOUCHED].null_count() == 0:
        probs[UNTOUCHED_CHANCE] = inverse_logit(judged[UNTOUCHED].to_numpy())
    true = None if truth is None else judged.join(truth, on="row_key", how="left", maintain_order="left")["true_prob"]
    if true is not None and true.null_count() == 0:
        probs[TRUTH] = true.to_numpy()
    is_return = unseen.rows.returned > 0
    draws = account_draws(int(unseen.rows.accounts.max()) + 1, n_replicates, seed)[:, unseen.rows.accounts].astype(
        np.float64
    )
    drawn = {name: _measured(is_return, p, draws) for name, p in probs.items()}
    point = {name: _measured(is_return, p, np.ones((1, len(p)))) for name, p in probs.items()}
    return PropensityReport(
        horizon_days=horizon_days,
        champion_family=choose(unseen).champion,
        level_reason=reason,
        is_overlapping=unseen.is_overlapping,
        n_contacts=touches.height,
        n_judged=judged.height,
        n_accounts=judged["account_id"].n_unique(),
        n_returned=int(is_return.sum()),
        first_judged_on=str(judged["as_of_on"].min()),
        last_judged_on=str(judged["as_of_on"].max()),
        models={n: {m: percentile_interval(_value(point[n][m][0]), drawn[n][m]) for m in METRICS} for n in sorted(probs)},
        ratios=_ratios(point, drawn),
        expected_ratios=_expected_ratios(probs),
        calibration=calibration_bins(is_return, probs[CHAMPION], np.ones(len(is_return))),
    )


def _judged(rows: TouchRows, horizon_days: int) -> Flags:
    return np.asarray(np.any([split.judged for split in time_splits(rows, horizon_days).parts], axis=0))


def _champion_probs(rows: TouchRows, horizon_days: int, families: list[Family]) -> Vector:
    """Chances as the weekly run would have given them: family and straightening from what was settled before the block."""
    found = np.full(len(rows.returned), np.nan)
    for split in time_splits(rows, horizon_days).parts:
        learned, judged = rows.at(split.learned), rows.at(split.judged)
        before = unseen_log_odds(learned, horizon_days, families)
        champion = choose(before).champion
        raw = next(f for f in families if f.name == champion).fit(learned).log_odds(judged.inputs)
        found[split.judged] = inverse_logit(straightened(before, champion).log_odds(raw[:, None, None])[:, 0])
    return found


def _measured(is_return: Flags, prob: Vector, weights: Matrix) -> dict[str, Vector]:
    return Ranking(is_return, prob).measure(weights) | Calibration(is_return, prob).measure(weights)


def _ratios(point: dict[str, dict[str, Vector]], drawn: dict[str, dict[str, Vector]]) -> dict[str, Interval]:
    if TRUTH not in point:
        return {}
    return {
        m: percentile_interval(
            _value(point[CHAMPION][m][0] / point[TRUTH][m][0]), np.asarray(drawn[CHAMPION][m] / drawn[TRUTH][m])
        )
        for m in RATIOS
    }


def _expected_ratios(probs: dict[str, Vector]) -> dict[str, float]:
    """Each row as a returned one with the weight of its true chance and one that did not with the rest."""
    if TRUTH not in probs:
        return {}
    true = probs[TRUTH]
    is_return = np.repeat([True, False], len(true))
    weights = np.concatenate([true, 1 - true])[None, :]
    found = {n: Ranking(is_return, np.tile(probs[n], 2)).measure(weights) for n in (CHAMPION, TRUTH)}
    return {m: float(found[CHAMPION][m][0] / found[TRUTH][m][0]) for m in RATIOS}


def _value(figure: float) -> float | None:
    return float(figure) if np.isfinite(figure) else None

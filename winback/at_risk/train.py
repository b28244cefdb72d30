"""Fitting the model of lapses: gate, choice of the champion, straightening on unseen accounts, intervals.

Belongs here: the order of these steps. Does not belong here: the steps themselves.
"""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl

from winback.at_risk.champion import Verdict, choose, enough_for
from winback.at_risk.families import LEVEL_OF_FAMILY, RULES, Family, LapseRows, all_families
from winback.at_risk.family_rules import FittedRules
from winback.at_risk.lapse_rows import labels, learnable, with_cover
from winback.at_risk.model import AtRiskModel, Correction, Training, matrix_of, model_spread
from winback.survival.btyd import Vector
from winback.survival.design import Design, fit_design
from winback.survival.intervals import spread_scale
from winback.survival.landmark_rows import account_folds, data_hash, landmark_numbers
from winback.survival.season import fit_seasons
from winback.survival.stack import Stack, fit_stack
from winback.survival.train_return_model import MAX_ROWS, sampled_accounts

N_FOLDS = 3


def train_at_risk(rows: pl.DataFrame, *, as_of_on: date, horizon_days: int, account_share: float = 1.0) -> AtRiskModel:
    """Fit everything on landmark rows (columns of `active_rows.active_snapshots`, read for the same horizon).

    `account_share` is the share of accounts that the rows were drawn from. Past `train_return_model.MAX_ROWS` rows accounts are
    drawn here. With too few lapses the model is of level rules and says so.
    """
    rows, drawn_share = _within_limit(learnable(rows))
    frame = with_cover(rows, horizon_days)
    lapsed, weights = labels(rows, horizon_days)
    enough, reason = enough_for(LapseRows(frame, np.zeros((rows.height, 0)), lapsed, weights), horizon_days)
    design = fit_design(frame) if enough not in (None, RULES) else Design((), ())
    seen = LapseRows(frame, matrix_of(design, frame), lapsed, weights)
    training = _training(rows, seen, as_of_on, account_share * drawn_share)
    if enough is None:
        return AtRiskModel(horizon_days, design, {RULES: FittedRules({})}, _unjudged(), None, training, reason)
    names = list(LEVEL_OF_FAMILY)
    families = [all_families()[name] for name in names[: names.index(enough) + 1]]
    verdict = choose(seen, horizon_days, families)
    return AtRiskModel(
        horizon_days=horizon_days,
        design=design,
        families={f.name: f.fit(seen) for f in families},
        verdict=verdict,
        correction=_correction(seen, families, verdict.champion),
        training=training,
        level_reason=reason,
    )


def _unjudged() -> Verdict:
    return Verdict(RULES, (), (), 0, False)


def _within_limit(rows: pl.DataFrame) -> tuple[pl.DataFrame, float]:
    """The rows, or those of accounts drawn so that they stay within the limit, and the share of accounts drawn."""
    if rows.height <= MAX_ROWS:
        return rows, 1.0
    per_account = rows.group_by("account_id").len().sort("account_id")
    most = int(per_account["len"].to_numpy().max())
    chosen, share = sampled_accounts(per_account["account_id"], most)
    return (rows, share) if chosen is None else (rows.filter(pl.col("account_id").is_in(chosen.implode())), share)


def _cross_fitted(rows: LapseRows, families: list[Family]) -> dict[str, Vector]:
    """Log-odds of every row by families fitted on other accounts."""
    folds = account_folds(rows.frame, N_FOLDS)
    found = {f.name: np.zeros(rows.frame.height) for f in families}
    for fold in range(N_FOLDS):
        held, rest = rows.at(folds == fold), rows.at(folds != fold)
        for family in families:
            found[family.name][folds == fold] = family.fit(rest).log_odds(held.frame, held.matrix)
    return found


def _correction(rows: LapseRows, families: list[Family], champion: str) -> Correction:
    unseen = _cross_fitted(rows, families)
    stack = _straightened(rows, unseen[champion], champion)
    odds = stack.log_odds(unseen[champion][:, None, None])[:, 0]
    landmarks = rows.frame["as_of_on"].to_list()
    between = fit_seasons(landmarks, odds, rows.lapsed, rows.weights).spread
    matrix = rows.matrix if rows.matrix.shape[1] else rows.frame.select("threshold_used_share").to_numpy()
    spread = model_spread(stack, unseen, champion)
    scale = spread_scale(odds, spread, rows.lapsed, rows.weights, matrix, landmark_numbers(rows.frame))
    return Correction(stack, between, scale)


def _straightened(rows: LapseRows, log_odds: Vector, champion: str) -> Stack:
    """Intercept and slope of the champion's log-odds on accounts that it has not seen, with draws of accounts."""
    accounts = account_folds(rows.frame, rows.frame.height)
    return fit_stack((champion,), log_odds[:, None, None], rows.lapsed[:, None], rows.weights[:, None], accounts)


def _training(rows: pl.DataFrame, seen: LapseRows, as_of_on: date, account_share: float) -> Training:
    known = pl.Series(seen.weights > 0, dtype=pl.Boolean)
    longest = rows["silence_days"].max()
    return Training(
        as_of_on=as_of_on,
        landmarks=tuple(sorted(rows["as_of_on"].filter(known).unique())),
        n_rows=int(known.sum()),
        n_accounts=rows["account_id"].filter(known).n_unique(),
        n_lapsed=int(seen.lapsed[seen.weights > 0].sum()),
        account_share=round(account_share, 9),
        data_hash=data_hash(rows),
        longest_silence_days=longest if isinstance(longest, int) else 0,
    )

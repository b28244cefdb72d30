"""Fitting the model of time to return: gate, choice of the champion, cross-fitted weights, seasons, intervals.

Belongs here: the order of these steps. Does not belong here: the steps themselves.
"""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl

from winback.survival.assumption_calibration import CALIBRATION, MOST_MISS, StatedBin, check_calibration
from winback.survival.assumption_columns import check_columns
from winback.survival.assumption_hazards import HAZARDS, LEAST_FACTOR, check_hazards
from winback.survival.assumptions import Finding, not_judged
from winback.survival.btyd import Matrix
from winback.survival.champion import STACK, JudgedRows, Verdict, choose, fit_families
from winback.survival.design import Design, fit_design
from winback.survival.families import STACKED, DesignedRows, Family, FittedFamily, all_families
from winback.survival.family_cox import FittedCox
from winback.survival.intervals import spread_scale
from winback.survival.landmark_rows import account_folds, data_hash, labels, landmark_numbers, learnable
from winback.survival.return_model import ReturnModel, Training, member_log_odds
from winback.survival.return_time import HORIZONS_DAYS
from winback.survival.screening import telling
from winback.survival.season import Seasons, fit_seasons
from winback.survival.stack import Stack, fit_stack
from winback.survival.sufficiency import MIN_ACCOUNTS, enough_for

MAX_ROWS = 40_000
"""Most landmark rows that the weekly run fits on; above, accounts are drawn with one known share for all. Protocols use all."""

LANDMARK_STEP_DAYS = 28
N_LANDMARKS = 15
"""Weekly training looks back at this many landmarks: more than a year, so that each season has been seen once."""

N_FOLDS = 3
_BY_LEVEL = {"kaplan_meier": ("kaplan_meier",), "cox": ("kaplan_meier", "cox"), "stacked": tuple(all_families())}


class NotEnoughReturnsError(Exception):
    """Even Kaplan-Meier by landmarks has too little to go on; the message says what is missing."""


def training_landmarks(as_of_on: date, first_spend_on: date, shortest_days: int = 56) -> list[date]:
    """Landmarks every 4 weeks back from the as-of day, none nearer than `shortest_days` to the first spend; ascending."""
    days = (as_of_on - timedelta(days=LANDMARK_STEP_DAYS * n) for n in range(1, N_LANDMARKS + 1))
    return sorted(day for day in days if (day - first_spend_on).days >= shortest_days)


def sampled_accounts(accounts: pl.Series, n_landmarks: int) -> tuple[pl.Series | None, float]:
    """Accounts to train on, and their share of all: None and 1 where all fit in `MAX_ROWS`. Every account is as likely."""
    share = MAX_ROWS / max(len(accounts) * max(n_landmarks, 1), 1)
    if share >= 1:
        return None, 1.0
    chosen = np.random.default_rng(0).permutation(len(accounts))[: max(int(share * len(accounts)), 1)]
    return accounts.sort()[np.sort(chosen)], round(len(chosen) / len(accounts), 9)


def train_return_model(rows: pl.DataFrame, *, as_of_on: date, horizon_days: int, account_share: float = 1.0) -> ReturnModel:
    """Fit everything on landmark rows (columns of `snapshots.snapshots`).

    `horizon_days` is the one the champion is chosen for; `account_share` the share of accounts the rows were drawn from.
    Raises NotEnoughReturnsError below the lowest level of `sufficiency`.
    """
    rows = learnable(rows)
    enough = enough_for(rows, horizon_days)
    if enough.level == "rules":
        raise NotEnoughReturnsError(enough.reason)
    horizons = _fitted_horizons(rows, horizon_days)
    design = telling(fit_design(rows), rows, horizon_days)
    designed = DesignedRows(rows, design.matrix(rows), horizons)
    families = [all_families()[name] for name in _BY_LEVEL[enough.level]]
    verdict, judged = _choice(designed, horizon_days, families, enough.level)
    fitted, aside = fit_families(designed, families)
    members, unseen = _cross_fitted(designed, [f for f in families if f.name in fitted and _is_member(f.name, verdict)])
    stack = _stack(designed, members, unseen, None if verdict.champion == STACK else verdict.champion)
    seasons, scales = _seasons_and_scales(designed, stack, unseen)
    calibration, bins = _calibration(judged, horizon_days)
    return ReturnModel(
        horizon_days=horizon_days,
        horizons_days=horizons,
        design=design,
        families=fitted,
        stepped_aside=aside,
        verdict=verdict,
        stack=stack,
        seasons=seasons,
        spread_scales=scales,
        training=_training(rows, as_of_on, horizon_days, account_share),
        sufficiency_reason=enough.reason,
        findings=(
            _hazards(design, designed, fitted.get("cox")),
            *check_columns(design, rows, designed.matrix, horizon_days),
            calibration,
        ),
        calibration=bins,
    )


def _hazards(design: Design, rows: DesignedRows, cox: FittedFamily | None) -> Finding:
    if not isinstance(cox, FittedCox):
        return not_judged(HAZARDS, LEAST_FACTOR, "there is no Cox family in this model")
    return check_hazards(design, rows, cox.coefficients)


def _calibration(judged: JudgedRows | None, horizon_days: int) -> tuple[Finding, tuple[StatedBin, ...]]:
    if judged is None:
        return not_judged(CALIBRATION, MOST_MISS, "too few returns to judge chances on later landmarks"), ()
    return check_calibration(judged.frame, judged.prob, horizon_days)


def _fitted_horizons(rows: pl.DataFrame, horizon_days: int) -> tuple[int, ...]:
    """The stored horizons and the configured one, as far as enough labels are seen."""
    wanted = sorted({*HORIZONS_DAYS, horizon_days})
    least = MIN_ACCOUNTS["kaplan_meier"]

    def is_seen(horizon: int) -> bool:
        returned, weights = labels(rows, horizon)
        return bool(min((returned * (weights > 0)).sum(), ((1 - returned) * (weights > 0)).sum()) >= least)

    return tuple(h for h in wanted if is_seen(h))


def _choice(rows: DesignedRows, horizon_days: int, families: list[Family], level: str) -> tuple[Verdict, JudgedRows | None]:
    if level == "kaplan_meier":
        return Verdict("kaplan_meier", (), 0, False), None
    return choose(rows, horizon_days, families, may_stack=level == "stacked")


def _is_member(name: str, verdict: Verdict) -> bool:
    return name in STACKED or name == verdict.champion


def _cross_fitted(rows: DesignedRows, members: list[Family]) -> tuple[tuple[str, ...], Matrix]:
    """Names and log-odds, of accounts not seen (rows x horizons x members), of the members that fit on every fold."""
    folds = account_folds(rows.frame, N_FOLDS)
    by_fold = [fit_families(rows.at(folds != fold), members)[0] for fold in range(N_FOLDS)]
    names = tuple(m.name for m in members if all(m.name in fitted for fitted in by_fold))
    found = np.zeros((rows.frame.height, len(rows.horizons_days), len(names)))
    for fold, fitted in enumerate(by_fold):
        found[folds == fold] = member_log_odds([fitted[name] for name in names], rows.at(folds == fold))
    return names, found


def _stack(rows: DesignedRows, members: tuple[str, ...], unseen: Matrix, champion: str | None) -> Stack:
    outcomes = [labels(rows.frame, h) for h in rows.horizons_days]
    returned, weights = (np.column_stack([o[i] for o in outcomes]) for i in (0, 1))
    return fit_stack(members, unseen, returned, weights, account_folds(rows.frame, rows.frame.height), champion)


def _seasons_and_scales(rows: DesignedRows, stack: Stack, unseen: Matrix) -> tuple[tuple[Seasons, ...], tuple[float, ...]]:
    log_odds, spread = stack.log_odds(unseen), stack.spread(unseen)
    landmarks = rows.frame["as_of_on"].to_list()
    numbered = landmark_numbers(rows.frame)
    seasons, scales = [], []
    for i, horizon in enumerate(rows.horizons_days):
        returned, weights = labels(rows.frame, horizon)
        seasons.append(fit_seasons(landmarks, log_odds[:, i], returned, weights))
        scales.append(spread_scale(log_odds[:, i], spread[:, i], returned, weights, rows.matrix, numbered))
    return tuple(seasons), tuple(scales)


def _training(rows: pl.DataFrame, as_of_on: date, horizon_days: int, account_share: float) -> Training:
    landmarks = sorted(rows["as_of_on"].unique())
    returned, _ = labels(rows, horizon_days)
    return Training(
        as_of_on=as_of_on,
        landmarks=tuple(landmarks),
        seen_until_on=landmarks[-1] + timedelta(days=int(rows.filter(pl.col("as_of_on") == landmarks[-1])["seen_days"][0])),
        n_rows=rows.height,
        n_accounts=rows["account_id"].n_unique(),
        n_returned=int(returned.sum()),
        account_share=account_share,
        data_hash=data_hash(rows),
        longest_silence_days=int(np.asarray(rows["silence_days"].to_numpy()).max()),
    )

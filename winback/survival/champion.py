"""The choice of the champion: every family and the equal stack, judged on later landmarks.

Belongs here: the split by time, the scores, the rule of choice. Does not belong here: the champion's final fit.

The rule: the smallest integrated Brier score on landmarks later than any label the candidates learned from, after each candidate's
mean on each judged landmark was put right: the level of a season has a model of its own (`season`) that all share, and a log of
a year or less would otherwise choose by which candidate's mean the judged season happens to suit. Candidates within two
standard errors of it (paired; between accounts and between landmarks) are tied: the stack wins a tie, since an average errs least
when times change; without it Harrell's concordance decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import polars as pl

from winback.evaluation.censoring import Days, followed_share, integrated_brier_rows
from winback.evaluation.concordance import Concordance
from winback.survival.btyd import Matrix, Vector
from winback.survival.curves import inverse_logit, logit
from winback.survival.families import STACKED, DesignedRows, Family, FamilyStepsAsideError, FittedFamily
from winback.survival.landmark_rows import Flags, account_folds, labels, landmark_numbers
from winback.survival.season import levelled

STACK = "stack"
"""Name of the stack among the candidates."""

CLEAR_ERRORS = 2.0
"""So many standard errors of its score's distance to the best make a candidate worse than it."""

MIN_JUDGED_RETURNS = 50
"""Fewest returns to learn from, and fewest to judge on, for a split by time alone."""

_JUDGED_SHARE = 3
_CURVE_STEP_DAYS = 7
_N_FOLDS = 3


@dataclass(frozen=True)
class Candidate:
    """A candidate's figures on the judged rows: lower integrated Brier scores and higher concordance are better.

    `levelled_brier` is the one the choice goes by (means of landmarks put right), `integrated_brier` the one as it stands;
    `brier_gap_error` the standard error of the levelled score's distance to the best one.
    """

    name: str
    levelled_brier: float
    integrated_brier: float
    concordance: float
    brier_gap_error: float


@dataclass(frozen=True)
class Verdict:
    """The champion, all candidates by levelled Brier score, and on what they were judged.

    `is_overlapping`: the log was too short for labels to end before the first judged landmark, so accounts were split, too.
    """

    champion: str
    candidates: tuple[Candidate, ...]
    n_judged: int
    is_overlapping: bool


@dataclass(frozen=True)
class JudgedRows:
    """The judged rows and the champion's chance of a return within the horizon on each, as it stood: no weights, no season."""

    frame: pl.DataFrame
    prob: Vector


@dataclass(frozen=True)
class Split:
    """Rows to learn from and rows to judge on."""

    learned: np.ndarray[tuple[int], np.dtype[np.bool_]]
    judged: np.ndarray[tuple[int], np.dtype[np.bool_]]
    is_overlapping: bool


def fit_families(rows: DesignedRows, families: list[Family]) -> tuple[dict[str, FittedFamily], dict[str, str]]:
    """Those that fit, and for each that steps aside why."""
    fitted, aside = {}, {}
    for family in families:
        try:
            fitted[family.name] = family.fit(rows)
        except FamilyStepsAsideError as reason:
            aside[family.name] = str(reason)
    return fitted, aside


def split_by_time(frame: pl.DataFrame, horizon_days: int) -> Split:
    """The last third of landmarks whose labels are seen are judged; what ended before the first of them is learned from.

    Where that leaves too few returns, a third of the accounts is judged on the later landmarks by the others' earlier ones.
    """
    days, seen = frame["as_of_on"], (frame["seen_days"] >= horizon_days).to_numpy()
    landmarks = sorted(days.filter(pl.Series(seen)).unique())
    first_judged = landmarks[len(landmarks) - max(len(landmarks) // _JUDGED_SHARE, 1)]
    judged = seen & (days >= first_judged).to_numpy()
    learned = (days <= first_judged - timedelta(days=horizon_days)).to_numpy()
    returned, weights = labels(frame, horizon_days)
    counts = [int((returned * (weights > 0))[rows].sum()) for rows in (learned, judged)]
    if min(counts) >= MIN_JUDGED_RETURNS:
        return Split(learned, judged, False)
    is_other = account_folds(frame, _N_FOLDS) == 0
    return Split((days < first_judged).to_numpy() & ~is_other, judged & is_other, True)


def choose(rows: DesignedRows, horizon_days: int, families: list[Family], *, may_stack: bool) -> tuple[Verdict, JudgedRows]:
    """Judge the families (and the equal stack of `STACKED`) and choose."""
    split = split_by_time(rows.frame, horizon_days)
    learned = _as_then_seen(rows, split, horizon_days)
    fitted, _ = fit_families(learned, families)
    judged = rows.at(split.judged)
    grid = np.append(np.arange(_CURVE_STEP_DAYS, horizon_days, _CURVE_STEP_DAYS), horizon_days)
    curves = {name: model.return_probs(judged, grid.astype(np.float64)) for name, model in fitted.items()}
    members = [curves[m] for m in STACKED if m in curves]
    if may_stack and len(members) > 1:
        curves[STACK] = inverse_logit(np.mean([logit(c) for c in members], axis=0))
    candidates = _judge(judged.frame, curves, grid)
    best = candidates[0]
    tied = [c for c in candidates if c.levelled_brier - best.levelled_brier <= CLEAR_ERRORS * c.brier_gap_error]
    champion = max(tied, key=lambda c: (c.name == STACK, c.concordance))
    verdict = Verdict(champion.name, candidates, judged.frame.height, split.is_overlapping)
    return verdict, JudgedRows(judged.frame, curves[champion.name][:, -1])


def _as_then_seen(rows: DesignedRows, split: Split, horizon_days: int) -> DesignedRows:
    """The learned rows as they stood on the first judged landmark; with overlap as they stand now."""
    learned = rows.at(split.learned)
    if split.is_overlapping:
        return DesignedRows(learned.frame, learned.matrix, (horizon_days,))
    first_judged = rows.frame.filter(pl.Series(split.judged))["as_of_on"].min()
    then = (pl.lit(first_judged) - pl.col("as_of_on")).dt.total_days()
    frame = learned.frame.with_columns(
        has_returned=pl.col("has_returned") & (pl.col("time_days") <= then),
        time_days=pl.min_horizontal("time_days", then),
        seen_days=pl.min_horizontal("seen_days", then),
    )
    return DesignedRows(frame, learned.matrix, (horizon_days,))


def _judge(frame: pl.DataFrame, curves: dict[str, Matrix], grid: Days) -> tuple[Candidate, ...]:
    time, returned = frame["time_days"].to_numpy(), frame["has_returned"].to_numpy()
    followed = followed_share(time, returned)
    is_return, weights = labels(frame, int(grid[-1]))
    level = {n: levelled(landmark_numbers(frame), logit(c), is_return, weights) for n, c in curves.items()}
    rows = {n: integrated_brier_rows(time, returned, inverse_logit(o), grid, followed) for n, o in level.items()}
    best = min(rows, key=lambda name: (float(rows[name].mean()), name))
    accounts, landmarks = account_folds(frame, frame.height), landmark_numbers(frame)
    found = [
        Candidate(
            name,
            round(float(of_row.mean()), 9),
            round(float(integrated_brier_rows(time, returned, curves[name], grid, followed).mean()), 9),
            round(_concordance(time, returned, curves[name][:, -1], followed), 9),
            round(_clustered_error(of_row - rows[best], accounts, landmarks), 9),
        )
        for name, of_row in rows.items()
    ]
    return tuple(sorted(found, key=lambda c: (c.levelled_brier, c.name)))


def _clustered_error(gap: Vector, accounts: Days, landmarks: Days) -> float:
    """Standard error of the mean gap: rows of an account go together, and so do those of a landmark."""
    by_account = np.bincount(accounts, weights=gap - gap.mean())
    by_landmark = np.bincount(landmarks, weights=gap - gap.mean())
    return float(np.sqrt((by_account**2).sum() + (by_landmark**2).sum()) / len(gap))


def _concordance(time: Days, returned: Flags, risk: Vector, followed: Vector) -> float:
    measured = Concordance(time, returned, risk, followed).measure(np.ones((1, len(time))))
    return float(measured["harrell_c"][0])

"""The choice of the champion: every family judged on later landmarks.

Belongs here: the split by time, the scores, the rule of choice. Does not belong here: the champion's final fit.

The rule: the smallest Brier score on landmarks later than any label the families learned from. A richer family takes the place of
a simpler one only where it is better by more than one standard error of the paired difference (Breiman et al., 1984), clustered
by account and by landmark.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np

from winback.at_risk.families import MIN_ACCOUNTS, Family, LapseRows
from winback.evaluation.calibration import Calibration, CalibrationBin, calibration_bins
from winback.evaluation.ranking import Ranking
from winback.survival.btyd import Vector
from winback.survival.curves import inverse_logit
from winback.survival.landmark_rows import account_folds, landmark_numbers

MIN_JUDGED_LAPSES = 50
"""Fewest lapses to learn from, and fewest to judge on, for a split by time alone."""

_JUDGED_SHARE = 3
_N_FOLDS = 3
_DIGITS = 9

Mask = np.ndarray[Any, np.dtype[np.bool_]]


@dataclass(frozen=True)
class Candidate:
    """A family's figures on the judged rows. `brier_difference` is its Brier score less the champion's, with its standard error;
    `brier_skill` compares with the base rate of the judged rows; `ece` is over ten bins of equal width."""

    family: str
    brier: float
    brier_difference: float
    brier_difference_error: float
    brier_skill: float
    roc_auc: float
    ece: float


@dataclass(frozen=True)
class Verdict:
    """The champion, all candidates from the simplest to the richest, and on what they were judged.

    `bins` are the champion's chances beside the shares that lapsed.
    `is_overlapping`: the log was too short for labels to end before the first judged landmark, so accounts were split, too.
    """

    champion: str
    candidates: tuple[Candidate, ...]
    bins: tuple[CalibrationBin, ...]
    n_judged: int
    is_overlapping: bool


@dataclass(frozen=True)
class Split:
    """Rows to learn from and rows to judge on."""

    learned: Mask
    judged: Mask
    is_overlapping: bool


def split_by_time(rows: LapseRows, horizon_days: int) -> Split:
    """The last third of landmarks with known labels is judged; what ended before the first of them is learned from.

    Where that leaves too few lapses, a third of the accounts is judged on the later landmarks by the others' rows.
    """
    days, known = rows.frame["as_of_on"], rows.weights > 0
    landmarks = sorted(days.filter(known).unique())
    first_judged = landmarks[len(landmarks) - max(len(landmarks) // _JUDGED_SHARE, 1)]
    judged = known & (days >= first_judged).to_numpy()
    learned = known & (days <= first_judged - timedelta(days=horizon_days)).to_numpy()
    if min(_fewest(rows, learned), _fewest(rows, judged)) >= MIN_JUDGED_LAPSES:
        return Split(learned, judged, False)
    is_other = account_folds(rows.frame, _N_FOLDS) == 0
    return Split(known & ~is_other, judged & is_other, True)


def choose(rows: LapseRows, horizon_days: int, families: list[Family]) -> Verdict:
    """Judge the families, given from the simplest to the richest, and choose; the first one where nothing can be judged."""
    split = split_by_time(rows, horizon_days)
    learned, judged = rows.at(split.learned), rows.at(split.judged)
    if min(_fewest(learned), _fewest(judged)) == 0:
        return Verdict(families[0].name, (), (), 0, split.is_overlapping)
    odds = {f.name: f.fit(learned).log_odds(judged.frame, judged.matrix) for f in families}
    errors = {name: judged.weights * (inverse_logit(o) - judged.lapsed) ** 2 for name, o in odds.items()}
    champion = families[0].name
    for challenger in list(odds)[1:]:
        gain, error = _paired(errors[champion] - errors[challenger], judged)
        if gain > error:
            champion = challenger
    probs = {name: inverse_logit(o) for name, o in odds.items()}
    candidates = tuple(_candidate(name, prob, errors, champion, judged) for name, prob in probs.items())
    bins = tuple(calibration_bins(judged.lapsed > 0, probs[champion], judged.weights))
    return Verdict(champion, candidates, bins, judged.frame.height, split.is_overlapping)


def judge(prob: Vector, rows: LapseRows) -> dict[str, float]:
    """`brier`, `brier_skill`, `ece` and `roc_auc` of chances on rows with known labels."""
    is_lapse, weights = rows.lapsed > 0, rows.weights[None, :]
    measured = Calibration(is_lapse, prob).measure(weights) | Ranking(is_lapse, prob).measure(weights)
    return {name: round(float(measured[name][0]), _DIGITS) for name in ("brier", "brier_skill", "ece", "roc_auc")}


def _candidate(name: str, prob: Vector, errors: dict[str, Vector], champion: str, judged: LapseRows) -> Candidate:
    difference, error = _paired(errors[name] - errors[champion], judged)
    return Candidate(
        family=name,
        brier_difference=round(difference, _DIGITS),
        brier_difference_error=round(error, _DIGITS),
        **judge(prob, judged),
    )


def _fewest(rows: LapseRows, chosen: Mask | None = None) -> int:
    """Lapsed rows or kept ones among the chosen, whichever are fewer."""
    lapsed = rows.lapsed[rows.weights > 0] if chosen is None else rows.lapsed[chosen]
    return int(min(lapsed.sum(), len(lapsed) - lapsed.sum()))


def _paired(gap: Vector, rows: LapseRows) -> tuple[float, float]:
    """Weighted mean of row differences and its standard error: rows of an account go together, and so do those of a landmark."""
    total = rows.weights.sum()
    mean = float(gap.sum() / total)
    excess = gap - mean * rows.weights
    accounts, landmarks = account_folds(rows.frame, rows.frame.height), landmark_numbers(rows.frame)
    squares = sum(float((np.bincount(of, weights=excess) ** 2).sum()) for of in (accounts, landmarks))
    return mean, float(np.sqrt(squares) / total)


def enough_for(rows: LapseRows, horizon_days: int) -> tuple[str | None, str]:
    """The richest family that the rows are enough for (None: not even learned rules), and why no richer one, in words."""
    known = rows.weights > 0
    accounts = rows.frame["account_id"].filter(known)
    n_lapsed, n_kept = (accounts.filter(rows.lapsed[known] == flag).n_unique() for flag in (1, 0))
    found = None
    for family, least in MIN_ACCOUNTS.items():
        if min(n_lapsed, n_kept) < least:
            return found, (
                f"level {family} wants {least} accounts that lapsed within {horizon_days} days and as many that did not; "
                f"there are {n_lapsed} and {n_kept}"
            )
        found = family
    return found, f"{n_lapsed} accounts lapsed within {horizon_days} days, {n_kept} did not"

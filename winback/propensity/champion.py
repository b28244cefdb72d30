"""The choice of the champion: every family judged on contacts later than any it learned from.

Belongs here: out-of-time predictions, the figures, the rule of choice. Does not belong here: the champion's final fit.

The rule: the logistic regression. It starts from the chance if left alone, and its ridge keeps it there until contacts say more.
Another family takes its place only where its Brier score is smaller and its log loss is so by more than one standard error of the
paired difference, clustered by account (Breiman et al., 1984): a few dozen returns cannot tell families apart, and a family that
happens to win on them ranks worse in the weeks after.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from winback.evaluation.calibration import Calibration, CalibrationBin, calibration_bins
from winback.evaluation.ranking import Ranking
from winback.propensity.families import LOGISTIC, Family, TouchRows
from winback.propensity.time_blocks import Splits, time_splits
from winback.survival.btyd import Vector
from winback.survival.curves import inverse_logit

_DIGITS = 9
FIGURES = ("log_loss", "brier", "roc_auc", "pr_auc", "ece", "lift")
"""What a family is told by; `lift` is that of the tenth of contacts with the highest chance."""


@dataclass(frozen=True)
class Candidate:
    """A family's figures on the judged rows; `log_loss_difference` is its log loss less the champion's, with its error."""

    family: str
    log_loss: float
    brier: float
    roc_auc: float
    pr_auc: float
    ece: float
    lift: float
    log_loss_difference: float
    log_loss_difference_error: float


@dataclass(frozen=True)
class Verdict:
    """The champion, all candidates from the simplest to the richest, on what they were judged, and the champion's calibration."""

    champion: str
    candidates: tuple[Candidate, ...]
    bins: tuple[CalibrationBin, ...]
    n_judged: int
    is_overlapping: bool


@dataclass(frozen=True)
class Unseen:
    """Judged rows with each family's log-odds by models that had not seen them."""

    rows: TouchRows
    log_odds: dict[str, Vector]
    is_overlapping: bool


def unseen_log_odds(rows: TouchRows, horizon_days: int, families: list[Family]) -> Unseen:
    """Every family's log-odds of the rows that `time_splits` judges, each by what was settled before its block."""
    splits: Splits = time_splits(rows, horizon_days)
    found = {f.name: np.full(len(rows.returned), np.nan) for f in families}
    is_judged = np.zeros(len(rows.returned), dtype=np.bool_)
    for split in splits.parts:
        learned, is_judged = rows.at(split.learned), is_judged | split.judged
        for family in families:
            found[family.name][split.judged] = family.fit(learned).log_odds(rows.inputs.at(split.judged))
    odds = {name: values[is_judged] for name, values in found.items()}
    return Unseen(rows.at(is_judged), odds, splits.is_overlapping)


def choose(unseen: Unseen) -> Verdict:
    """Judge the families, given from the simplest to the richest."""
    returned, accounts = unseen.rows.returned, unseen.rows.accounts
    losses = {name: np.logaddexp(0, odds) - returned * odds for name, odds in unseen.log_odds.items()}
    probs = {name: inverse_logit(odds) for name, odds in unseen.log_odds.items()}
    names = list(losses)
    champion = LOGISTIC
    for challenger in names:
        gain, error = paired(losses[champion] - losses[challenger], accounts)
        if gain > error and _brier(probs[challenger], returned) < _brier(probs[champion], returned):
            champion = challenger
    candidates = tuple(_candidate(n, probs[n], losses[n] - losses[champion], unseen.rows) for n in names)
    bins = tuple(calibration_bins(returned > 0, probs[champion], np.ones(len(returned))))
    return Verdict(champion, candidates, bins, len(returned), unseen.is_overlapping)


def judge(prob: Vector, returned: Vector) -> dict[str, float]:
    """`FIGURES` of chances on rows with known outcome."""
    one, clipped = np.ones((1, len(prob))), np.clip(prob, 1e-12, 1 - 1e-12)
    measured = Calibration(returned > 0, prob).measure(one) | Ranking(returned > 0, prob).measure(one)
    found = {name: float(values[0]) for name, values in measured.items()}
    found["lift"] = found["top_decile_lift"]
    found["log_loss"] = float(-(returned * np.log(clipped) + (1 - returned) * np.log(1 - clipped)).mean())
    return {name: round(found[name], _DIGITS) for name in FIGURES}


def paired(gap: Vector, accounts: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> tuple[float, float]:
    """Mean of row differences and its standard error, rows of an account together."""
    mean = float(gap.mean())
    sums = np.bincount(accounts, weights=gap - mean)
    return mean, float(np.sqrt((sums**2).sum()) / len(gap))


def _brier(prob: Vector, returned: Vector) -> float:
    return float(((prob - returned) ** 2).mean())


def _candidate(name: str, prob: Vector, gap: Vector, rows: TouchRows) -> Candidate:
    difference, error = paired(gap, rows.accounts)
    return Candidate(
        family=name,
        log_loss_difference=round(difference, _DIGITS),
        log_loss_difference_error=round(error, _DIGITS),
        **judge(prob, rows.returned),
    )

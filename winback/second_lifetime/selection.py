"""Which family tells durations: tried on accounts it was not fitted on, never in sample.

Belongs here: the ladder with its minimum numbers, cross-fitting, the champion and the reason in words. Does not belong here:
the families themselves (`curves`, `accelerated`).
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from winback.second_lifetime.accelerated import AftDurations, NotConvergedError, fit_aft, fit_boosted
from winback.second_lifetime.brier import row_brier, score_days
from winback.second_lifetime.curves import CurveDurations, fit_curves

Vector = npt.NDArray[np.float64]
Durations = CurveDurations | AftDurations

MIN_ENDED = {
    "kaplan_meier_pooled": 20,
    "kaplan_meier_group": 60,
    "weibull": 100,
    "log_normal": 100,
    "boosted_trees": 500,
}
"""Fewest ended second lifetimes from which each family is tried: ten an estimated quantity, more where trees choose splits."""

LEVEL = {
    "kaplan_meier_pooled": "kaplan_meier",
    "kaplan_meier_group": "kaplan_meier",
    "weibull": "aft",
    "log_normal": "aft",
    "boosted_trees": "boosted_trees",
}
"""Step of the ladder each family stands on."""

N_FOLDS = 5

N_ERRORS_BETTER = {"kaplan_meier": 1.0, "aft": 0.0, "boosted_trees": 2.0}
"""Standard errors by which a step must be better than the one before it. A regression has no more to estimate than curves by
group have, so the better score decides; trees choose what they estimate, and a narrow win of theirs does not hold over time."""


@dataclass(frozen=True)
class Trial:
    """One family's cross-fitted figures. `difference` is its integrated Brier score less the champion's, `error` that
    difference's standard error, clustered by account; figures of a family that was not tried are None."""

    family: str
    is_champion: bool
    integrated_brier: float | None
    difference: float | None
    error: float | None
    concordance: float | None
    reason: str


@dataclass(frozen=True)
class Choice:
    """The champion fitted on all rows, every family's trial, and the families tried, fitted on all rows."""

    champion: Durations
    trials: tuple[Trial, ...]
    fitted: dict[str, Durations]


def choose_durations(frame: pl.DataFrame, last_day: int) -> Choice | None:
    """Try the families that have enough ended lifetimes and take the best one; None where not even a curve can be drawn.

    `frame` has the columns of `core_second_lifetimes`, durations positive, in a total order. A step takes the place of
    the one before it only where it is better by `N_ERRORS_BETTER` standard errors of the paired difference.
    """
    n_ended = int(frame["is_ended"].sum())
    tried = [family for family, least in MIN_ENDED.items() if n_ended >= least]
    if not tried:
        return None
    fitted = fit_families(frame, tried, last_day)
    parts = _crossfit(frame, list(fitted), last_day)
    champion = _best(parts, frame)
    trials = tuple(_trial(family, champion, parts, frame, n_ended) for family in MIN_ENDED)
    return Choice(fitted[champion], trials, fitted)


def fit_families(frame: pl.DataFrame, families: list[str], last_day: int) -> dict[str, Durations]:
    """The families asked for, fitted on `frame`. One that does not converge is left out, and so are trees without any
    parametric family with facts to start from."""
    fits: dict[str, Callable[[], Durations]] = {
        "kaplan_meier_pooled": lambda: fit_curves(frame, last_day, is_grouped=False),
        "kaplan_meier_group": lambda: fit_curves(frame, last_day, is_grouped=True),
        "weibull": lambda: fit_aft(frame, "weibull"),
        "log_normal": lambda: fit_aft(frame, "log_normal"),
    }
    fitted = {}
    for family in (f for f in families if f in fits):
        with contextlib.suppress(NotConvergedError):  # its trial says so
            fitted[family] = fits[family]()
    base = _base_of_trees(fitted, frame) if "boosted_trees" in families else None
    return fitted | ({"boosted_trees": fit_boosted(frame, base)} if base else {})


def _base_of_trees(fitted: dict[str, Durations], frame: pl.DataFrame) -> AftDurations | None:
    """The parametric family with the smaller integrated Brier score on the rows it was fitted on."""
    bases = [m for m in fitted.values() if isinstance(m, AftDurations) and m.features]
    durations, is_ended = _seen(frame)
    days = score_days(durations, is_ended)
    scores = [float(row_brier(m.survival(frame, days), days, durations, is_ended).mean()) for m in bases]
    return bases[int(np.argmin(scores))] if bases else None


@dataclass(frozen=True)
class _Part:
    """A family's out-of-fold survival: each row's part of the score, and how long it was predicted to last."""

    brier: Vector
    predicted_days: Vector


def _crossfit(frame: pl.DataFrame, families: list[str], last_day: int) -> dict[str, _Part]:
    durations, is_ended = _seen(frame)
    days = score_days(durations, is_ended)
    fold = ((frame["account_id"].rank("dense") - 1) % N_FOLDS).to_numpy()
    survival = {family: np.full((frame.height, len(days)), np.nan) for family in families}
    for k in np.unique(fold):
        is_out = fold == k
        rest = frame.filter(~is_out) if (~is_out).any() else frame
        for family, model in fit_families(rest, families, last_day).items():
            survival[family][is_out] = model.survival(frame.filter(is_out), days)
    whole = {family: s for family, s in survival.items() if not np.isnan(s).any()}
    return {f: _Part(row_brier(s, days, durations, is_ended), s.sum(axis=1)) for f, s in whole.items()}


def _best(parts: dict[str, _Part], frame: pl.DataFrame) -> str:
    champion = "kaplan_meier_pooled"
    steps = [["kaplan_meier_group"], ["weibull", "log_normal"], ["boosted_trees"]]
    for step in steps:
        here = [family for family in step if family in parts]
        if not here:
            continue
        challenger = min(here, key=lambda family: float(parts[family].brier.mean()))
        gain, error = _paired(parts[champion].brier - parts[challenger].brier, frame)
        if gain > N_ERRORS_BETTER[LEVEL[challenger]] * error:
            champion = challenger
    return champion


def _paired(differences: Vector, frame: pl.DataFrame) -> tuple[float, float]:
    """Mean of row differences and its standard error, the rows of an account taken together."""
    mean = float(differences.mean())
    sums = (
        pl.DataFrame({"account_id": frame["account_id"], "excess": differences - mean})
        .group_by("account_id", maintain_order=True)
        .agg(pl.col("excess").sum())["excess"]
        .to_numpy()
    )
    return mean, float(np.sqrt((sums**2).sum()) / len(differences))


def _trial(family: str, champion: str, parts: dict[str, _Part], frame: pl.DataFrame, n_ended: int) -> Trial:
    if family not in parts:
        reason = f"Not tried: {n_ended} second lifetimes have ended, {MIN_ENDED[family]} are needed."
        if n_ended >= MIN_ENDED[family]:
            reason = "Tried, but the fit did not converge, on all lifetimes or on a part of them."
        return Trial(family, False, None, None, None, None, reason)
    from lifelines.utils import concordance_index

    durations, is_ended = _seen(frame)
    difference, error = _paired(parts[family].brier - parts[champion].brier, frame)
    concordance = float(concordance_index(durations, np.round(parts[family].predicted_days, 9), is_ended))
    if family == champion:
        reason = "Chosen: better than the simpler families, and no richer one is clearly better."
    else:
        reason = "Beaten, or not clearly better than a simpler family."
    return Trial(family, family == champion, float(parts[family].brier.mean()), difference, error, concordance, reason)


def _seen(frame: pl.DataFrame) -> tuple[Vector, npt.NDArray[np.bool_]]:
    return frame["duration_days"].to_numpy().astype(np.float64), frame["is_ended"].to_numpy()

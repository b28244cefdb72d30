"""The model of second lifetimes: what is fitted once and scored from until it is fitted anew.

Belongs here: fitting on `core_second_lifetimes` and the model's own account of itself. Does not belong here: its file
(`model_file`), scoring (`score`).

Sources: Thomas, Blattberg & Fox (2004), Recapturing Lost Customers; Kumar, Bhagwat & Zhang (2015), Regaining "Lost"
Customers; Stauss & Friege (1999), Regaining Service Customers.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl

from winback.second_lifetime.curves import longest_observed_days
from winback.second_lifetime.facts import FEATURES
from winback.second_lifetime.selection import LEVEL, MIN_ENDED, Choice, Durations, Trial, choose_durations
from winback.second_lifetime.spend_rate import SpendRate, fit_spend_rate

FIT_MAX_ROWS = 50_000
"""Most second lifetimes a fit uses; past it every so-many-th account is taken, which keeps each account whole."""

N_PICTURE_DAYS = 60
"""Days on which each family's mean survival is kept for people to look at."""


@dataclass(frozen=True)
class SecondLifetimeModel:
    """Durations and spend a day after a return, as known in the week `as_of_on`.

    `longest_days` is the longest duration that counts as observed; nothing is claimed past it. `durations` and `rate` are
    None on the level 'rules' (too few lifetimes have ended). `pictured` holds days and each family's mean survival on them.
    """

    as_of_on: date
    features: tuple[str, ...]
    first_return_on: date | None
    last_return_on: date | None
    data_hash: str
    n_lifetimes: int
    n_ended: int
    level: str
    reason: str
    longest_days: int
    durations: Durations | None
    rate: SpendRate | None
    trials: tuple[Trial, ...]
    pictured: dict[str, tuple[float, ...]]


def fit_second_lifetime(lifetimes: pl.DataFrame, *, as_of_on: date) -> SecondLifetimeModel:
    """Fit on rows of `core_second_lifetimes`. Lifetimes that could not be followed for a day tell nothing and are left out."""
    frame = _sample(lifetimes.filter(pl.col("duration_days") > 0).sort("account_id", "spell_no"))
    n_ended = int(frame["is_ended"].sum())
    durations = frame["duration_days"].to_numpy().astype(np.float64)
    longest = longest_observed_days(durations) if frame.height else 0
    choice = choose_durations(frame, longest) if _can_tell_spend(frame) else None
    return SecondLifetimeModel(
        as_of_on=as_of_on,
        features=FEATURES,
        first_return_on=_day(frame["returned_on"].min()),
        last_return_on=_day(frame["returned_on"].max()),
        data_hash=_hash(frame),
        n_lifetimes=frame.height,
        n_ended=n_ended,
        level=LEVEL[choice.champion.family] if choice else "rules",
        reason=_reason(choice, frame, n_ended),
        longest_days=longest,
        durations=choice.champion if choice else None,
        rate=fit_spend_rate(frame) if choice else None,
        trials=choice.trials if choice else (),
        pictured=_pictured(choice, frame, longest) if choice else {},
    )


def trial_table(model: SecondLifetimeModel) -> pl.DataFrame:
    """Rows of `model_second_lifetime`: every family with its cross-fitted figures, Kaplan-Meier and AFT always among them."""
    by_family = {trial.family: trial for trial in model.trials}
    rows = [by_family.get(f, Trial(f, False, None, None, None, None, model.reason)) for f in MIN_ENDED]
    return pl.DataFrame(
        {
            "as_of_on": [model.as_of_on] * len(rows),
            "family": [t.family for t in rows],
            "model_level": [LEVEL[t.family] for t in rows],
            "is_champion": [t.is_champion for t in rows],
            "n_lifetimes": [model.n_lifetimes] * len(rows),
            "n_ended": [model.n_ended] * len(rows),
            "integrated_brier": _rounded([t.integrated_brier for t in rows]),
            "brier_difference": _rounded([t.difference for t in rows]),
            "brier_difference_error": _rounded([t.error for t in rows]),
            "concordance": _rounded([t.concordance for t in rows]),
            "level_reason": [t.reason for t in rows],
        },
        schema_overrides={"n_lifetimes": pl.Int64, "n_ended": pl.Int64},
    )


def _rounded(values: list[float | None]) -> pl.Series:
    return pl.Series(values, dtype=pl.Float64).round(6)


def _sample(frame: pl.DataFrame) -> pl.DataFrame:
    every = -(-frame.height // FIT_MAX_ROWS)
    return frame.filter((pl.col("account_id").rank("dense") - 1) % every == 0) if every > 1 else frame


def _can_tell_spend(frame: pl.DataFrame) -> bool:
    told = frame.filter((pl.col("first_daily_amount") > 0) & (pl.col("spend_amount") > 0))
    return told.height >= MIN_ENDED["kaplan_meier_pooled"]


def _reason(choice: Choice | None, frame: pl.DataFrame, n_ended: int) -> str:
    least = MIN_ENDED["kaplan_meier_pooled"]
    if choice:
        return next(trial.reason for trial in choice.trials if trial.is_champion)
    if n_ended < least:
        return (
            f"No figure: of {frame.height} second lifetimes {n_ended} have ended, and {least} are needed. "
            "More weeks of spend, or an import of older history, will bring them."
        )
    return f"No figure: fewer than {least} second lifetimes have spend both before the lapse and after the return."


def _pictured(choice: Choice, frame: pl.DataFrame, longest: int) -> dict[str, tuple[float, ...]]:
    days = np.unique(np.linspace(0, longest, N_PICTURE_DAYS).round())
    means = {f: tuple(m.survival(frame, days).mean(axis=0).round(6).tolist()) for f, m in choice.fitted.items()}
    return {"days": tuple(days.tolist())} | means


def _hash(frame: pl.DataFrame) -> str:
    return hashlib.sha256(frame.select(sorted(frame.columns)).write_csv().encode()).hexdigest()


def _day(value: object) -> date | None:
    return value if isinstance(value, date) else None

"""Scores of time to return: chances of every lapsed account at every stored horizon, and its timing.

Belongs here: the rows handed on from a fitted model. Does not belong here: fitting, tables by cycle group (`return_time`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Self

import numpy as np
import numpy.typing as npt
import polars as pl

from winback.survival.btyd import Matrix
from winback.survival.curves import best_by_days, later_chances, median_days
from winback.survival.family_boosted import N_AT_ONCE
from winback.survival.intervals import METHOD
from winback.survival.return_model import Judged, ReturnModel
from winback.survival.return_time import HORIZONS_DAYS

WEEK_DAYS = 7

MEDIAN_WITHIN_DAYS = 728
"""A median beyond two years is no date to plan by and is left out."""

_ROWS_AT_ONCE = 20_000
_DIGITS = 6


@dataclass(frozen=True)
class ReturnScores:
    """`chances`: a row per account and horizon (account_id, as_of_on, horizon_days, prob, low, high, model_level,
    interval_method, usage_warning). `timing`: a row per account (account_id, as_of_on, prob, week_on_prob, best_by_days,
    median_days, never_prob), chances within the configured horizon today and, still silent, a week on; `median_days` is null
    where the curve stays above a half for two years, `never_prob` where no model tells never from not yet.
    """

    chances: pl.DataFrame
    timing: pl.DataFrame


def score_returns(model: ReturnModel, frame: pl.DataFrame) -> ReturnScores:
    """Score feature rows (columns of `snapshots.feature_rows`) of lapsed accounts; sorted by account."""
    frame = frame.sort("account_id")
    slices = list(frame.iter_slices(_ROWS_AT_ONCE)) or [frame]
    with ThreadPoolExecutor(N_AT_ONCE) as pool:
        parts = list(pool.map(partial(_scored, model), slices))
    chances, timing = (pl.concat(tables) for tables in zip(*parts, strict=True))
    return ReturnScores(chances, timing)


def score_parts(model: ReturnModel, parts: Iterable[pl.DataFrame]) -> ReturnScores:
    """`score_returns` of feature rows that come in parts of accounts, one part in memory at a time."""
    found = [score_returns(model, part) for part in parts]
    return ReturnScores(pl.concat([scores.chances for scores in found]), pl.concat([scores.timing for scores in found]))


@dataclass(frozen=True)
class _Curve:
    """Chances of return on days 0 ... twice the horizon and on the few later ones that are asked for, read off the model once."""

    days: npt.NDArray[np.int64]
    probs: Matrix

    @classmethod
    def of(cls, model: ReturnModel, judged: Judged) -> Self:
        """Of every row judged."""
        daily = range(2 * model.horizon_days + 1)
        days = np.array(sorted({*daily, *HORIZONS_DAYS, *model.horizons_days, MEDIAN_WITHIN_DAYS}))
        return cls(days, judged.return_probs(days.astype(np.float64)))

    def at(self, days: Sequence[int]) -> Matrix:
        """Rows x days."""
        return np.asarray(self.probs[:, np.searchsorted(self.days, days)])


def _scored(model: ReturnModel, frame: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    judged = model.judge(frame)
    curve = _Curve.of(model, judged)
    return _chances(model, judged, curve), _timing(model, judged, curve)


def _chances(model: ReturnModel, judged: Judged, curve: _Curve) -> pl.DataFrame:
    """A row per account and horizon, in the order of both."""
    frame = judged.rows.frame
    horizons = sorted({*HORIZONS_DAYS, model.horizon_days})
    probs = np.round(curve.at(horizons), _DIGITS)
    low, high = _stretched(model, judged, curve, probs)
    return frame.select("account_id", "as_of_on")[np.repeat(np.arange(frame.height), len(horizons))].with_columns(
        horizon_days=pl.Series(np.tile(horizons, frame.height), dtype=pl.Int64),
        prob=pl.Series(probs.ravel()),
        low=pl.Series(low.ravel()),
        high=pl.Series(high.ravel()),
        model_level=pl.lit(model.level),
        interval_method=pl.lit(METHOD),
        usage_warning=_warnings(model, frame, horizons),
    )


def _stretched(model: ReturnModel, judged: Judged, curve: _Curve, probs: Matrix) -> tuple[Matrix, Matrix]:
    """Intervals at all horizons: beyond the last fitted one its widths on either side are kept."""
    low, high = judged.intervals()
    horizons = sorted({*HORIZONS_DAYS, model.horizon_days})
    at = np.minimum(np.searchsorted(model.horizons_days, horizons), len(model.horizons_days) - 1)
    fitted = curve.at(model.horizons_days)
    below, above = np.maximum(fitted - low, 0)[:, at], np.maximum(high - fitted, 0)[:, at]
    ends = (np.clip(probs - below, 0, probs), np.clip(probs + above, probs, 1))
    return np.asarray(np.round(ends[0], _DIGITS)), np.asarray(np.round(ends[1], _DIGITS))


def _warnings(model: ReturnModel, frame: pl.DataFrame, horizons: Sequence[int]) -> pl.Expr:
    of_model = ["small_sample"] if model.level in {"kaplan_meier", "cox"} else []
    is_beyond_silence = (frame["silence_days"] > model.training.longest_silence_days).fill_null(False).to_numpy()
    is_beyond = is_beyond_silence[:, None] | (np.array(horizons) > model.horizons_days[-1])
    inside, beyond = (";".join(words) or None for words in (of_model, [*of_model, "extrapolated"]))
    return pl.when(pl.Series(is_beyond.ravel())).then(pl.lit(beyond)).otherwise(pl.lit(inside, dtype=pl.String))


def _timing(model: ReturnModel, judged: Judged, curve: _Curve) -> pl.DataFrame:
    frame, horizon = judged.rows.frame, model.horizon_days
    later = later_chances(curve.at(range(2 * horizon + 1)), horizon)
    medians = _medians(judged, curve)
    never = judged.never_probs()
    return frame.select("account_id", "as_of_on").with_columns(
        prob=pl.Series(np.round(later[:, 0], _DIGITS)),
        week_on_prob=pl.Series(np.round(later[:, min(WEEK_DAYS, horizon)], _DIGITS)),
        best_by_days=pl.Series(best_by_days(later)),
        median_days=pl.select(pl.when(medians >= 0).then(medians)).to_series(),
        never_prob=pl.lit(None, dtype=pl.Float64) if never is None else pl.Series(np.round(never, _DIGITS)),
    )


def _medians(judged: Judged, curve: _Curve) -> pl.Series:
    """Median days, -1 without one; only those who have one within reach need their curve day by day."""
    has_median = curve.at([MEDIAN_WITHIN_DAYS])[:, 0] >= 0.5
    found = np.full(len(has_median), -1, dtype=np.int64)
    if has_median.any():
        days = np.arange(MEDIAN_WITHIN_DAYS + 1, dtype=np.float64)
        found[has_median] = median_days(judged.at(has_median).return_probs(days))
    return pl.Series(found)

"""The Kaplan-Meier curve of gaps between purchases, and conditional chances read off it.

Belongs here: S(t) of gaps by day, P(return within h | silent for s) with its interval, and the day until which a chance
holds. Does not belong here: grouping accounts, thresholds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

Z_80 = 1.2815515655446004
"""Standard normal quantile of a two-sided 80 % interval."""

MIN_AT_RISK = 10
"""Fewest gaps still at risk at which a chance is read off a curve."""

MIN_RETURNS = 20
"""Fewest returns from which a group gets a curve of its own."""

BEST_BY_SHARE = 0.8
"""The best-by day is the last on which the chance is at least this share of today's."""

Vector = npt.NDArray[np.float64]


@dataclass(frozen=True)
class GapCurve:
    """A Kaplan-Meier curve on a daily grid.

    `survival[t]` is P(gap > t) for t = 0, 1, …; `at_risk[t]` the gaps that last at least t days; `variance_sum[t]`
    Greenwood's sum of d / (n (n - d)) up to t.
    """

    survival: Vector
    at_risk: Vector
    variance_sum: Vector
    n_gaps: int
    n_returns: int

    @property
    def last_day(self) -> int:
        """The longest silence with at least `MIN_AT_RISK` gaps at risk."""
        supported = np.flatnonzero(self.at_risk >= MIN_AT_RISK)
        return int(supported[-1]) if supported.size else 0

    def return_chances(self, horizon_days: int) -> tuple[Vector, Vector, Vector]:
        """P(return within the horizon | silent for s) for s = 0 … `last_day`, and its 80 % interval (low, high).

        1 - S(s + h) / S(s); the interval is Greenwood's for the conditional survival on the log-log scale, after
        Kalbfleisch & Prentice (2002), ch. 1. Where nobody returned, or everybody did, the interval is Wilson's for the
        gaps at risk, so that it is never empty.
        """
        starts = np.arange(self.last_day + 1)
        ends = np.minimum(starts + horizon_days, len(self.survival) - 1)
        before = self.survival[starts]
        stay = np.divide(self.survival[ends], before, out=np.zeros_like(before), where=before > 0)
        variance = np.maximum(self.variance_sum[ends] - self.variance_sum[starts], 0.0)
        inner = (stay > 0) & (stay < 1) & (variance > 0)
        log_stay = np.log(np.where(inner, stay, 0.5))
        spread = Z_80 * np.sqrt(variance) / np.abs(log_stay)
        low_stay, high_stay = np.exp(log_stay * np.exp(spread)), np.exp(log_stay * np.exp(-spread))
        wilson_low, wilson_high = _wilson(stay, self.at_risk[starts])
        low_stay = np.where(inner, low_stay, wilson_low)
        high_stay = np.where(inner, high_stay, wilson_high)
        return 1 - stay, np.minimum(1 - high_stay, 1 - stay), np.maximum(1 - low_stay, 1 - stay)

    def best_by_days(self, horizon_days: int) -> npt.NDArray[np.int64]:
        """Per silence s = 0 … `last_day`: days during which the chance stays at least `BEST_BY_SHARE` of today's.

        At most the horizon; the curve's end does not count as a fall.
        """
        chance, _, _ = self.return_chances(horizon_days)
        n = len(chance)
        ahead = np.minimum(np.arange(n)[:, None] + np.arange(1, horizon_days + 1)[None, :], n - 1)
        has_fallen = chance[ahead] < BEST_BY_SHARE * chance[:, None]
        first_fall = np.where(has_fallen.any(axis=1), has_fallen.argmax(axis=1), horizon_days)
        return first_fall.astype(np.int64)


def fit_gap_curve(gaps: pl.DataFrame) -> GapCurve:
    """Kaplan-Meier on counted gaps: columns gap_days (days), is_return (False: censored), n_gaps (how many alike).

    In numpy because a week fits hundreds of curves, and landmarks as many again; a test holds it against lifelines.
    """
    counted = gaps.group_by("gap_days", "is_return").agg(pl.col("n_gaps").sum()).sort("gap_days", "is_return")
    n_gaps = int(counted["n_gaps"].sum())
    returned = counted.filter(pl.col("is_return"))
    if n_gaps == 0:
        return GapCurve(np.ones(1), np.zeros(1), np.zeros(1), 0, 0)
    observed, ended = _per_day(returned, counted), _per_day(counted, counted)
    at_risk = ended[::-1].cumsum()[::-1]
    survival = np.cumprod(1 - np.divide(observed, at_risk, out=np.zeros_like(observed), where=at_risk > 0))
    risk_left = at_risk * (at_risk - observed)
    terms = np.divide(observed, risk_left, out=np.zeros_like(observed), where=risk_left > 0)
    return GapCurve(survival, at_risk, terms.cumsum(), n_gaps, int(returned["n_gaps"].sum()))


def _per_day(gaps: pl.DataFrame, all_gaps: pl.DataFrame) -> Vector:
    """How many of `gaps` end on each day from 0 to the longest of `all_gaps`."""
    last = int(all_gaps["gap_days"].to_numpy().max())
    return np.bincount(gaps["gap_days"].to_numpy(), weights=gaps["n_gaps"].to_numpy(), minlength=last + 1).astype(np.float64)


def _wilson(share: Vector, n: Vector) -> tuple[Vector, Vector]:
    centre = (share + Z_80**2 / (2 * n)) / (1 + Z_80**2 / n)
    half = Z_80 / (1 + Z_80**2 / n) * np.sqrt(share * (1 - share) / n + Z_80**2 / (4 * n**2))
    return np.clip(centre - half, 0, 1), np.clip(centre + half, 0, 1)

"""Are those who came back still there: the rows of `track_regained`.

Belongs here: shares kept after 30, 90 and 180 days, and the curve that also uses younger returns. Does not belong here: how
long second lifetimes last and what they are worth (`winback.second_lifetime`).
"""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import polars as pl

from winback.survival.gap_curve import MIN_AT_RISK, GapCurve, fit_gap_curve
from winback.track.frames import contract_frame
from winback.track.shares import Z_95, wilson

KEPT_DAYS = (30, 90, 180)
MIN_RETURNS = 20
"""Fewest returns that old at which the share kept is shown."""

RETURN_KINDS = ("worked", "not_worked", "holdout")
_DIGITS = 6


def regained_rows(returns: pl.DataFrame, as_of_on: date) -> pl.DataFrame:
    """Rows of `track_regained` from those of `track_returns`: three for every way of coming back, shown or not.

    The plain share counts only returns that are old enough, also of those already lost; else early losses would weigh too much.
    """
    found: list[dict[str, Any]] = []
    for kind in RETURN_KINDS:
        rows = returns.filter(pl.col("return_kind") == kind)
        curve = kept_curve(rows)
        base = {"as_of_on": as_of_on, "return_kind": kind, "n_regained": rows.height}
        found += [base | {"kept_days": days} | _plain(rows, days) | _of_curve(curve, days) for days in KEPT_DAYS]
    return contract_frame("track_regained", found)


def kept_curve(returns: pl.DataFrame) -> GapCurve:
    """Kaplan-Meier of the days from the return to the next lapse; a spell that goes on is censored at the week."""
    gaps = returns.select(gap_days="followed_days", is_return="has_lapsed_again", n_gaps=pl.lit(1, pl.Int64))
    return fit_gap_curve(gaps)


def curve_interval(curve: GapCurve, days: int) -> tuple[float, float, float] | None:
    """Share not lapsed again after `days` and its 95 % interval (Greenwood, log-log; Wilson's at 0 or 1).

    None where fewer than `MIN_AT_RISK` returns are still followed by then.
    """
    at_risk = float(curve.at_risk[days]) if days < len(curve.at_risk) else 0.0
    if at_risk < MIN_AT_RISK:
        return None
    share, variance = float(curve.survival[days]), float(curve.variance_sum[days])
    if not 0 < share < 1 or variance == 0:
        found = wilson(share, at_risk)
        return found.value, found.low, found.high
    spread = Z_95 * variance**0.5 / abs(np.log(share))
    return share, float(share ** np.exp(spread)), float(share ** np.exp(-spread))


def _plain(returns: pl.DataFrame, days: int) -> dict[str, Any]:
    old = returns.filter(pl.col("returned_days") >= days)
    n_kept = int(old[f"is_kept_{days}"].sum())
    if old.height < MIN_RETURNS:
        why = f"{old.height} returned at least {days} days ago; a share is shown from {MIN_RETURNS}"
        return {"n_old_enough": old.height, "hidden_reason": why}
    found = wilson(n_kept / old.height, old.height)
    names = ("kept_share", "kept_low_share", "kept_high_share")
    shares = dict(zip(names, (round(v, _DIGITS) for v in (found.value, found.low, found.high)), strict=True))
    return {"n_old_enough": old.height, "n_kept": n_kept} | shares


def _of_curve(curve: GapCurve, days: int) -> dict[str, Any]:
    found = curve_interval(curve, days)
    names = ("kept_curve_share", "kept_curve_low_share", "kept_curve_high_share")
    return {} if found is None else dict(zip(names, (round(v, _DIGITS) for v in found), strict=True))

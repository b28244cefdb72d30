"""The rules: the more of its threshold an account has used up in silence, the likelier it lapses.

Belongs here: the chance by share of the threshold used up, never falling. Does not belong here: other features.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from winback.at_risk.families import MIN_ACCOUNTS, RULES, Family, FittedFamily, LapseRows
from winback.survival.btyd import Matrix, Vector
from winback.survival.curves import logit

N_BINS = 10
"""Bins of the share of the threshold used up: [0, 0.1), ..., [0.9, 1]."""

ALL = "all"

_CENTRES = (np.arange(N_BINS) + 0.5) / N_BINS
_DIGITS = 9


@dataclass(frozen=True)
class FittedRules:
    """Chance at the middle of each bin, by basis of the lapse where there is enough of it and for all; straight lines between.

    Without any curve the share itself stands for the chance.
    """

    curves: dict[str, tuple[float, ...]]

    def log_odds(self, frame: pl.DataFrame, matrix: Matrix) -> Vector:
        """As `FittedFamily`."""
        share = frame["threshold_used_share"].to_numpy()
        if not self.curves:
            return logit(share)
        chance = np.interp(share, _CENTRES, self.curves[ALL])
        for basis in set(self.curves) - {ALL}:
            of_basis = (frame["lapse_basis"] == basis).to_numpy()
            chance[of_basis] = np.interp(share[of_basis], _CENTRES, self.curves[basis])
        return logit(chance)

    def as_json(self) -> dict[str, Any]:
        """As `FittedFamily`."""
        return {"curves": {basis: list(curve) for basis, curve in self.curves.items()}}

    def attachments(self) -> dict[str, bytes]:
        """As `FittedFamily`."""
        return {}


def fit(rows: LapseRows) -> FittedRules:
    """Learn a curve for all rows, and for each basis with `MIN_ACCOUNTS` of lapsed rows and as many others."""
    curves = {ALL: _curve(rows)}
    for basis in sorted(rows.frame["lapse_basis"].unique()):
        of_basis = rows.at((rows.frame["lapse_basis"] == basis).to_numpy())
        n_lapsed = of_basis.lapsed[of_basis.weights > 0].sum()
        n_kept = (of_basis.weights > 0).sum() - n_lapsed
        if min(n_lapsed, n_kept) >= MIN_ACCOUNTS[RULES]:
            curves[basis] = _curve(of_basis)
    return FittedRules(curves)


def _curve(rows: LapseRows) -> tuple[float, ...]:
    """Share of lapses by bin (half a lapse and half a stay added at the mean rate), made never to fall."""
    from sklearn.isotonic import IsotonicRegression

    share = np.clip(rows.frame["threshold_used_share"].to_numpy(), 0, 1)
    bins = np.minimum((share * N_BINS).astype(np.int64), N_BINS - 1)
    size = np.bincount(bins, weights=rows.weights, minlength=N_BINS)
    lapsed = np.bincount(bins, weights=rows.weights * rows.lapsed, minlength=N_BINS)
    mean = lapsed.sum() / size.sum()
    raw = (lapsed + mean) / (size + 1)
    rising = IsotonicRegression(out_of_bounds="clip").fit_transform(_CENTRES, raw, sample_weight=size + 1)
    return tuple(round(float(chance), _DIGITS) for chance in rising)


def _from_json(data: dict[str, Any], attachments: dict[str, bytes]) -> FittedFamily:
    return FittedRules({basis: tuple(curve) for basis, curve in data["curves"].items()})


FAMILY = Family(RULES, fit, _from_json)

"""The Kaplan-Meier family: one curve per band of own cycle and of silence.

Belongs here: the bands and their curves from landmark rows. Does not belong here: the first level's table by cycle group and
day of silence (`return_time`), which needs gaps only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from winback.survival.btyd import Matrix, Vector
from winback.survival.families import DesignedRows, Family, FamilyStepsAsideError, FittedFamily
from winback.survival.gap_curve import MIN_RETURNS, fit_gap_curve

_N_CYCLE_BANDS = 4
_N_SILENCE_BANDS = 3
_DIGITS = 9


@dataclass(frozen=True)
class FittedKaplanMeier:
    """Upper edges of the bands, and P(still silent) on days 0, 1, ... per band (a band of its own for single purchases)."""

    cycle_edges: tuple[float, ...]
    silence_edges: tuple[float, ...]
    silent: Matrix

    def return_probs(self, rows: DesignedRows, days: Vector) -> Matrix:
        """As `FittedFamily`; beyond the last day seen the curve stays level."""
        bands = _bands(rows.frame, self.cycle_edges, self.silence_edges)
        at = np.minimum(np.asarray(days, dtype=np.int64), self.silent.shape[1] - 1)
        return np.asarray(1 - self.silent[bands][:, at])

    def as_json(self) -> dict[str, Any]:
        """As `FittedFamily`."""
        return {
            "cycle_edges": list(self.cycle_edges),
            "silence_edges": list(self.silence_edges),
            "silent": self.silent.tolist(),
        }

    def attachments(self) -> dict[str, bytes]:
        """As `FittedFamily`."""
        return {}


def fit(rows: DesignedRows) -> FittedKaplanMeier:
    """Fit each band; one with fewer than `MIN_RETURNS` returns borrows the curve of all rows.

    Raises FamilyStepsAsideError with fewer than `MIN_RETURNS` returns in all.
    """
    frame, longest = rows.frame, rows.horizons_days[-1]
    cycles = frame["cycle_days"].drop_nulls().to_numpy()
    cycle_edges = _edges(cycles, _N_CYCLE_BANDS) if len(cycles) else ()
    silence_edges = _edges(frame["silence_days"].to_numpy(), _N_SILENCE_BANDS)
    bands = pl.Series(_bands(frame, cycle_edges, silence_edges))
    pooled, n_returns = _curve(frame, longest)
    if n_returns < MIN_RETURNS:
        raise FamilyStepsAsideError(f"it needs {MIN_RETURNS} returns and has {n_returns}")
    curves = []
    for band in range((len(cycle_edges) + 2) * (len(silence_edges) + 1)):
        own, n_own = _curve(frame.filter(bands == band), longest)
        curves.append(own if n_own >= MIN_RETURNS else pooled)
    return FittedKaplanMeier(cycle_edges, silence_edges, np.asarray(np.round(curves, _DIGITS), dtype=np.float64))


def _edges(values: npt.NDArray[Any], n_bands: int) -> tuple[float, ...]:
    found = np.quantile(values.astype(np.float64), np.arange(1, n_bands) / n_bands)
    return tuple(float(v) for v in np.unique(found))


def _bands(frame: pl.DataFrame, cycle_edges: tuple[float, ...], silence_edges: tuple[float, ...]) -> npt.NDArray[np.int64]:
    cycle = frame["cycle_days"].cast(pl.Float64).fill_null(float("nan")).to_numpy()
    of_cycle = np.where(np.isnan(cycle), 0, 1 + np.searchsorted(cycle_edges, cycle, side="left"))
    of_silence = np.searchsorted(silence_edges, frame["silence_days"].to_numpy(), side="left")
    return np.asarray(np.minimum(of_cycle, len(cycle_edges) + 1) * (len(silence_edges) + 1) + of_silence, dtype=np.int64)


def _curve(frame: pl.DataFrame, longest: int) -> tuple[Vector, int]:
    """P(still silent) on days 0 ... longest, and the returns it rests on."""
    time = pl.col("time_days").clip(upper_bound=longest)
    is_return = pl.col("has_returned") & (pl.col("time_days") <= longest)
    gaps = frame.select(gap_days=time, is_return=is_return, n_gaps=pl.lit(1, dtype=pl.Int64))
    curve = fit_gap_curve(gaps)
    silent = np.full(longest + 1, curve.survival[-1], dtype=np.float64)
    silent[: len(curve.survival)] = curve.survival[: longest + 1]
    return silent, curve.n_returns


def _from_json(data: dict[str, Any], attachments: dict[str, bytes]) -> FittedFamily:
    return FittedKaplanMeier(tuple(data["cycle_edges"]), tuple(data["silence_edges"]), np.array(data["silent"]))


FAMILY = Family("kaplan_meier", fit, _from_json)

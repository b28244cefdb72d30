"""Intervals by a bootstrap that draws accounts, not rows.

Belongs here: the draws, replicate metrics and percentile intervals. Does not belong here: the metrics.

An account's rows on several as-of dates tell nearly the same story, so they are drawn together; drawing rows would make the
intervals too narrow.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from winback.evaluation.metrics import METRICS, ModelMetrics
from winback.evaluation.ranking import Vector

COVERAGE = 0.95
MAX_CONCORDANCE_REPLICATES = 100
"""Concordance is drawn this often at most, since it costs several times the rest together."""

_MIN_DEFINED_SHARE = 0.5
_CELLS_AT_ONCE = 1_000_000

Draws = NDArray[np.int16]


@dataclass(frozen=True)
class Interval:
    """A figure with its 95 % interval; None where it is not defined."""

    value: float | None
    low: float | None
    high: float | None


def account_draws(n_accounts: int, n_replicates: int, seed: int) -> Draws:
    """How often each account is drawn (replicates x accounts); every row sums to the number of accounts."""
    random = np.random.default_rng(seed)
    draws = np.empty((n_replicates, n_accounts), dtype=np.int16)
    for replicate in draws:
        replicate[:] = np.bincount(random.integers(0, n_accounts, n_accounts), minlength=n_accounts)
    return draws


def replicate_metrics(metrics: ModelMetrics, account: NDArray[np.int64], draws: Draws) -> dict[str, Vector]:
    """Every metric on every draw; concordance on the first `MAX_CONCORDANCE_REPLICATES`. `account` numbers each row's."""
    step = max(1, _CELLS_AT_ONCE // len(account))
    parts = [
        metrics.measure(draws[at:end, account].astype(float), with_concordance=at < MAX_CONCORDANCE_REPLICATES)
        for at, end in _stretches(len(draws), step)
    ]
    return {name: np.concatenate([part[name] for part in parts if name in part]) for name in METRICS}


def _stretches(n: int, step: int) -> list[tuple[int, int]]:
    """Replicates in pieces of at most `step`, with a cut where concordance ends."""
    cuts = sorted({*range(0, n, step), min(n, MAX_CONCORDANCE_REPLICATES), n})
    return list(pairwise(cuts))


def percentile_interval(value: float | None, replicates: Vector) -> Interval:
    """The 95 % percentile interval; without bounds where fewer than half of the replicates define the figure."""
    defined = replicates[np.isfinite(replicates)]
    if value is None or len(defined) < max(2, _MIN_DEFINED_SHARE * len(replicates)):
        return Interval(value, None, None)
    low, high = np.quantile(defined, [(1 - COVERAGE) / 2, (1 + COVERAGE) / 2])
    return Interval(value, float(low), float(high))

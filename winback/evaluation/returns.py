"""Judging predictions of return by a protocol.

Belongs here: putting metrics, intervals, differences and verdicts together into one report. Does not belong here: making
predictions, printing the report (`report`, `page`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from winback.errors import UsageError
from winback.evaluation.bootstrap import (
    MAX_CONCORDANCE_REPLICATES,
    Interval,
    account_draws,
    percentile_interval,
    replicate_metrics,
)
from winback.evaluation.calibration import calibration_bins
from winback.evaluation.censoring import followed_share, known_weights
from winback.evaluation.metrics import CONVENTIONS, METRICS, ModelMetrics, point_metrics
from winback.evaluation.predictions import JudgedRows, judged_rows
from winback.evaluation.protocols import Protocol
from winback.evaluation.ranking import Flags, Vector
from winback.evaluation.report import AsOfFigures, ProtocolSummary, ReturnReport
from winback.evaluation.verdicts import judge

_GAIN_STEPS = 20


@dataclass(frozen=True)
class _Measured:
    """One model: figures on all rows and on every draw."""

    point: dict[str, float | None]
    replicates: dict[str, Vector]


def evaluate_returns(
    predictions: pl.DataFrame, protocol: Protocol, *, seed: int = 0, n_replicates: int = 200, champion: str = "champion"
) -> ReturnReport:
    """Every metric with its interval, for every model of `predictions` (columns of `PREDICTION_SCHEMA`).

    `n_replicates` bootstrap draws of accounts (at least 20), the same for all models, so that differences are paired; `seed`
    fixes them. The order of rows in `predictions` does not matter. Raises UsageError if `champion` is not among the models or
    if the predictions break their rules (`predictions.judged_rows`).
    """
    if n_replicates < 20:
        raise UsageError(f"{n_replicates} bootstrap replicates give no 95 % interval; use at least 20")
    rows = judged_rows(predictions, protocol)
    if champion not in rows.scores:
        raise UsageError(f"predictions hold no model '{champion}'; there are {', '.join(rows.scores)}")
    known = _known(rows)
    measured = _measure(rows, seed, n_replicates)
    figures = {model: _intervals(of) for model, of in measured.items()}
    differences = {model: _differences(measured[champion], of) for model, of in measured.items() if model != champion}
    return ReturnReport(
        protocol=_summary(protocol),
        champion=champion,
        seed=seed,
        n_replicates=n_replicates,
        n_concordance_replicates=min(n_replicates, MAX_CONCORDANCE_REPLICATES),
        n_rows=len(rows.is_return),
        n_accounts=rows.n_accounts,
        n_returned=int(rows.is_return.sum()),
        n_unseen=int((known == 0).sum()),
        base_rate=float(np.average(rows.is_return, weights=known)),
        verdicts=judge(protocol, champion, figures, differences),
        models=figures,
        differences=differences,
        by_as_of=_by_as_of(rows),
        calibration={model: calibration_bins(rows.is_return, of.prob, known) for model, of in rows.scores.items()},
        gains={model: _gains(rows.is_return, of.prob, known) for model, of in rows.scores.items()},
        conventions=CONVENTIONS,
    )


def _measure(rows: JudgedRows, seed: int, n_replicates: int) -> dict[str, _Measured]:
    draws = account_draws(rows.n_accounts, n_replicates, seed)
    found = {}
    for model in rows.scores:
        replicates = replicate_metrics(ModelMetrics(rows, model), rows.account, draws)
        found[model] = _Measured(point_metrics(rows, model), replicates)
    return found


def _intervals(measured: _Measured) -> dict[str, Interval]:
    return {metric: percentile_interval(measured.point[metric], measured.replicates[metric]) for metric in METRICS}


def _differences(champion: _Measured, baseline: _Measured) -> dict[str, Interval]:
    found = {}
    for metric in METRICS:
        ours, theirs = champion.point[metric], baseline.point[metric]
        value = None if ours is None or theirs is None else ours - theirs
        found[metric] = percentile_interval(value, champion.replicates[metric] - baseline.replicates[metric])
    return found


def _by_as_of(rows: JudgedRows) -> list[AsOfFigures]:
    found = []
    for day in np.unique(rows.as_of_on):
        of_day = rows.of(rows.as_of_on == day)
        found.append(
            AsOfFigures(
                as_of_on=str(day),
                n_rows=len(of_day.is_return),
                base_rate=float(np.average(of_day.is_return, weights=_known(of_day))),
                metrics={model: point_metrics(of_day, model) for model in rows.scores},
            )
        )
    return found


def _known(rows: JudgedRows) -> Vector:
    followed = followed_share(rows.time_days, rows.has_returned)
    return known_weights(rows.time_days, rows.has_returned, rows.horizon_days, followed)


def _gains(is_return: Flags, prob: Vector, weights: Vector) -> list[float]:
    """Share of all returns among the first 0 %, 5 %, ..., 100 % of rows by falling prob; ties count in proportion."""
    steps, row_step = np.unique(-prob, return_inverse=True)
    size = np.cumsum(np.bincount(row_step, weights=weights, minlength=len(steps)))
    found = np.cumsum(np.bincount(row_step, weights=weights * is_return, minlength=len(steps)))
    shares = np.linspace(0, 1, _GAIN_STEPS + 1)
    gains = np.interp(shares * size[-1], np.append(0, size), np.append(0, found)) / (found[-1] or 1)
    return [float(g) for g in gains]


def _summary(protocol: Protocol) -> ProtocolSummary:
    return ProtocolSummary(
        name=protocol.name,
        source_note=protocol.source_note,
        lapse_days=protocol.lapse_days,
        cap_days=protocol.cap_days,
        horizon_days=protocol.horizon_days,
        curve_days=list(protocol.curve_on_days),
        training_as_of_on=[str(day) for day in protocol.training_on],
        test_as_of_on=[str(day) for day in protocol.test_on],
        published_n_rows=protocol.published_n_rows,
        published_base_rate=protocol.published_base_rate,
        published_peers={name: peer.model_dump() for name, peer in protocol.published_peers.items()},
    )

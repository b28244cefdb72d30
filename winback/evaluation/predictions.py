"""Predictions of several models on the same rows, checked and laid out for the metrics.

Belongs here: what a predictions frame must hold, its checks, and its arrays. Does not belong here: metrics, making
predictions.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from winback.errors import UsageError
from winback.evaluation.censoring import Days
from winback.evaluation.protocols import Protocol
from winback.evaluation.ranking import Flags, Matrix, Vector

PREDICTION_SCHEMA: dict[str, pl.DataType] = {
    "account_id": pl.String(),
    "as_of_on": pl.Date(),
    "model": pl.String(),
    "prob": pl.Float64(),
    "risk": pl.Float64(),
    "curve": pl.List(pl.Float64),
    "time_days": pl.Int64(),
    "has_returned": pl.Boolean(),
    "is_return_in_horizon": pl.Boolean(),
}
"""One row per account x as-of date x model.

`prob` is P(return within the protocol's horizon); `risk` is higher for who returns sooner; `curve` holds P(return within t)
on the protocol's grid of days, or is null throughout a model that gives none; `time_days` runs from the as-of day (day 1) to
the first purchase or, where `has_returned` is false, to the last day seen: the log's end, or an earlier end of sight. Rows
whose sight ended before the as-of date do not belong here.
"""

_KEYS = ["as_of_on", "account_id"]
_OUTCOMES = ["time_days", "has_returned", "is_return_in_horizon"]
_TOLERANCE = 1e-9
_MAX_UNSEEN_SHARE = 0.5


@dataclass(frozen=True)
class Scores:
    """What one model says, row by row; `curve` is rows x grid days or None."""

    prob: Vector
    risk: Vector
    curve: Matrix | None

    def of(self, rows: Flags) -> Scores:
        """The chosen rows."""
        return Scores(self.prob[rows], self.risk[rows], None if self.curve is None else self.curve[rows])


@dataclass(frozen=True)
class JudgedRows:
    """Outcomes of the rows, sorted by as-of date and account, and what every model says of them.

    `account` numbers the accounts from 0 in the order of their ids; curves are at `curve_days`.
    """

    horizon_days: int
    curve_days: Days

    as_of_on: NDArray[np.datetime64]
    account: NDArray[np.int64]
    time_days: Days
    has_returned: Flags
    is_return: Flags
    scores: dict[str, Scores]

    @property
    def n_accounts(self) -> int:
        """How many accounts there are."""
        return len(np.unique(self.account))

    def of(self, rows: Flags) -> JudgedRows:
        """The chosen rows."""
        return replace(
            self,
            as_of_on=self.as_of_on[rows],
            account=self.account[rows],
            time_days=self.time_days[rows],
            has_returned=self.has_returned[rows],
            is_return=self.is_return[rows],
            scores={model: s.of(rows) for model, s in self.scores.items()},
        )


def judged_rows(predictions: pl.DataFrame, protocol: Protocol) -> JudgedRows:
    """The checked arrays of a predictions frame (columns of `PREDICTION_SCHEMA`).

    Raises UsageError that says how many rows break which rule: missing columns or values, dates that are no test dates,
    probabilities outside 0 to 1, curves of another length or falling, dates whose horizon is not seen, labels at odds with the
    times, a row twice, models that do not judge the same rows.
    """
    frame = _with_schema(predictions)
    _refuse_bad_rows(frame, protocol)
    models = {str(name): rows.sort(_KEYS) for (name,), rows in sorted(frame.partition_by("model", as_dict=True).items())}
    first_name, first = next(iter(models.items()))
    for name, rows in models.items():
        if not rows.select(_KEYS + _OUTCOMES).equals(first.select(_KEYS + _OUTCOMES)):
            raise UsageError(
                f"predictions: '{name}' ({rows.height} rows) and '{first_name}' ({first.height} rows) do not judge the same "
                "accounts, dates and outcomes; score every model on the same snapshot"
            )
    return JudgedRows(
        horizon_days=protocol.horizon_days,
        curve_days=np.asarray(protocol.curve_on_days, dtype=np.int64),
        as_of_on=first["as_of_on"].to_numpy(),
        account=first["account_id"].rank("dense").cast(pl.Int64).to_numpy() - 1,
        time_days=first["time_days"].to_numpy(),
        has_returned=first["has_returned"].to_numpy(),
        is_return=first["is_return_in_horizon"].to_numpy(),
        scores={name: _scores(rows) for name, rows in models.items()},
    )


def _with_schema(predictions: pl.DataFrame) -> pl.DataFrame:
    missing = [name for name in PREDICTION_SCHEMA if name not in predictions.columns]
    if missing:
        raise UsageError(f"predictions: {len(missing)} column(s) missing: {', '.join(missing)}")
    frame = predictions.select(pl.col(name).cast(dtype) for name, dtype in PREDICTION_SCHEMA.items())
    if frame.height == 0:
        raise UsageError("predictions: there is no row to judge; no account was lapsed on the test dates")
    return frame


def _refuse_bad_rows(frame: pl.DataFrame, protocol: Protocol) -> None:
    n_days = len(protocol.curve_on_days)
    prob, risk, curve, time = (pl.col(name) for name in ("prob", "risk", "curve", "time_days"))
    rises = curve.list.diff().list.min().fill_null(0) >= -_TOLERANCE
    in_range = (curve.list.min() >= -_TOLERANCE) & (curve.list.max() <= 1 + _TOLERANCE)
    unseen = ~pl.col("has_returned") & (time < protocol.horizon_days)
    seen_return = pl.col("has_returned") & (time <= protocol.horizon_days)
    rules = {
        "miss a value": pl.any_horizontal(pl.all().exclude("curve").is_null()),
        "are of a date that is no test date of the protocol": ~pl.col("as_of_on").is_in(list(protocol.test_on)),
        "have a prob outside 0 to 1": ~(prob.is_between(0, 1) & prob.is_not_nan()),
        "have a risk that is no finite number": ~risk.is_finite(),
        "have a time_days below 1": time < 1,
        f"have a curve without {n_days} days": curve.list.len() != n_days,
        "have a curve with missing or undefined values": curve.list.eval(
            pl.element().is_null() | pl.element().is_nan()
        ).list.any(),
        "have a curve that falls or leaves 0 to 1": ~(rises & in_range),
        "are of a date on which most labels are not seen through the horizon": unseen.mean().over("as_of_on")
        > _MAX_UNSEEN_SHARE,
        "have a label at odds with time_days and has_returned": pl.col("is_return_in_horizon") != seen_return,
        "are there twice (account, date, model)": pl.struct("account_id", "as_of_on", "model").is_duplicated(),
        "lack the curve that other rows of their model have": curve.is_null().any().over("model") & curve.is_not_null(),
    }
    counts = frame.select(rule.fill_null(False).sum().alias(words) for words, rule in rules.items()).row(0, named=True)
    problems = [f"  {n} of {frame.height} rows {words}" for words, n in counts.items() if n]
    if problems:
        raise UsageError(f"predictions for protocol {protocol.name}:\n" + "\n".join(problems))


def _scores(rows: pl.DataFrame) -> Scores:
    curve = None
    if rows["curve"].null_count() == 0:
        curve = rows["curve"].explode().to_numpy().reshape(rows.height, -1)
    return Scores(rows["prob"].to_numpy(), rows["risk"].to_numpy(), curve)

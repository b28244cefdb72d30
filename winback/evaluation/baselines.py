"""The simplest predictions a model has to beat: the base rate, and silence alone.

Belongs here: predictions that need no model of the product. Does not belong here: Kaplan-Meier, Cox and the like
(`winback.survival`).
"""

from __future__ import annotations

import numpy as np
import polars as pl

from winback.errors import UsageError
from winback.evaluation.censoring import followed_share, known_weights
from winback.evaluation.predictions import PREDICTION_SCHEMA
from winback.evaluation.protocols import Protocol
from winback.evaluation.ranking import Flags, Matrix, Vector

_RIDGE_INVERSE = 1e4


def base_rate_predictions(training: pl.DataFrame, test: pl.DataFrame, protocol: Protocol) -> pl.DataFrame:
    """Everybody gets the share of training rows that returned; model `base_rate`. Frames as in `recency_predictions`."""
    labels = [_labels(training, day) for day in _days(training, protocol)]
    shares = np.array([np.average(returned, weights=known) for returned, known in labels])
    return _predictions(test, "base_rate", np.tile(shares, (test.height, 1)), np.zeros(test.height))


def recency_predictions(training: pl.DataFrame, test: pl.DataFrame, protocol: Protocol) -> pl.DataFrame:
    """The shorter the silence, the sooner the return; model `recency_only`.

    `training` and `test` have account_id, as_of_on, silence_days (from the last purchase to the as-of date, at least 1),
    time_days, has_returned and is_return_in_horizon. For each day of the grid, and for the horizon, the chance is a logistic
    curve of log silence fitted on the training rows, kept from falling from one day to the next; rows not seen through a day
    are stood for by those that are (`censoring.known_weights`). The result has the columns
    of `PREDICTION_SCHEMA`. Raises UsageError without training rows.
    """
    days = _days(training, protocol)
    log_silence = _log_silence(training)
    centre, spread = log_silence.mean(), log_silence.std() or 1.0
    of_training, of_test = (((_log_silence(f) - centre) / spread)[:, None] for f in (training, test))
    chances = [_logistic_chance(of_training, *_labels(training, day), of_test) for day in days]
    return _predictions(test, "recency_only", np.stack(chances, axis=1), -test["silence_days"].to_numpy().astype(float))


def _days(training: pl.DataFrame, protocol: Protocol) -> list[int]:
    """The grid and, last, the horizon."""
    if training.height == 0:
        raise UsageError(f"protocol {protocol.name}: no account was lapsed on the training dates, so nothing can be fitted")
    return [*(min(day, protocol.horizon_days) for day in protocol.curve_on_days), protocol.horizon_days]


def _labels(rows: pl.DataFrame, day: int) -> tuple[Flags, Vector]:
    """Who returned by that day, and how much each row counts."""
    time_days, has_returned = rows["time_days"].to_numpy(), rows["has_returned"].to_numpy()
    known = known_weights(time_days, has_returned, day, followed_share(time_days, has_returned))
    return has_returned & (time_days <= day), known


def _log_silence(rows: pl.DataFrame) -> Vector:
    return np.asarray(np.log(rows["silence_days"].to_numpy().astype(float)))


def _logistic_chance(silence: Matrix, returned: Flags, known: Vector, of_test: Matrix) -> Vector:
    share = np.average(returned, weights=known)
    if share in (0, 1):
        return np.full(len(of_test), share)
    from sklearn.linear_model import LogisticRegression

    # nearly no ridge: just enough that a silence that separates the two cleanly still has a finite fit
    fitted = LogisticRegression(C=_RIDGE_INVERSE).fit(silence, returned, sample_weight=known)
    return np.asarray(fitted.predict_proba(of_test)[:, 1])


def _predictions(test: pl.DataFrame, model: str, chances: Matrix, risk: Vector) -> pl.DataFrame:
    """`chances` holds a column per grid day and one for the horizon."""
    curve = np.maximum.accumulate(chances[:, :-1], axis=1)
    columns = {
        "model": pl.Series([model]).new_from_index(0, test.height),
        "prob": pl.Series(chances[:, -1]),
        "risk": pl.Series(risk),
        "curve": pl.Series(curve).arr.to_list(),
    }
    return test.with_columns(**columns).select(pl.col(name).cast(dtype) for name, dtype in PREDICTION_SCHEMA.items())

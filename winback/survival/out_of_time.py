"""Out-of-time predictions under a protocol: the champion and every family, fitted before the first test date.

Belongs here: making the predictions that `winback.evaluation` judges. Does not belong here: judging, protocols.
"""

from __future__ import annotations

from datetime import date, timedelta

import duckdb
import numpy as np
import polars as pl

from winback.config import Settings
from winback.errors import UsageError
from winback.evaluation.baselines import base_rate_predictions, recency_predictions
from winback.evaluation.predictions import PREDICTION_SCHEMA
from winback.evaluation.protocols import Protocol
from winback.survival.return_model import ReturnModel
from winback.survival.snapshots import SilenceRule, snapshots
from winback.survival.train_return_model import NotEnoughReturnsError, train_return_model

CHAMPION = "champion"


def spend_window(con: duckdb.DuckDBPyConnection) -> tuple[date, date]:
    """First and last day with spend. Raises UsageError where nothing was loaded."""
    row = con.execute("SELECT min(spent_on), max(spent_on) FROM core_spend").fetchone()
    if row is None or row[0] is None:
        raise UsageError("no spend has been loaded, so there is nothing to evaluate; put files into the inbox")
    return row[0], row[1]


def protocol_predictions(
    con: duckdb.DuckDBPyConnection, settings: Settings, protocol: Protocol
) -> tuple[pl.DataFrame, ReturnModel]:
    """Predictions of the champion, every family and the simplest baselines on the protocol's test dates, and the model.

    The model is fitted on the training dates and sees nothing from the first test date on. Rows touched before their as-of
    date are left out: nobody can say what they would have done untouched. Raises UsageError where the log does not reach
    over the protocol's dates or holds too few returns.
    """
    first_on, last_on = spend_window(con)
    training_on, test_on = list(protocol.training_on), list(protocol.test_on)
    if first_on >= training_on[0] or last_on < test_on[-1]:
        raise UsageError(
            f"protocol {protocol.name} asks for {training_on[0]} to {test_on[-1]}; the spend reaches from {first_on} to {last_on}"
        )
    rule = SilenceRule(protocol.lapse_days, protocol.cap_days)
    seen_until = last_on + timedelta(days=1)
    learned = snapshots(con, settings, training_on, seen_until_on=test_on[0], rule=rule)
    training = _judgeable(learned, protocol)
    test = _judgeable(snapshots(con, settings, test_on, seen_until_on=seen_until, rule=rule), protocol)
    try:
        # The rows as they come: a label among their columns would be taken for a feature.
        model = train_return_model(learned, as_of_on=test_on[0], horizon_days=protocol.horizon_days)
    except NotEnoughReturnsError as error:
        raise UsageError(f"protocol {protocol.name}: {error}") from error
    frames = [_of_model(model, test, protocol)]
    frames += [_of_family(model, name, test, protocol) for name in model.families]
    frames += [recency_predictions(training, test, protocol), base_rate_predictions(training, test, protocol)]
    return pl.concat([f.select(list(PREDICTION_SCHEMA)) for f in frames]), model


def _judgeable(rows: pl.DataFrame, protocol: Protocol) -> pl.DataFrame:
    in_horizon = pl.col("has_returned") & (pl.col("time_days") <= protocol.horizon_days)
    return rows.filter(pl.col("time_days") >= 1).with_columns(is_return_in_horizon=in_horizon)


def _of_model(model: ReturnModel, test: pl.DataFrame, protocol: Protocol) -> pl.DataFrame:
    return _frame(CHAMPION, model.return_probs(test, _days(protocol)), test)


def _of_family(model: ReturnModel, name: str, test: pl.DataFrame, protocol: Protocol) -> pl.DataFrame:
    return _frame(name, model.family_probs(name, test, _days(protocol)), test)


def _days(protocol: Protocol) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.array([*(min(d, protocol.horizon_days) for d in protocol.curve_on_days), protocol.horizon_days], dtype=float)


def _frame(name: str, probs: np.ndarray[tuple[int, int], np.dtype[np.float64]], test: pl.DataFrame) -> pl.DataFrame:
    return test.select("account_id", "as_of_on", "time_days", "has_returned", "is_return_in_horizon").with_columns(
        model=pl.lit(name),
        prob=pl.Series(probs[:, -1]),
        risk=pl.Series(probs[:, -1]),
        curve=pl.Series(probs[:, :-1].tolist(), dtype=pl.List(pl.Float64)),
        time_days=pl.col("time_days").cast(pl.Int64),
    )

"""Recency only and the base rate."""

from datetime import date

import numpy as np
import polars as pl
import pytest

from winback.errors import UsageError
from winback.evaluation.baselines import base_rate_predictions, recency_predictions
from winback.evaluation.predictions import PREDICTION_SCHEMA
from winback.evaluation.protocols import Protocol
from winback.evaluation.ranking import Ranking


def snapshot(n: int, seed: int, day: date = date(2024, 1, 1)) -> pl.DataFrame:
    """Accounts whose return gets rarer with silence."""
    draw = np.random.default_rng(seed)
    silence = draw.integers(21, 200, n)
    days = np.ceil(draw.exponential(silence)).astype(int)
    return pl.DataFrame(
        {
            "account_id": [f"A{k}" for k in range(n)],
            "as_of_on": [day] * n,
            "silence_days": silence,
            "time_days": np.minimum(days, 60),
            "has_returned": days <= 60,
            "is_return_in_horizon": days <= 28,
        }
    )


def test_recency_is_monotone_and_calibrated_on_training(protocol: Protocol) -> None:
    """A logistic fit with an intercept reproduces the share of returns among its own rows, on every day of the grid."""
    training = snapshot(2000, seed=1)
    found = recency_predictions(training, training, protocol)
    assert dict(found.schema) == PREDICTION_SCHEMA
    assert found["model"].unique().to_list() == ["recency_only"]
    by_silence = found.with_columns(training["silence_days"]).sort("silence_days")
    assert (by_silence["prob"].diff().drop_nulls() <= 1e-12).all()
    assert found["prob"].mean() == pytest.approx(training["is_return_in_horizon"].mean(), abs=1e-4)
    curve = np.array(found["curve"].to_list())
    for column, day in zip(curve.T, protocol.curve_on_days, strict=True):
        assert column.mean() == pytest.approx((training["has_returned"] & (training["time_days"] <= day)).mean(), abs=1e-4)
    assert (np.diff(curve, axis=1) >= 0).all()


def test_recency_ranks_by_silence_out_of_time(protocol: Protocol) -> None:
    test = snapshot(500, seed=2, day=date(2024, 3, 4))
    found = recency_predictions(snapshot(500, seed=1), test, protocol)
    ours, silence = (
        Ranking(test["is_return_in_horizon"].to_numpy(), score).measure(np.ones((1, 500)))["roc_auc"][0]
        for score in (found["prob"].to_numpy(), -test["silence_days"].to_numpy().astype(float))
    )
    assert ours == pytest.approx(silence)


def test_base_rate_is_the_share_of_training(protocol: Protocol) -> None:
    training, test = snapshot(300, seed=1), snapshot(50, seed=2)
    found = base_rate_predictions(training, test, protocol)
    assert dict(found.schema) == PREDICTION_SCHEMA
    assert found["prob"].to_list() == pytest.approx([training["is_return_in_horizon"].mean()] * 50)
    assert found["risk"].n_unique() == 1
    assert found["curve"][0][-1] == found["prob"][0]


def test_rows_lost_from_sight_are_not_taken_for_silent_ones(protocol: Protocol) -> None:
    """Day 28: of 4, one returned (day 5), one was lost on day 9 when three were left: the known silent count 3/2 each: 1/4."""
    training = snapshot(4, seed=1).with_columns(
        time_days=pl.Series([5, 9, 40, 41]), has_returned=pl.Series([True, False, False, True])
    )
    assert base_rate_predictions(training, training, protocol)["prob"][0] == pytest.approx(1 / 4)
    without = training.with_columns(time_days=pl.Series([5, 9, 12, 41]), has_returned=pl.Series([True, False, True, True]))
    # the return of day 12 counts 3/2, too: (1 + 3/2) / 4
    assert base_rate_predictions(without, without, protocol)["prob"][0] == pytest.approx(2.5 / 4)


def test_silence_that_separates_cleanly_and_days_without_a_return_are_no_trouble(protocol: Protocol) -> None:
    training = snapshot(40, seed=3).with_columns(time_days=pl.when(pl.col("silence_days") < 100).then(20).otherwise(60))
    training = training.with_columns(has_returned=pl.col("time_days") == 20, is_return_in_horizon=pl.col("time_days") == 20)
    found = recency_predictions(training, training, protocol)
    assert found["prob"].is_between(0, 1).all()
    first_two_weeks = found["curve"].list.slice(0, 2).explode()
    assert (first_two_weeks == 0).all()
    assert found.filter(training["silence_days"] < 90)["prob"].min() > 0.9  # type: ignore[operator]


def test_no_training_row_is_refused(protocol: Protocol) -> None:
    for make in (recency_predictions, base_rate_predictions):
        with pytest.raises(UsageError, match="no account was lapsed on the training dates"):
            make(snapshot(0, seed=1), snapshot(5, seed=1), protocol)

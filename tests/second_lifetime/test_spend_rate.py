"""Spend a day after a return: planted slopes and ratios come back, few rows fall back to the pool's ratio."""

import numpy as np
import polars as pl
import pytest
from lifetimes_at_hand import made_lifetimes

from winback.second_lifetime.spend_rate import MIN_REGRESSION_ROWS, MIN_SPREAD, fit_spend_rate, weighted_quantile


def with_spend(frame: pl.DataFrame, after: np.ndarray) -> pl.DataFrame:
    return frame.with_columns(spend_amount=pl.Series(after * frame["covered_days"].to_numpy()))


def test_a_planted_ratio_and_spread_come_back() -> None:
    rate = fit_spend_rate(made_lifetimes(1500, daily_ratio=0.7))
    before = np.array([10.0, 30.0, 90.0])
    assert rate.level == "regression"
    assert rate.middle(before) == pytest.approx(0.7 * before, rel=0.06)
    assert rate.spread == pytest.approx(0.3, rel=0.1)
    assert rate.mean_factor == pytest.approx(np.exp(0.3**2 / 2), rel=0.03)


def test_regression_to_the_mean_is_learned_and_held_by_the_prior() -> None:
    draw = np.random.default_rng(2)
    frame = made_lifetimes(800)
    before = frame["first_daily_amount"].to_numpy()
    after = 20 * (before / 30) ** 0.5 * np.exp(0.3 * draw.standard_normal(800))
    slope = fit_spend_rate(with_spend(frame, after)).slope
    few = fit_spend_rate(with_spend(frame, after).head(60)).slope
    assert slope == pytest.approx(0.5, abs=0.06)
    assert few > slope, "sixty rows are pulled further towards proportional spend"


def test_a_few_wild_accounts_do_not_move_the_line() -> None:
    frame = made_lifetimes(400, daily_ratio=0.8)
    after = frame["second_daily_amount"].to_numpy().copy()
    after[:3] *= 500
    wild, calm = fit_spend_rate(with_spend(frame, after)), fit_spend_rate(frame)
    assert wild.middle(np.array([30.0])) == pytest.approx(calm.middle(np.array([30.0])), rel=0.05)
    assert wild.mean_factor < 5 * calm.mean_factor


def test_few_lifetimes_take_the_median_ratio() -> None:
    frame = made_lifetimes(MIN_REGRESSION_ROWS - 1)
    rate = fit_spend_rate(frame)
    ratio = (frame["second_daily_amount"] / frame["first_daily_amount"]).to_numpy()
    days = frame["duration_days"].to_numpy().astype(float)
    assert (rate.level, rate.slope) == ("median", 1.0)
    assert np.exp(rate.log_ratio) == pytest.approx(weighted_quantile(ratio, np.minimum(days, np.quantile(days, 0.9)), 0.5))


def test_equal_ratios_still_leave_a_little_spread() -> None:
    frame = made_lifetimes(30)
    rate = fit_spend_rate(with_spend(frame, 0.5 * frame["first_daily_amount"].to_numpy()))
    assert rate.spread == MIN_SPREAD
    assert rate.middle(np.array([0.0, 10.0])) == pytest.approx([0.0, 5.0])


def test_lifetimes_without_spend_lower_the_mean_and_none_at_all_is_refused() -> None:
    frame = made_lifetimes(200)
    half = with_spend(frame, np.where(np.arange(200) % 2 == 0, frame["second_daily_amount"].to_numpy(), 0.0))
    assert fit_spend_rate(half).mean_factor < 0.75 * fit_spend_rate(frame).mean_factor
    with pytest.raises(ValueError, match="no second lifetime has spend"):
        fit_spend_rate(with_spend(frame, np.zeros(200)))

"""The distribution of value: closed forms, a hand-worked Kaplan-Meier case, and order."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtri

from winback.second_lifetime.curves import continuous, duration_curve, longest_observed_days
from winback.second_lifetime.worth import SHARES, daily_discount, discounted_days, worth_of

DAYS = np.arange(3001)


def exponential(mean_days: float) -> np.ndarray:
    return np.exp(-DAYS / mean_days)[None, :]


@pytest.mark.parametrize("yearly", [0.0, 0.1])
@pytest.mark.parametrize("horizon", [90, 730])
def test_exponential_duration_at_a_constant_rate(yearly: float, horizon: int) -> None:
    """S(t) = e^(-t/τ): mean (1 - e^(-kH)) / k with k = 1/τ + δ; quantile p is A(min(-τ log(1 - p), H))."""
    tau, discount = 120.0, daily_discount(yearly)
    worth = worth_of(exponential(tau), horizon_days=horizon, discount=discount, spread=0.0)
    k = 1 / tau + discount
    assert worth.mean_days[0] == pytest.approx((1 - np.exp(-k * horizon)) / k, rel=1e-4)
    ends = -tau * np.log1p(-np.array(SHARES))
    assert worth.durations[0] == pytest.approx(ends, rel=1e-4)
    assert worth.values[0] == pytest.approx(discounted_days(np.minimum(ends, horizon), discount), rel=1e-4)


def test_a_certain_duration_leaves_the_spread_of_the_rate() -> None:
    """T = 100 days: V = 100 e^(sZ), so its quantiles are those of Z."""
    survival = continuous((np.arange(401) < 100).astype(float))[None, :]
    worth = worth_of(survival, horizon_days=730, discount=0.0, spread=0.5)
    assert worth.values[0] == pytest.approx(100 * np.exp(0.5 * ndtri(np.array(SHARES))), rel=0.03)
    assert worth.mean_days[0] == pytest.approx(100.0)


def test_quantiles_meet_a_drawn_sample() -> None:
    draw = np.random.default_rng(3)
    discount = daily_discount(0.1)
    duration = 120.0 * draw.weibull(0.9, 400_000)
    value = np.exp(0.6 * draw.standard_normal(400_000)) * discounted_days(np.minimum(duration, 365), discount)
    survival = np.exp(-((DAYS / 120.0) ** 0.9))[None, :]
    worth = worth_of(survival, horizon_days=365, discount=discount, spread=0.6)
    assert worth.values[0] == pytest.approx(np.quantile(value, SHARES), rel=0.02)


def test_kaplan_meier_by_hand() -> None:
    """Ends after 2, 3 and 5 days, one lifetime censored on day 3: S is 3/4 from day 2, 3/4 · 2/3 = 1/2 from day 3, 0 from 5.

    The area is 2 · 1 + 1 · 3/4 + 2 · 1/2 = 3.75 days of spend; within 3 days 2.75, less a quarter of half a day at the edge.
    """
    curve = duration_curve(np.array([2.0, 3.0, 3.0, 5.0]), np.array([True, True, False, True]), 6)
    assert curve == pytest.approx([1, 1, 0.75, 0.5, 0.5, 0, 0])
    worth = worth_of(continuous(curve)[None, :], horizon_days=730, discount=0.0, spread=0.0)
    assert worth.mean_days[0] == pytest.approx(3.75)
    assert worth.outlast[0] == 0
    near = worth_of(continuous(curve)[None, :], horizon_days=3, discount=0.0, spread=0.0)
    assert near.mean_days[0] == pytest.approx(0.5 + 1 + 0.875 + 0.625 / 2)


def test_nothing_is_claimed_past_the_last_observed_day() -> None:
    survival = np.full((1, 101), 0.8)
    worth = worth_of(survival, horizon_days=730, discount=0.0, spread=0.0)
    assert worth.durations[0, 1:] == pytest.approx([100, 100])
    assert worth.values[0, 2] == pytest.approx(100)
    assert worth.outlast[0] == 0.8


def test_longest_observed_needs_company() -> None:
    assert longest_observed_days(np.arange(1.0, 101.0)) == 91
    assert longest_observed_days(np.array([4.0, 9.0])) == 4


@settings(max_examples=30, deadline=None)
@given(
    st.floats(5, 900), st.floats(0.4, 2.5), st.floats(0, 1.5), st.integers(1, 1500), st.floats(0, 0.5), st.integers(30, 2000)
)
def test_low_middle_and_high_are_in_order(
    scale: float, shape: float, spread: float, horizon: int, yearly: float, last: int
) -> None:
    days = np.arange(last + 1)
    survival = np.exp(-((days / np.array([[scale], [scale * 1.3]])) ** shape))
    worth = worth_of(survival, horizon_days=horizon, discount=daily_discount(yearly), spread=spread)
    for figures in (worth.values, worth.durations):
        assert (np.diff(figures, axis=1) >= 0).all()
        assert (np.diff(figures, axis=0) >= -1e-9).all(), "longer lives are worth no less"
    undiscounted = worth_of(survival, horizon_days=horizon, discount=0.0, spread=spread)
    assert (undiscounted.mean_days >= worth.mean_days - 1e-9).all()
    assert (worth.mean_days <= horizon + 1e-9).all()

"""Intervals of shares and means, against published figures and another implementation."""

import numpy as np
import pytest
from scipy import stats

from winback.track.means import difference_of_means, weighted_mean, welch
from winback.track.shares import newcombe, wilson


@pytest.mark.parametrize(
    ("returned", "n", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_gives_the_published_figures(returned: int, n: int, low: float, high: float) -> None:
    """Newcombe, Statistics in Medicine 17 (1998), 857-872, Table I, method 3."""
    found = wilson(returned / n, n)
    assert (round(found.low, 4), round(found.high, 4)) == (low, high)


@pytest.mark.parametrize(
    ("one", "n", "other", "m", "low", "high"),
    [
        (56, 70, 48, 80, 0.0524, 0.3339), (9, 10, 3, 10, 0.1705, 0.8090), (6, 7, 2, 7, 0.0582, 0.8062),
        (5, 56, 0, 29, -0.0381, 0.1926), (0, 10, 0, 20, -0.1611, 0.2775), (0, 10, 0, 10, -0.2775, 0.2775),
        (10, 10, 0, 20, 0.6791, 1.0), (10, 10, 0, 10, 0.6075, 1.0),
    ],
)  # fmt: skip
def test_newcombe_gives_the_published_figures(one: int, n: int, other: int, m: int, low: float, high: float) -> None:
    """Newcombe, Statistics in Medicine 17 (1998), 873-890, Table II, method 10, contrasts a to h."""
    found = newcombe(one / n, n, other / m, m)
    assert (round(found.low, 4), round(found.high, 4)) == (low, high)
    assert found.value == pytest.approx(one / n - other / m)


def test_wilson_agrees_with_scipy_at_every_count() -> None:
    for n in (1, 7, 40):
        for returned in range(n + 1):
            other = stats.binomtest(returned, n).proportion_ci(method="wilson")
            found = wilson(returned / n, n)
            assert (found.low, found.high) == (pytest.approx(other.low, abs=1e-12), pytest.approx(other.high, abs=1e-12))


def test_welch_under_equal_weights_is_welch() -> None:
    lot = np.random.default_rng(3)
    one, other = lot.lognormal(3, 1, 40), lot.lognormal(2, 1, 9)
    expected = stats.ttest_ind(one, other, equal_var=False).confidence_interval()
    found = welch(weighted_mean(one, np.full(40, 7.0)), weighted_mean(other, np.full(9, 0.2)))
    assert (found.low, found.high) == (pytest.approx(expected.low), pytest.approx(expected.high))
    assert found.value == pytest.approx(one.mean() - other.mean())


def test_weights_undo_unequal_chances() -> None:
    """Two strata, drawn with 1/2 and 1/10: values 10 and 50 in a population half and half have the mean 30."""
    values, weights = np.repeat([10.0, 50.0], [50, 10]), np.repeat([2.0, 10.0], [50, 10])
    found = weighted_mean(values, weights)
    assert found.value == pytest.approx(30.0)
    assert found.effective_n == pytest.approx(200**2 / (50 * 4 + 10 * 100))


def test_dealing_again_agrees_with_welch_where_values_are_normal() -> None:
    lot = np.random.default_rng(5)
    values, is_one = lot.normal(10, 3, 400), np.arange(400) < 200
    values[is_one] += 1
    expected = welch(*(weighted_mean(values[group], np.ones(200)) for group in (is_one, ~is_one)))
    found = difference_of_means(values, np.ones(400), is_one, np.zeros(400, np.int64))
    assert found.value == expected.value
    assert (found.low, found.high) == (pytest.approx(expected.low, abs=0.06), pytest.approx(expected.high, abs=0.06))


def test_what_weeks_differ_by_widens_nothing() -> None:
    """Two weeks far apart, both groups alike in each: dealt within weeks, that difference stays out of the interval."""
    lot = np.random.default_rng(6)
    week = np.repeat([0, 1], 200)
    is_one = np.tile(np.arange(200) < 100, 2)
    values = 100 * week + lot.normal(0, 1, 400)
    width = {}
    for name, block in (("within", week), ("over", np.zeros(400, np.int64))):
        found = difference_of_means(values, np.ones(400), is_one, block)
        width[name] = found.high - found.low
    assert width["within"] < 0.1 * width["over"]


def test_a_mean_without_spread_has_no_interval() -> None:
    flat = weighted_mean(np.zeros(5), np.ones(5))
    assert (welch(flat, flat).low, welch(flat, flat).high) == (0.0, 0.0)

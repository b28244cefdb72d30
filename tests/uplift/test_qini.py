"""The Qini coefficient on numbers worked by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from winback.uplift.chance import chance_band
from winback.uplift.qini import best_area, qini_area, qini_coefficient, rank_by, ranks_within_folds

OUTCOME = np.array([1.0, 0.0, 1.0, 0.0])
TREATED = np.array([1.0, 0.0, 0.0, 1.0])
"""In the order below: treated buys, control does not, control buys, treated does not."""


def test_four_customers_by_hand() -> None:
    # After 1, 2, 3, 4 customers: treated outcomes 1 1 1 1; control outcomes 0 0 1 1 times treated / control 1/0 1/1 1/2 2/2.
    # Curve 0, 1, 1, 1/2, 0: trapezoids 1/2 + 1 + 3/4 + 1/4 = 2.5; the straight line ends at 0, its area is 0.
    assert qini_area(rank_by(np.array([4.0, 3.0, 2.0, 1.0])), OUTCOME, TREATED) == pytest.approx(2.5)


def test_the_perfect_order_takes_equal_values_as_one_step() -> None:
    # Perfect score y*t - y*(1-t): 1, 0, -1, 0. Points after 1, 3 and 4 customers: 1, 1 - 0 * 2/1 = 1, 1 - 1 * 2/2 = 0.
    # Trapezoids 1/2 + 2 + 1/2 = 3.
    assert best_area(OUTCOME, TREATED) == pytest.approx(3.0)
    assert qini_coefficient(np.array([4.0, 3.0, 2.0, 1.0]), OUTCOME, TREATED) == pytest.approx(2.5 / 3)


def test_the_reverse_order_by_hand() -> None:
    # Treated does not, control buys, control does not, treated buys: curve 0, 0, -1, -1/2, 0; area -1.5.
    assert qini_area(rank_by(np.array([1.0, 2.0, 3.0, 4.0])), OUTCOME, TREATED) == pytest.approx(-1.5)


def test_one_score_for_all_is_the_straight_line() -> None:
    assert qini_coefficient(np.zeros(4), OUTCOME, TREATED) == pytest.approx(0.0)


def test_nothing_to_order_has_no_coefficient() -> None:
    assert qini_coefficient(np.arange(4.0), np.zeros(4), TREATED) is None


@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.integers(0, 3)), min_size=2, max_size=30))
def test_no_order_of_equal_scores_matters(rows: list[tuple[bool, bool, int]]) -> None:
    outcome, treated, score = (np.array(column, dtype=np.float64) for column in zip(*rows, strict=True))
    back = slice(None, None, -1)
    forward = qini_area(rank_by(score), outcome, treated)
    assert forward == pytest.approx(qini_area(rank_by(score[back]), outcome[back], treated[back]))


def test_ranks_are_taken_within_a_fold() -> None:
    score, fold = np.array([10.0, 11.0, 0.1, 0.2]), np.array([0, 0, 1, 1])
    assert ranks_within_folds(score, fold).tolist() == [0.0, 0.5, 0.0, 0.5]


def test_the_band_of_chance_holds_a_useless_score_and_not_a_true_one() -> None:
    lot = np.random.default_rng(5)
    treated = lot.integers(0, 2, 4000).astype(np.float64)
    useful = lot.random(4000)
    outcome = (lot.random(4000) < 0.2 + 0.2 * treated * useful).astype(np.float64)
    for score, is_inside in ((lot.random(4000), True), (useful, False)):
        found = qini_coefficient(score, outcome, treated)
        assert found is not None
        band = chance_band([rank_by(score)], outcome, treated, None, found, n_deals=100, n_arms_tested=1)
        assert (band.low < found < band.high) is is_inside
        assert band.low < 0 < band.high

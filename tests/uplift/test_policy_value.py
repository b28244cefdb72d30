"""The value of policies and uplift among the top, on numbers worked by hand."""

import numpy as np
import polars as pl
import pytest

from winback.uplift.analysis import AnalysisPlan, analyse
from winback.uplift.doubly_robust import doubly_robust_outcomes
from winback.uplift.feature_choice import choose_features
from winback.uplift.influence import estimate, mean_influence
from winback.uplift.policy_value import choose_arms, value_policies
from winback.uplift.qini import rank_by
from winback.uplift.top_shares import top_uplift


@pytest.fixture
def frame() -> pl.DataFrame:
    """Forty customers: the letter adds 1 for the young (first half of each arm) and takes 1 from the old."""
    young = [1.0] * 10 + [0.0] * 10
    return pl.DataFrame(
        {"arm": ["none"] * 20 + ["letter"] * 20, "young": young * 2, "y": [2.0] * 20 + [3.0] * 10 + [1.0] * 9 + [0.0]}
    )


def test_the_arm_with_the_highest_effect_less_cost_is_chosen() -> None:
    effects = np.array([[0.2, 0.1], [0.1, 0.5], [-0.1, -0.2], [0.2, 0.25]])
    assert choose_arms(effects, np.array([0.0, 0.0, 0.2])).tolist() == [1, 2, 0, 1]
    assert choose_arms(np.array([[0.0, 0.0]]), np.zeros(3)).tolist() == [0]


def test_one_arm_for_all_has_exactly_the_mean_of_that_arm(frame, test_of) -> None:
    test = test_of(frame, costs={"letter": 0.25})
    scores = doubly_robust_outcomes(np.full((40, 2), 0.7), test.arm, test.outcome, test.assignment_shares)
    found = value_policies(test, scores, [np.ones(40, dtype=np.int64)])
    assert found.value.value == pytest.approx(39 / 20 - 0.25)
    assert found.gains[1].value == pytest.approx(0.0)
    assert found.gains[1].standard_error == pytest.approx(0.0)
    assert found.best == 0


def test_choosing_well_by_hand(frame, test_of) -> None:
    test = test_of(frame)
    chosen = (frame["young"] == 1).cast(pl.Int64).to_numpy()
    scores = doubly_robust_outcomes(np.zeros((40, 2)), test.arm, test.outcome, test.assignment_shares)
    found = value_policies(test, scores, [chosen])
    # Letter to the young: 3 for half of all; nothing to the old: 2 for the other half.
    assert found.value.value == pytest.approx(2.5)
    assert found.gain_over_best.value == pytest.approx(0.5)
    assert found.shares.tolist() == [0.5, 0.5]


def test_uplift_among_the_top_is_the_difference_of_raw_means(frame, test_of) -> None:
    test = test_of(frame)
    treated = test.arm.astype(np.float64)
    ranking = rank_by(frame["young"].to_numpy() + np.linspace(0, 0.01, 40))
    found = top_uplift([ranking, ranking], test.outcome, treated, None, 0.5)
    assert found.n_rows == 20
    assert found.uplift.value == pytest.approx(1.0)
    everybody = top_uplift([ranking], test.outcome, treated, None, 1.0).uplift
    assert everybody.value == pytest.approx(-0.05)


def test_the_influence_of_a_mean_gives_its_standard_error() -> None:
    outcome, rows = np.array([1.0, 3.0, 5.0, 9.0]), np.array([True, True, True, False])
    influence = mean_influence(outcome, rows)
    assert influence.tolist() == [pytest.approx(-2 / 3), 0.0, pytest.approx(2 / 3), 0.0]
    found = estimate(3.0, influence, None)
    assert found.standard_error == pytest.approx((8 / 9 * 4 / 3) ** 0.5)


def test_the_same_file_gives_the_same_result_in_any_process(without_effect, test_of) -> None:
    test = test_of(without_effect(300, 5))
    plan = AnalysisPlan(fold_seeds=(1,), n_folds=3, n_deals=10)
    first, second = (analyse(test, choose_features(test), plan) for _ in range(2))
    assert first.differences is not None
    assert first.verdict == second.verdict
    assert first.differences.rankings == second.differences.rankings

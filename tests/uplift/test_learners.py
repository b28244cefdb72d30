"""The learners behind one interface: shapes, several arms, missing values, a known effect found."""

import numpy as np
import polars as pl
import pytest

from winback.uplift.cross_fitting import cross_fit
from winback.uplift.doubly_robust import doubly_robust_outcomes
from winback.uplift.folds import fold_of_rows
from winback.uplift.learners import Learner, all_learners

SHARES = np.array([0.5, 0.25, 0.25])


def _rows(n_rows: int, *, binary: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Arm 1 gains 0.3 where the first feature is positive, arm 2 loses 0.2 everywhere."""
    lot = np.random.default_rng(4)
    x = lot.normal(size=(n_rows, 3))
    arm = lot.choice(3, n_rows, p=SHARES)
    level = 0.4 + 0.3 * (arm == 1) * (x[:, 0] > 0) - 0.2 * (arm == 2)
    outcome = (lot.random(n_rows) < level).astype(float) if binary else level + lot.normal(scale=0.3, size=n_rows)
    return x, arm, outcome


@pytest.mark.parametrize("binary", [True, False])
@pytest.mark.parametrize("learner", all_learners(), ids=lambda one: one.name)
def test_a_known_effect_is_found(learner: Learner, binary: bool) -> None:
    x, arm, outcome = _rows(6000, binary=binary)
    effects = learner.fit(x, arm, outcome, SHARES)
    high, low = effects(np.array([[1.5, 0, 0]])), effects(np.array([[-1.5, 0, 0]]))
    assert high.shape == (1, 2)
    assert high[0, 0] - low[0, 0] > 0.12
    assert effects(x)[:, 1].mean() == pytest.approx(-0.2, abs=0.07)


@pytest.mark.parametrize("learner", all_learners(), ids=lambda one: one.name)
def test_missing_values_and_chances_per_row_are_taken(learner: Learner) -> None:
    x, arm, outcome = _rows(600, binary=True)
    x[::3, 1] = np.nan
    per_row = learner.fit(x, arm, outcome, np.tile(SHARES, (600, 1)))(x)
    assert np.isfinite(per_row).all()
    assert np.array_equal(per_row, learner.fit(x, arm, outcome, SHARES)(x))


def test_doubly_robust_outcomes_by_hand() -> None:
    # In the arm with chance 0.25, expected 0.4 and found 1: 0.4 + 0.6 / 0.25 = 2.8; in the other arm the expectation stands.
    found = doubly_robust_outcomes(np.array([[0.3, 0.4]]), np.array([1]), np.array([1.0]), np.array([0.75, 0.25]))
    assert found.tolist() == [[0.3, pytest.approx(2.8)]]


def test_folds_are_even_per_arm_and_keep_clusters_whole(without_effect, test_of) -> None:
    frame = without_effect(500, 1)
    test = test_of(frame)
    fold = fold_of_rows(test, 5, seed=1)
    for a in (0, 1):
        counts = np.bincount(fold[test.arm == a], minlength=5)
        assert counts.max() - counts.min() <= 1
    clustered = test_of(frame.with_columns(shop=pl.int_range(pl.len()) // 4), cluster="shop")
    of_shop = pl.DataFrame({"shop": clustered.cluster, "fold": fold_of_rows(clustered, 5, seed=1)})
    assert of_shop.group_by("shop").agg(pl.col("fold").n_unique())["fold"].max() == 1


def test_no_row_is_seen_by_the_model_that_predicts_it(without_effect, test_of) -> None:
    test = test_of(without_effect(200, 1))
    seen: list[np.ndarray] = []

    def fit(x, arm, outcome, shares):
        seen.append(x[:, 0])
        return lambda rows: np.isin(rows[:, :1], x[:, 0]).astype(float)

    found = cross_fit(test, test.rows, [Learner("spy", "", fit)], n_folds=4, seed=1)
    assert len(seen) == 4
    assert found.effects["spy"].sum() == 0


def test_very_many_rows_are_fitted_on_a_part_and_all_judged(without_effect, test_of, monkeypatch) -> None:
    monkeypatch.setattr("winback.uplift.cross_fitting.MAX_TRAINING_ROWS", 60)
    test = test_of(without_effect(200, 1))
    sizes: list[int] = []

    def fit(x, arm, outcome, shares):
        sizes.append(len(np.unique(x[:, 0])))
        return lambda rows: np.ones((len(rows), 1))

    found = cross_fit(test, test.rows, [Learner("spy", "", fit)], n_folds=4, seed=1)
    assert sizes == [60] * 4
    assert found.effects["spy"].sum() == 200

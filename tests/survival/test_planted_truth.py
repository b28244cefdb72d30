"""What was planted comes back: effects, chances by group, and nothing where there is nothing."""

from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from tests.survival.simulated_returns import SEEN_DAYS, START, landmark_rows, true_probs
from winback.evaluation.bootstrap import account_draws
from winback.evaluation.calibration import Calibration
from winback.evaluation.ranking import Ranking
from winback.survival.family_cox import breslow_baseline, cox_coefficients
from winback.survival.return_model import ReturnModel
from winback.survival.train_return_model import train_return_model

AS_OF = START + timedelta(days=SEEN_DAYS)
PLANTED = np.array([0.5, -0.3, 0.15, 0.0])
USUAL_DAYS, LONGEST_DAYS = 120, 182

pytestmark = pytest.mark.slow


def planted_times(n_rows: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Columns of spread 1, and times to return whose log hazard is `PLANTED` times them; seen for 30 to 182 days."""
    draw = np.random.default_rng(seed)
    columns = draw.uniform(-1, 1, (n_rows, len(PLANTED))) * np.sqrt(3)
    time = np.maximum(np.ceil(draw.exponential(USUAL_DAYS / np.exp(columns @ PLANTED))), 1).astype(np.int64)
    seen = draw.integers(30, LONGEST_DAYS + 1, n_rows)
    return columns, np.minimum(time, seen), time <= seen


def test_planted_effects_lie_within_the_intervals_of_the_fitted_ones() -> None:
    """95 % intervals by a bootstrap: of 12 planted effects at least 10 lie inside (by chance fewer do once in 50 times)."""
    held = []
    for seed in range(3):
        columns, time, returned = planted_times(3000, seed)
        fitted = cox_coefficients(columns, time, returned, 0.0)
        draw = np.random.default_rng(100 + seed)
        chosen = [draw.integers(0, len(time), len(time)) for _ in range(20)]
        error = np.std([cox_coefficients(columns[at], time[at], returned[at], 0.0) for at in chosen], axis=0, ddof=1)
        held += list(np.abs(fitted - PLANTED) <= 1.96 * error)
        assert (error < 0.04).all()
    assert sum(held) >= 10, held


def test_the_baseline_beside_planted_effects_gives_the_planted_chance() -> None:
    columns, time, returned = planted_times(20_000, 7)
    beta = cox_coefficients(columns, time, returned, 0.0)
    baseline = breslow_baseline(columns @ beta, time, returned, LONGEST_DAYS)
    for group in (columns @ PLANTED < -0.5, np.abs(columns @ PLANTED) <= 0.5, columns @ PLANTED > 0.5):
        found = -np.expm1(-np.exp(columns[group] @ beta) * baseline[56]).mean()
        planted = -np.expm1(-np.exp(columns[group] @ PLANTED) * 56 / USUAL_DAYS).mean()
        assert found == pytest.approx(planted, abs=0.015)


@pytest.fixture(scope="module")
def fresh() -> pl.DataFrame:
    """Accounts that no model has seen, 56 days before the data's end."""
    return landmark_rows(3000, seed=5, landmarks=(672,))


def groups_of(model: ReturnModel, fresh: pl.DataFrame) -> pl.DataFrame:
    """Groups of at least 30 accounts by number of purchases and silence: mean planted chance, mean 80 % interval."""
    low, high = (side[:, model.horizons_days.index(56)] for side in model.intervals(fresh))
    bought = np.searchsorted([1, 3], fresh["n_purchase_days"].to_numpy())
    silent = np.searchsorted([90, 200], fresh["silence_days"].to_numpy())
    return (
        pl.DataFrame({"bought": bought, "silent": silent, "truth": true_probs(fresh, 56), "low": low, "high": high})
        .group_by("bought", "silent")
        .agg(pl.col("truth", "low", "high").mean(), pl.len())
        .filter(pl.col("len") >= 30)
        .sort("bought", "silent")
    )


def test_planted_chances_of_groups_lie_within_their_intervals(model: ReturnModel, fresh: pl.DataFrame) -> None:
    """Of groups in two simulated logs at least 75 % have their planted chance inside an 80 % interval."""
    other = train_return_model(landmark_rows(1500, seed=20), as_of_on=AS_OF, horizon_days=56)
    groups = pl.concat([groups_of(model, fresh), groups_of(other, landmark_rows(3000, seed=120, landmarks=(672,)))])
    assert groups.height >= 14
    inside = groups.filter(pl.col("truth").is_between("low", "high"))
    print(f"{inside.height} of {groups.height} groups")
    assert inside.height / groups.height >= 0.75, groups


def test_a_planted_noise_feature_gains_nothing_out_of_time(
    rows: pl.DataFrame, model: ReturnModel, fresh: pl.DataFrame
) -> None:
    """Brier score and ROC-AUC on a later date: 0 lies within the bootstrap interval of the gain, and little is lost."""
    draw = np.random.default_rng(9)
    noisy = train_return_model(
        rows.with_columns(noise=pl.Series(draw.normal(size=rows.height))), as_of_on=AS_OF, horizon_days=56
    )
    with_noise = fresh.with_columns(noise=pl.Series(draw.normal(size=fresh.height)))
    returned = (fresh["has_returned"] & (fresh["time_days"] <= 56)).to_numpy()
    draws = account_draws(fresh.height, 400, seed=3).astype(float)
    day = np.array([56.0])

    def measured(prob: np.ndarray) -> dict[str, np.ndarray]:
        weights = np.vstack([np.ones(len(prob)), draws])
        return Calibration(returned, prob).measure(weights) | Ranking(returned, prob).measure(weights)

    without, beside = measured(model.return_probs(fresh, day)[:, 0]), measured(noisy.return_probs(with_noise, day)[:, 0])
    gains = {"brier": without["brier"] - beside["brier"], "roc_auc": beside["roc_auc"] - without["roc_auc"]}
    for name, gain in gains.items():
        low, high = np.quantile(gain[1:], [0.025, 0.975])
        print(f"{name}: gain {gain[0]:.6f}, 95 % interval {low:.6f} to {high:.6f}")
        assert low <= 0, (name, low)
        assert abs(gain[0]) < {"brier": 0.001, "roc_auc": 0.005}[name]

"""The model of return after a contact: gate, planted effect, placebo, small tables, intervals, files, refusals."""

from datetime import date, timedelta
from itertools import product
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tests.propensity.synthetic_touches import synthetic_touches
from winback.errors import UsageError
from winback.propensity.families import (
    BASE_RATE,
    BOOSTED,
    LOGISTIC,
    MIN_EACH,
    MIN_TOUCHES,
    SHIFTED,
    Inputs,
    TouchRows,
    enough_for,
)
from winback.propensity.model_files import model_files, read_model
from winback.propensity.score import no_scores, score_propensity
from winback.propensity.time_blocks import time_splits
from winback.propensity.train import NotEnoughTouchesError, train_propensity
from winback.propensity.trials import propensity_trials

WEEK = date(2025, 12, 1)


def fitted(touches: pl.DataFrame):
    return train_propensity(touches.drop("true_prob", strict=False), as_of_on=WEEK, horizon_days=56)


def options(touches: pl.DataFrame, week_on: date = WEEK) -> pl.DataFrame:
    rows = touches.unique("account_id", keep="first", maintain_order=True).drop(
        "has_returned", "true_prob", "row_key", strict=False
    )
    return rows.with_columns(as_of_on=pl.lit(week_on), arm_no=pl.lit(1, dtype=pl.Int64))


def test_a_planted_effect_is_found() -> None:
    touches = synthetic_touches(3000, seed=1)
    model = fitted(touches)
    fresh = synthetic_touches(2000, seed=2)
    prob, low, high = model.probs(fresh)
    assert model.champion == LOGISTIC
    assert np.corrcoef(prob, fresh["true_prob"].to_numpy())[0, 1] > 0.95
    covered = ((low <= fresh["true_prob"].to_numpy()) & (fresh["true_prob"].to_numpy() <= high)).mean()
    assert covered > 0.6


def with_hidden_trait(n: int, seed: int, strength: float = 0.8) -> pl.DataFrame:
    """Contacts whose accounts differ by more than the features tell; `mean_prob` is the mean chance of contacts alike."""
    touches, lot = synthetic_touches(n, seed=seed), np.random.default_rng((seed, 1))
    odds = np.log(touches["true_prob"].to_numpy() / (1 - touches["true_prob"].to_numpy()))
    grid = np.linspace(-3, 3, 61)
    weight = np.exp(-(grid**2) / 2) / np.exp(-(grid**2) / 2).sum()
    mean = 1 / (1 + np.exp(-(odds[:, None] + strength * grid))) @ weight
    own = 1 / (1 + np.exp(-(odds + strength * lot.normal(size=n))))
    return touches.with_columns(
        true_prob=pl.Series(own), mean_prob=pl.Series(mean), has_returned=pl.Series(lot.random(n) < own)
    )


def test_intervals_hold_the_mean_chance_of_contacts_alike() -> None:
    fresh = with_hidden_trait(400, 99)
    held, held_own = [], []
    for n_contacts, seed in product((400, 1500, 4000), range(200, 204)):
        _, low, high = fitted(with_hidden_trait(n_contacts, seed).drop("mean_prob")).probs(fresh)
        held.append(((low <= fresh["mean_prob"].to_numpy()) & (fresh["mean_prob"].to_numpy() <= high)).mean())
        held_own.append(((low <= fresh["true_prob"].to_numpy()) & (fresh["true_prob"].to_numpy() <= high)).mean())
    assert 0.7 <= np.mean(held) <= 0.9
    assert np.mean(held_own) < 0.5, "what one account hides is not promised"


def test_bent_log_odds_are_left_to_the_trees() -> None:
    assert fitted(synthetic_touches(5000, seed=3, steps=1.0)).champion == BOOSTED


def test_without_an_effect_nobody_is_told_apart() -> None:
    touches = synthetic_touches(2000, seed=4, effect=0.0)
    prob, _, _ = fitted(touches).probs(touches)
    assert prob.std() < 0.03
    assert abs(prob.mean() - touches["has_returned"].mean()) < 0.02


@pytest.mark.parametrize("seed", range(4))
def test_on_a_few_hundred_rows_trees_lose_to_the_line(seed: int) -> None:
    model = fitted(synthetic_touches(450, seed=10 + seed))
    assert set(model.families) == {BASE_RATE, SHIFTED, LOGISTIC, BOOSTED} or "boosted trees want" in model.level_reason
    assert model.champion != BOOSTED


def test_intervals_widen_with_fewer_rows() -> None:
    fresh = synthetic_touches(300, seed=5)

    def width(n: int) -> float:
        model = fitted(synthetic_touches(n, seed=6))
        _, low, high = model.probs(fresh)
        return float(np.mean(high - low))

    few, some, many = (width(n) for n in (120, 400, 3200))
    assert few > 1.3 * some > 1.3 * many


@pytest.mark.parametrize(
    ("n", "n_returned", "has_model"),
    [(MIN_TOUCHES - 1, 50, False), (MIN_TOUCHES, MIN_EACH - 1, False), (MIN_TOUCHES, MIN_TOUCHES - MIN_EACH + 1, False),
     (MIN_TOUCHES, MIN_EACH, True)],
)  # fmt: skip
def test_the_gate_opens_where_it_says(n: int, n_returned: int, has_model: bool) -> None:
    level, reason = enough_for(np.arange(n) < n_returned)
    assert (level is not None) is has_model
    assert f"{n} settled contacts, {n_returned} of them" in reason


def test_below_the_gate_there_is_no_model_and_the_record_says_why() -> None:
    with pytest.raises(NotEnoughTouchesError, match="there are 60 settled contacts") as error:
        fitted(synthetic_touches(60, seed=7))
    trials = propensity_trials(None, str(error.value), WEEK)
    assert trials["is_champion"].sum() == 0
    assert trials["level_reason"].str.contains("100 settled contacts").all()
    assert no_scores().height == 0


def test_blocks_learn_only_from_what_was_settled_before_them() -> None:
    touches = synthetic_touches(1000, seed=8)
    rows = TouchRows(
        touches, Inputs(np.zeros((1000, 0)), np.zeros(1000)), touches["has_returned"].cast(pl.Float64).to_numpy()
    )
    splits = time_splits(rows, 56)
    assert not splits.is_overlapping
    for split in splits.parts:
        newest = touches.filter(pl.Series(split.learned))["as_of_on"].max()
        assert newest + timedelta(days=56) <= touches.filter(pl.Series(split.judged))["as_of_on"].min()
    judged = np.sum([split.judged for split in splits.parts], axis=0)
    assert judged.max() == 1


def test_contacts_of_a_few_weeks_are_split_by_account() -> None:
    touches = synthetic_touches(600, seed=9, n_weeks=4)
    rows = TouchRows(touches, Inputs(np.zeros((600, 0)), np.zeros(600)), touches["has_returned"].cast(pl.Float64).to_numpy())
    splits = time_splits(rows, 56)
    assert splits.is_overlapping
    for split in splits.parts:
        learned = set(touches.filter(pl.Series(split.learned))["account_id"])
        assert learned.isdisjoint(touches.filter(pl.Series(split.judged))["account_id"])


def test_files_round_trip_and_give_the_same_bytes(tmp_path: Path) -> None:
    touches = synthetic_touches(1500, seed=11, steps=0.5)
    model = fitted(touches)
    files = model_files(model)
    assert model_files(fitted(touches)) == files
    assert {Path(name).suffix for name in files} <= {".json", ".ubj"}
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    again = read_model(tmp_path, feature_columns=touches.columns, as_of_on=WEEK)
    assert again.training == model.training and again.verdict == model.verdict
    for mine, theirs in zip(model.probs(touches), again.probs(touches), strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_other_features_and_other_weeks_are_refused() -> None:
    touches = synthetic_touches(400, seed=12)
    model, rows = fitted(touches), options(touches)
    with pytest.raises(UsageError, match=r"lack: silence_days\. Run the asset model_propensity"):
        score_propensity(model, rows.drop("silence_days"))
    with pytest.raises(UsageError, match="knows what came after"):
        score_propensity(model, options(touches, WEEK - timedelta(weeks=1)))
    with pytest.raises(UsageError, match="days older than"):
        score_propensity(model, options(touches, WEEK + timedelta(weeks=60)))


def test_scores_hold_their_interval_and_do_not_depend_on_the_batch() -> None:
    touches = synthetic_touches(400, seed=13)
    model, rows = fitted(touches), options(touches)
    scores = score_propensity(model, rows)
    assert scores.filter((pl.col("low") > pl.col("touched_prob")) | (pl.col("touched_prob") > pl.col("high"))).is_empty()
    assert scores["usage_warning"].str.contains("small_sample").all()
    alone = score_propensity(model, rows.sample(7, seed=1))
    assert alone.join(scores, on=scores.columns, how="semi", nulls_equal=True).height == 7

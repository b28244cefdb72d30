"""What the tool says: nothing where there is nothing, and the difference where there is one."""

import numpy as np
import polars as pl
import pytest

from winback.uplift.analysis import AnalysisPlan, ExperimentResult, analyse
from winback.uplift.experiment import Experiment
from winback.uplift.feature_choice import choose_features
from winback.uplift.learners import all_learners
from winback.uplift.verdict import NO_DIFFERENCE

FAST = AnalysisPlan(fold_seeds=(1, 2), n_folds=3, n_deals=60, learners=all_learners()[:1])


def _analysed(test: Experiment, plan: AnalysisPlan) -> ExperimentResult:
    return analyse(test, choose_features(test), plan)


def _planted(n_rows: int, seed: int, n_arms: int) -> tuple[pl.DataFrame, np.ndarray]:
    """Effects of -2 to +12 points by reason and delay (rows x arms, in the arms' alphabetical order, the control first).

    The call helps where the reason is fresh. With three arms the letter helps the other reasons, and late.
    """
    lot = np.random.default_rng(seed)
    reason, delay = lot.integers(0, 6, n_rows), lot.integers(7, 120, n_rows)
    fits, fresh = 1 - reason / 5, 1 - (delay - 7) / 112
    call, letter = -0.02 + 0.07 * (fits + fresh), -0.02 + 0.07 * (2 - fits - fresh)
    effects = np.column_stack([np.zeros(n_rows), call, letter])[:, :n_arms]
    arm = lot.integers(0, n_arms, n_rows)
    chance = lot.uniform(0.1, 0.2, n_rows) + effects[np.arange(n_rows), arm]
    columns = {
        "reason": np.array([f"r{i}" for i in range(6)])[reason],
        "delay_days": delay,
        "worth": lot.gamma(2.0, 50.0, n_rows),
        "arm": np.array(["none", "call", "letter"])[arm],
        "y": (lot.random(n_rows) < chance).astype(int),
    }
    return pl.DataFrame(columns), effects


def test_nothing_is_found_where_nothing_is(without_effect, test_of) -> None:
    result = _analysed(test_of(without_effect(1500, 3)), FAST)
    assert result.verdict.sentences[0] == NO_DIFFERENCE
    assert result.verdict.ranked_arms == ()
    assert result.verdict.is_policy_better is False


def test_one_effect_for_all_is_no_difference_between_customers(without_effect, test_of) -> None:
    frame = without_effect(1500, 3).with_columns(y=pl.col("y") + 0.5 * (pl.col("arm") == "letter"))
    verdict = _analysed(test_of(frame), FAST).verdict
    assert verdict.sentences[0] == NO_DIFFERENCE
    assert verdict.best_arm == "letter"
    assert verdict.is_best_arm_reliable


def test_a_planted_difference_is_found(test_of) -> None:
    frame, _ = _planted(12_000, 1, 3)
    verdict = _analysed(test_of(frame), FAST).verdict
    assert verdict.ranked_arms
    assert verdict.is_policy_better
    assert NO_DIFFERENCE not in verdict.sentences


def test_too_few_rows_are_said_and_effects_still_shown(without_effect, test_of) -> None:
    result = _analysed(test_of(without_effect(60, 1)), FAST)
    assert result.differences is None
    assert "cannot be judged: the arm" in result.verdict.sentences[0]
    assert result.effects[1].effect is not None


@pytest.mark.slow
def test_intervals_of_uplift_cover_zero_as_often_as_they_should_without_effect(without_effect, test_of) -> None:
    covered: dict[str, list[bool]] = {}
    alarms = 0
    for seed in range(100):
        result = _analysed(test_of(without_effect(800, 100 + seed)), FAST)
        assert result.differences is not None
        ranking = result.differences.rankings[0]
        intervals = {f"top {t.share:.0%}": t.uplift for t in ranking.top} | {"all": result.effects[1].effect}
        for name, found in intervals.items():
            covered.setdefault(name, []).append(found.low <= 0 <= found.high)
        alarms += result.verdict.sentences[0] != NO_DIFFERENCE
    for name, hits in covered.items():
        assert 90 <= sum(hits) <= 98, (name, sum(hits))
    assert alarms <= 7


@pytest.mark.slow
@pytest.mark.parametrize("n_arms", [2, 3])
def test_the_learned_policy_earns_nine_tenths_of_the_oracles_gain(n_arms: int, test_of) -> None:
    frame, effects = _planted(20_000, 11, n_arms)
    test = test_of(frame)
    assert test.arm_names == ("none", "call", "letter")[:n_arms]
    result = _analysed(test, AnalysisPlan(fold_seeds=(1,), n_deals=50))
    assert result.differences is not None
    earned = effects[np.arange(len(effects)), result.differences.policies[0]].mean()
    at_random, oracle = effects.mean(), effects.max(axis=1).mean()
    assert earned - at_random >= 0.9 * (oracle - at_random)
    assert result.verdict.ranked_arms


@pytest.mark.slow
def test_on_small_tables_the_linear_learner_is_chosen(test_of) -> None:
    chosen = []
    for seed in range(8):
        lot = np.random.default_rng(seed)
        x, treated = lot.normal(size=(400, 4)), lot.integers(0, 2, 400)
        log_odds = -0.5 + 0.6 * x[:, 0] + treated * (0.2 + 0.9 * x[:, 1])
        frame = pl.DataFrame({f"x{i}": x[:, i] for i in range(4)}).with_columns(
            arm=pl.Series(np.array(["none", "letter"])[treated]),
            y=pl.Series((lot.random(400) < 1 / (1 + np.exp(-log_odds))) * 1),
        )
        result = _analysed(test_of(frame), AnalysisPlan(fold_seeds=(1, 2), n_deals=20))
        assert result.differences is not None
        chosen.append(result.differences.learner)
    assert chosen.count("linear-t") >= 6, chosen

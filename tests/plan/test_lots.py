"""Lots: shares, independence, sets of arms."""

from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.plan.plan_rows import SILENT_SINCE
from winback.plan.columns import Resources
from winback.plan.lots import EXPLORE, HOLDOUT, TREATED, Arm, Experiment, explorable_arms

IDS = [f"A{n:05d}" for n in range(20_000)]


def lots(experiment: Experiment, ids: list[str] = IDS, since: date = SILENT_SINCE) -> np.ndarray:
    return np.array([experiment.assignment(account, since) for account in ids])


def test_shares_lie_within_what_chance_allows() -> None:
    drawn = lots(Experiment("E1", 0.1, 0.05, b"a salt"))
    for lot, share in ((HOLDOUT, 0.1), (EXPLORE, 0.05), (TREATED, 0.85)):
        z = ((drawn == lot).sum() - share * len(IDS)) / np.sqrt(len(IDS) * share * (1 - share))
        assert abs(z) < 3.3, (lot, z)


@pytest.mark.parametrize(
    "other", [Experiment("E1", 0.1, 0.05, b"another"), Experiment("E2", 0.1, 0.05, b"a salt")], ids=["salt", "experiment"]
)
def test_another_salt_or_experiment_is_another_independent_lot(other: Experiment) -> None:
    one, two = lots(Experiment("E1", 0.1, 0.05, b"a salt")) == HOLDOUT, lots(other) == HOLDOUT
    both, chance = (one & two).sum(), 0.01
    assert abs(both - chance * len(IDS)) / np.sqrt(len(IDS) * chance * (1 - chance)) < 3.3


def test_a_new_silence_draws_anew_and_the_same_one_does_not() -> None:
    experiment = Experiment("E1", 0.5, 0.0, b"a salt")
    assert (lots(experiment) == lots(experiment, IDS[::-1])[::-1]).all()
    agree = (lots(experiment) == lots(experiment, since=date(2026, 2, 2))).mean()
    assert abs(agree - 0.5) < 0.02


def test_shares_of_nothing_draw_nobody() -> None:
    experiment = Experiment("E1", 0.0, 0.0, b"a salt")
    assert not experiment.is_on
    assert set(lots(experiment, IDS[:500])) == {TREATED}


def test_probabilities_add_up_and_larger_shares_keep_those_drawn() -> None:
    small, large = Experiment("E1", 0.1, 0.05, b"s"), Experiment("E1", 0.2, 0.05, b"s")
    assert sum(map(small.probability, (TREATED, HOLDOUT, EXPLORE))) == pytest.approx(1)
    assert set(np.array(IDS)[lots(small) == HOLDOUT]) < set(np.array(IDS)[lots(large) == HOLDOUT])


def test_every_arm_is_drawn_as_often_and_whatever_the_lot_was() -> None:
    from scipy.stats import chisquare

    experiment = Experiment("E1", 0.0, 0.3, b"a salt")
    drawn = np.array([experiment.arm(account, SILENT_SINCE, [4, 1, 2]) for account in IDS])
    for among in (np.ones(len(IDS), bool), lots(experiment) == EXPLORE):
        assert chisquare(np.unique(drawn[among], return_counts=True)[1]).pvalue > 0.001
    assert set(drawn) == {1, 2, 4}


def resources(minutes: list[int], budgets: list[int]) -> Resources:
    return Resources(
        tuple("rs"[: len(minutes)]), np.array(minutes, np.int64), tuple("op"[: len(budgets)]), np.array(budgets, np.int64)
    )


def test_an_arm_that_would_break_a_limit_is_left_out_before_the_draw() -> None:
    planned, longer, dear = Arm(1, 10, -1, 0, True), Arm(2, 25, -1, 0, False), Arm(3, 10, 0, 500, False)
    entries = [("b", 0, [planned, longer, dear]), ("a", 0, [planned, longer, dear])]
    sets = explorable_arms(entries, resources([20 + 15], [499]))
    # Both planned arms take 20 of the 35 minutes; the 15 more are reserved for a, the first by id. The offer is too dear for both.
    assert sets == {"a": [1, 2], "b": [1]}


arm = st.tuples(st.integers(0, 30), st.integers(-1, 1), st.integers(0, 50))


@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.tuples(st.integers(0, 1), st.lists(arm, min_size=1, max_size=4), st.integers(0, 3)), min_size=1, max_size=8),
    st.lists(st.integers(0, 60), min_size=4, max_size=4),
    st.integers(0, 1000),
)
def test_every_combination_of_draws_keeps_the_limits(accounts, slack, seed) -> None:
    entries, minutes, budgets = [], np.array(slack[:2]), np.array(slack[2:])
    for n, (rep, arms, planned) in enumerate(accounts):
        made = [Arm(k + 1, m, o, c if o >= 0 else 0, k == planned % len(arms)) for k, (m, o, c) in enumerate(arms)]
        chosen = next(a for a in made if a.is_planned)
        minutes[rep] += chosen.minutes
        if chosen.offer >= 0:
            budgets[chosen.offer] += chosen.cost
        entries.append((f"a{n}", rep, made))
    sets = explorable_arms(entries, resources(minutes.tolist(), budgets.tolist()))
    draw = np.random.default_rng(seed)
    for _ in range(5):
        for account, _, made in entries:
            assert next(a.arm_no for a in made if a.is_planned) in sets[account]
        picks = [(rep, made[int(draw.choice(sets[account])) - 1]) for account, rep, made in entries]
        for rep in (0, 1):
            assert sum(a.minutes for r, a in picks if r == rep) <= minutes[rep]
        for offer in (0, 1):
            assert sum(a.cost for _, a in picks if a.offer == offer) <= budgets[offer]

"""The optimisation: limits, bound, greedy, hand-worked cases."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from winback.plan.greedy import Choice, better_prices, critical_prices, density_order, greedy_choice
from winback.plan.program import Prices, Program, upper_bound
from winback.plan.relaxation import solve_relaxation
from winback.plan.solver import solve

Column = tuple[int, int, int, int, int, float]


def program(columns: list[Column], minutes: list[int], budgets: list[int]) -> Program:
    """Columns are account, rep, offer, minutes, cost, value; costs and budgets in 1/10000."""
    rows = sorted(columns)
    parts = [np.array(part) for part in zip(*rows, strict=True)] if rows else [np.zeros(0)] * 6
    whole = [part.astype(np.int64) for part in parts[:5]]
    return Program(*whole, parts[5].astype(float), np.array(minutes, np.int64), np.array(budgets, np.int64))


def best_by_trying(p: Program) -> float:
    """The best value among all plans."""
    columns = [[-1, *np.flatnonzero(p.account == a).tolist()] for a in np.unique(p.account)]
    best = 0.0
    for picks in itertools.product(*columns):
        chosen = np.array([c for c in picks if c >= 0], np.int64)
        if (p.used_minutes(chosen) <= p.minute_limit).all() and (p.used_budget(chosen) <= p.budget_limit).all():
            best = max(best, p.total(chosen))
    return best


column = st.tuples(
    st.integers(0, 5), st.integers(0, 1), st.integers(-1, 1), st.integers(0, 30), st.integers(0, 40_000), st.integers(0, 100)
)


@st.composite
def programs(draw: st.DrawFn, max_columns: int = 12) -> Program:
    drawn = draw(st.lists(column, max_size=max_columns))
    columns = [(a, r, o, m, c if o >= 0 else 0, float(v)) for a, r, o, m, c, v in drawn]
    accounts = {a: n for n, a in enumerate(sorted({c[0] for c in columns}))}
    limits = (
        draw(st.lists(st.integers(0, 60), min_size=2, max_size=2)),
        draw(st.lists(st.integers(0, 80_000), min_size=2, max_size=2)),
    )
    return program([(accounts[a], *rest) for a, *rest in columns], *limits)


@settings(deadline=None, max_examples=40)
@given(programs(), st.sampled_from([0, 10_000]))
def test_limits_are_kept_and_the_value_lies_between_greedy_and_the_bound(p: Program, greedy_above_columns: int) -> None:
    found = solve(p, greedy_above_columns=greedy_above_columns)
    assert (p.used_minutes(found.chosen) <= p.minute_limit).all()
    assert (p.used_budget(found.chosen) <= p.budget_limit).all()
    assert len(np.unique(p.account[found.chosen])) == len(found.chosen)
    assert p.total(greedy_choice(p)) <= found.value <= found.bound
    assert 0 <= found.gap_share <= 1


@settings(deadline=None, max_examples=40)
@given(programs(max_columns=9))
def test_small_programs_are_solved_to_within_the_stated_gap(p: Program) -> None:
    best = best_by_trying(p)
    found = solve(p, greedy_above_columns=10_000)
    assert found.bound >= best - 1e-6
    assert found.value >= best * 0.994 - 1e-6


@settings(deadline=None, max_examples=40)
@given(programs(), st.lists(st.floats(0, 20), min_size=4, max_size=4))
def test_any_prices_give_a_bound(p: Program, prices: list[float]) -> None:
    bound = upper_bound(p, Prices(np.array(prices[:2]), np.array(prices[2:])))
    assert bound >= p.total(greedy_choice(p)) - 1e-6


def test_the_dual_price_of_one_knapsack_is_the_density_at_the_edge() -> None:
    # 25 minutes: 10 at 50 and 10 at 30 whole, half of 10 at 20: optimum 90, and a further minute is worth 2.
    p = program([(0, 0, -1, 10, 0, 50.0), (1, 0, -1, 10, 0, 30.0), (2, 0, -1, 10, 0, 20.0)], [25], [])
    found = solve(p, greedy_above_columns=10)
    assert found.value == 80
    assert found.bound == pytest.approx(90)
    assert found.prices.minute.tolist() == pytest.approx([2.0])


def test_a_budget_that_runs_out_has_a_price() -> None:
    # Two offers of 3 each gain 9 over nothing; the budget of 3 allows one, and half of another in the relaxation of 4.5.
    columns = [(a, 0, -1, 10, 0, 1.0) for a in (0, 1)] + [(a, 0, 0, 10, 30_000, 10.0) for a in (0, 1)]
    found = solve(program(columns, [100], [45_000]), greedy_above_columns=10)
    assert found.value == 11
    assert found.bound == pytest.approx(1 + 1 + 1.5 * 9)
    assert found.prices.budget.tolist() == pytest.approx([3.0])
    assert found.prices.minute.tolist() == pytest.approx([0.0])


def test_greedy_is_beaten_where_density_misleads() -> None:
    p = program([(0, 0, -1, 1, 0, 2.0), (1, 0, -1, 10, 0, 15.0)], [10], [])
    assert p.total(greedy_choice(p)) == 2
    assert solve(p, greedy_above_columns=10).value == 15


def test_exchanging_finds_the_better_arm_that_greedy_passed_over() -> None:
    p = program([(0, 0, -1, 1, 0, 2.0), (0, 0, -1, 10, 0, 15.0)], [10], [])
    assert p.total(Choice(p).fill(density_order(p)).improve().columns) == 15


def drawn_program(n_accounts: int, seed: int) -> Program:
    rng = np.random.default_rng(seed)
    columns = [
        (
            a,
            int(rep),
            int(offer),
            int(rng.choice([10, 12, 20, 30])),
            int(rng.integers(1, 900_000)) if offer >= 0 else 0,
            float(v),
        )
        for a in range(n_accounts)
        for rep, offer, v in zip(
            rng.choice(5, 2, replace=False), rng.integers(-1, 3, 2), rng.lognormal(5, 1, 2), strict=True
        )
    ]
    return program(columns, [600] * 5, [5_000_000] * 3)


def test_hundreds_of_accounts_are_planned_to_within_one_percent_either_way() -> None:
    p = drawn_program(600, seed=4)
    exact, greedy = solve(p, greedy_above_columns=10_000), solve(p, greedy_above_columns=0)
    assert (exact.method, greedy.method) == ("milp", "greedy")
    assert exact.gap_share < 0.01
    assert greedy.gap_share < 0.01
    assert exact.value > p.total(greedy_choice(p))


def test_prices_come_near_the_relaxation_and_never_below_it() -> None:
    p = drawn_program(400, seed=5)
    plain = greedy_choice(p)
    start = critical_prices(p, plain)
    prices, bound = better_prices(p, start, p.total(plain))
    exact = solve_relaxation(p, prices).bound
    assert exact <= bound <= min(exact * 1.01, upper_bound(p, start))

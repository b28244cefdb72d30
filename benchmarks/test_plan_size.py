"""The plan of 20,000 accounts with three arms and two of forty representatives each, and of three times as many by greedy."""

import time

import numpy as np
import polars as pl
import pytest

from tests.plan.plan_rows import MadeWeek
from winback.plan.columns import plan_columns, plan_program, plan_resources, worthwhile
from winback.plan.greedy import greedy_choice
from winback.plan.lots import Experiment

N_REPS, N_OFFERS = 40, 6


def drawn_week(n_accounts: int, weekly_minutes: int, seed: int = 3) -> MadeWeek:
    """Log-normal worth, arms of 10 to 45 minutes, two of three with an offer, budgets that run out."""
    rng = np.random.default_rng(seed)
    reps = [f"r{n:02d}" for n in range(N_REPS)]
    worth, factor = rng.lognormal(6, 1.2, n_accounts), rng.uniform(0.5, 1.5, (n_accounts, 3))
    minutes, offer = rng.choice([10, 12, 15, 20, 25, 30, 45], (n_accounts, 3)), rng.integers(0, N_OFFERS, (n_accounts, 3))
    cost = rng.uniform(5, 80, (n_accounts, 3)).round(2)
    own = rng.integers(0, N_REPS, n_accounts)
    other = (own + 1 + rng.integers(0, N_REPS - 1, n_accounts)) % N_REPS
    arms = [
        (
            f"A{a:05d}",
            k + 1,
            int(minutes[a, k]),
            round(float(worth[a] * factor[a, k]), 2),
            *_offer(k, offer[a, k], cost[a, k]),
        )
        for a in range(n_accounts)
        for k in range(3)
    ]
    fits = {f"A{a:05d}": {reps[own[a]]: 1.0, reps[other[a]]: 0.9} for a in range(n_accounts)}
    return MadeWeek(arms, dict.fromkeys(reps, weekly_minutes), fits, {f"o{n}": 1500.0 for n in range(N_OFFERS)})


def _offer(arm: int, offer: int, cost: float) -> tuple[str | None, float]:
    return (None, 0.0) if arm == 0 else (f"o{offer}", float(cost))


@pytest.mark.parametrize(
    ("n_accounts", "weekly_minutes", "greedy_above_columns"),
    [(20_000, 600, 200_000), (20_000, 2400, 200_000), (20_000, 600, 0), (60_000, 600, 200_000)],
)
def test_a_large_week(n_accounts: int, weekly_minutes: int, greedy_above_columns: int) -> None:
    week = drawn_week(n_accounts, weekly_minutes)
    tables = week.tables()
    resources = plan_resources(tables, 600)
    columns = plan_columns(tables, resources)
    program = plan_program(worthwhile(columns, resources), resources)
    began, cpu = time.perf_counter(), time.process_time()
    plan = week.plan(Experiment("E1", 0.1, 0.05, b"salt"), greedy_above_columns=greedy_above_columns)
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    whole, greedy = plan.summary.row(0, named=True), program.total(greedy_choice(program))
    print(
        f"\n{n_accounts} accounts, {weekly_minutes} minutes: {columns.height} columns, {program.n_columns} after pruning;"
        f" plan, lot and refill in {seconds:.1f} s ({cpu:.1f} s of processor) by {whole['method']};"
        f" gap {whole['gap_share']:.4%}, greedy alone {1 - greedy / whole['bound_amount']:.2%} below the bound;"
        f" {whole['n_listed']} listed, {whole['n_withheld']} withheld"
    )
    assert whole["gap_share"] < 0.01
    assert whole["plan_value_amount"] >= greedy - 1e-4
    assert plan.assignments.filter(pl.col("rank").is_null())["assignment"].unique().to_list() == ["holdout"]

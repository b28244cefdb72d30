"""Solving the plan: relaxation, rounding and a small integer program, or greedy where there are too many columns.

Belongs here: the methods and the choice between them. Does not belong here: the parts they are made of (`winback.plan.greedy`,
`winback.plan.relaxation`).

The whole integer program is not handed to HiGHS: on 120,000 columns it had no plan at all after a minute, while the relaxation
takes seconds and leaves fewer accounts undecided than there are representatives and offers. Nothing here depends on the clock.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from winback.plan.greedy import Choice, better_prices, critical_prices, greedy_choice, price_order
from winback.plan.program import Ints, Prices, Program
from winback.plan.relaxation import constraint_matrix, edge_distances, solve_relaxation

CLOSE_ENOUGH_SHARE = 0.005
"""A plan this near its bound is not searched further."""

_CORE_COLUMNS = 400
_CORE_NODES = 50


@dataclass(frozen=True)
class Solution:
    """The chosen columns, their value, and an amount no plan can exceed.

    `prices` are what one more minute or one more unit of budget would add: the duals of the relaxation, or under 'greedy' the
    multipliers of the bound.
    """

    chosen: Ints
    value: float
    bound: float
    method: str
    prices: Prices

    @property
    def gap_share(self) -> float:
        """How far the plan may be from the best one, as a share of the bound."""
        return (self.bound - self.value) / self.bound if self.bound > 0 else 0.0


def solve(program: Program, *, greedy_above_columns: int) -> Solution:
    """The best plan found, never worth less than the greedy one; the same program gives the same plan."""
    plain = greedy_choice(program)
    if program.n_columns > greedy_above_columns:
        return _by_greedy(program, plain)
    return _by_relaxation(program, plain)


def _by_relaxation(program: Program, plain: Ints) -> Solution:
    if program.n_columns == 0:
        nothing = Prices(np.zeros(len(program.minute_limit)), np.zeros(len(program.budget_limit)))
        return Solution(plain, 0.0, 0.0, "milp", nothing)
    improved = Choice(program).fill(plain).improve().columns
    prices, _ = better_prices(program, critical_prices(program, plain), program.total(improved))
    found = solve_relaxation(program, prices)
    rounded = Choice(program).fill(found.whole).fill(price_order(program, found.prices)).improve().columns
    best = _best(program, rounded, improved, plain)
    solution = _solution(program, best, found.bound, "milp", found.prices)
    if solution.gap_share > CLOSE_ENOUGH_SHARE:
        best = _best(program, _search_core(program, solution), best)
        solution = _solution(program, best, found.bound, "milp", found.prices)
    return solution


def _by_greedy(program: Program, plain: Ints) -> Solution:
    improved = Choice(program).fill(plain).improve().columns
    prices, bound = better_prices(program, critical_prices(program, plain), program.total(improved))
    guided = Choice(program).fill(price_order(program, prices)).improve().columns
    return _solution(program, _best(program, guided, improved, plain), bound, "greedy", prices)


def _best(program: Program, *plans: Ints) -> Ints:
    return max(plans, key=program.total)


def _solution(program: Program, chosen: Ints, bound: float, method: str, prices: Prices) -> Solution:
    value = program.total(chosen)
    return Solution(chosen, value, max(bound, value), method, prices)


def _search_core(program: Program, solution: Solution) -> Ints:
    """The best plan that differs from the solution only in the columns that are closest to being taken.

    How far a column is from that: what the account would lose at the solution's prices by taking it.
    """
    from scipy.optimize import Bounds, LinearConstraint, milp

    distances, _ = edge_distances(program, solution.prices)
    near = np.sort(np.argsort(distances, kind="stable")[:_CORE_COLUMNS])
    is_open = np.isin(program.account[solution.chosen], program.account[near])
    core, fixed = np.union1d(near, solution.chosen[is_open]), solution.chosen[~is_open]
    matrix, limits = constraint_matrix(program, core, fixed)
    scale = max(float(program.value.max()), 1.0)
    found = milp(
        -program.value[core] / scale,
        constraints=LinearConstraint(matrix, -np.inf, limits),
        integrality=np.ones(len(core)),
        bounds=Bounds(0, 1),
        options={"node_limit": _CORE_NODES, "mip_rel_gap": CLOSE_ENOUGH_SHARE / 5},
    )
    if found.x is None:
        return solution.chosen
    taken = core[np.round(found.x) == 1]
    return Choice(program).fill(np.concatenate([fixed, taken])).improve().columns

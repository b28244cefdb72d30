"""The linear relaxation of the plan, solved by HiGHS over the columns that prices leave undecided.

Belongs here: the relaxation, its dual prices and the columns it takes whole. Does not belong here: choosing between methods
(`winback.plan.solver`).

At its optimum no more accounts are fractional than there are representatives and offers. Given prices near the dual ones, most
accounts are decided: their best column is worth much more than the next, or no column is worth its price. Only the columns nearest
to the edge go to HiGHS; where the bound says that this was too few, twice as many.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from winback.plan.program import COST_UNITS, Floats, Ints, Prices, Program, priced_resources, upper_bound

FIRST_COLUMNS = 4000
CLOSE_SHARE = 1e-4
"""The relaxation counts as solved when no plan can exceed it by more than this share of the bound."""

_WHOLE = 1 - 1e-6


@dataclass(frozen=True)
class Relaxation:
    """Columns that the relaxation takes whole, its prices, and the bound these give."""

    whole: Ints
    prices: Prices
    bound: float


def solve_relaxation(program: Program, prices: Prices) -> Relaxation:
    """The relaxation within CLOSE_SHARE of its optimum, from rough `prices` to begin with.

    Raises RuntimeError if HiGHS fails on the whole relaxation, which always has an optimum.
    """
    found = Relaxation(np.zeros(0, np.int64), prices, upper_bound(program, prices))
    n_open = FIRST_COLUMNS
    while True:
        is_all = n_open >= program.n_columns
        fixed, active = _split(program, found.prices, n_open)
        solved = _solve(program, active, fixed)
        if solved is not None:
            weights, prices, reached = solved
            bound = min(upper_bound(program, prices), found.bound)
            found = Relaxation(np.union1d(fixed, active[weights > _WHOLE]), prices, bound)
            if is_all or bound - reached <= CLOSE_SHARE * bound:
                return found
        elif is_all:
            raise RuntimeError("HiGHS found no optimum of the plan's relaxation")
        n_open *= 2


def edge_distances(program: Program, prices: Prices) -> tuple[Floats, Ints]:
    """How far each column is from the edge between taken and not, and the columns that are best and worth their price.

    For such a column: what its account would lose with the next best choice, nothing included. For any other: what the account
    would lose by taking it.
    """
    left = program.value - priced_resources(program, prices)
    order = np.lexsort((-left, program.account))
    sizes = np.diff(np.append(program.starts, program.n_columns))
    first = order[program.starts]
    second = order[np.minimum(program.starts + 1, program.n_columns - 1)]
    best = np.maximum(left[first], 0.0)
    runner_up = np.where(sizes > 1, np.maximum(left[second], 0.0), 0.0)
    distances = np.repeat(best, sizes) - left
    leads = left[first] > 0
    distances[first[leads]] = (best - runner_up)[leads]
    return distances, first[leads]


def _split(program: Program, prices: Prices, n_open: int) -> tuple[Ints, Ints]:
    """Columns decided in favour, and the `n_open` columns nearest to the edge."""
    distances, leads = edge_distances(program, prices)
    active = np.sort(np.argsort(distances, kind="stable")[:n_open])
    return np.setdiff1d(leads, active), active


def _solve(program: Program, columns: Ints, fixed: Ints) -> tuple[Floats, Prices, float] | None:
    """Weights of `columns` beside the `fixed` ones, dual prices, and the value reached; None where there is no room for them."""
    from scipy.optimize import linprog

    scale = max(float(program.value[columns].max(initial=0.0)), 1.0)
    matrix, limits = constraint_matrix(program, columns, fixed)
    found = linprog(-program.value[columns] / scale, A_ub=matrix, b_ub=limits, bounds=(0, None), method="highs-ds")
    if found.status != 0:
        return None
    duals = np.maximum(-found.ineqlin.marginals * scale, 0.0)
    n_reps, n_offers = len(program.minute_limit), len(program.budget_limit)
    prices = Prices(duals[:n_reps], duals[n_reps : n_reps + n_offers])
    return found.x, prices, program.total(fixed) - float(found.fun) * scale


def constraint_matrix(program: Program, columns: Ints, fixed: Ints) -> tuple[Any, Floats]:
    """Rows of the program over `columns` as a sparse matrix, and what the `fixed` columns leave of their limits.

    Rows: representatives, offers, then one per account of `columns`.
    """
    from scipy.sparse import coo_matrix

    n_reps, n_offers = len(program.minute_limit), len(program.budget_limit)
    at, offer = np.arange(len(columns)), program.offer[columns]
    accounts, position = np.unique(program.account[columns], return_inverse=True)
    priced = offer >= 0
    rows = [program.rep[columns], n_reps + offer[priced], n_reps + n_offers + position]
    amounts = [program.minutes[columns], program.cost[columns][priced] / COST_UNITS, np.ones(len(columns))]
    matrix = coo_matrix(
        (np.concatenate(amounts), (np.concatenate(rows), np.concatenate([at, at[priced], at]))),
        shape=(n_reps + n_offers + len(accounts), len(columns)),
    )
    minutes = program.minute_limit - program.used_minutes(fixed)
    budget = (program.budget_limit - program.used_budget(fixed)) / COST_UNITS
    return matrix.tocsc(), np.concatenate([minutes, budget, np.ones(len(accounts))])

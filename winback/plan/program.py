"""The plan as an optimisation: which columns (account, arm, representative) add up to the most.

Belongs here: the program, its prices and the bound that prices give. Does not belong here: how it is solved
(`winback.plan.greedy`, `winback.plan.solver`) or where columns come from (`winback.plan.columns`).

maximise sum of value over the chosen columns, so that an account has at most one column, the minutes of a representative
stay within the week and the expected costs of an offer within its budget.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

COST_UNITS = 10_000
"""Costs and budgets are whole numbers of 1/10000 of the base currency, so that their sums are exact in any order."""


@dataclass(frozen=True)
class Program:
    """Columns ordered by account, and what there is of each resource.

    `account`, `rep` and `offer` are positions from 0; offer -1 takes no budget. Every value is 0 or more.
    `minutes` of a column count against `minute_limit[rep]`, `cost` (1/10000 of the base currency) against `budget_limit[offer]`.
    """

    account: Ints
    rep: Ints
    offer: Ints
    minutes: Ints
    cost: Ints
    value: Floats
    minute_limit: Ints
    budget_limit: Ints

    @property
    def n_columns(self) -> int:
        """Number of columns."""
        return len(self.account)

    @cached_property
    def starts(self) -> Ints:
        """Position of the first column of each account."""
        if self.n_columns == 0:
            return np.zeros(0, np.int64)
        return np.flatnonzero(np.concatenate([[True], self.account[1:] != self.account[:-1]]))

    def total(self, chosen: Ints) -> float:
        """Value of the chosen columns."""
        return float(self.value[chosen].sum())

    def used_minutes(self, chosen: Ints) -> Ints:
        """Minutes the chosen columns take, per representative."""
        return np.bincount(self.rep[chosen], self.minutes[chosen], len(self.minute_limit)).astype(np.int64)

    def used_budget(self, chosen: Ints) -> Ints:
        """Expected cost of the chosen columns, per offer, in 1/10000 of the base currency."""
        priced = chosen[self.offer[chosen] >= 0]
        return np.bincount(self.offer[priced], self.cost[priced], len(self.budget_limit)).astype(np.int64)


@dataclass(frozen=True)
class Prices:
    """What one more unit of a resource is worth: per minute of each representative, per unit of currency of each offer's budget."""

    minute: Floats
    budget: Floats


def priced_resources(program: Program, prices: Prices) -> Floats:
    """What the minutes and the budget of every column cost at these prices."""
    budget = np.append(prices.budget, 0.0)  # offer -1 reads the last one
    return prices.minute[program.rep] * program.minutes + budget[program.offer] * program.cost / COST_UNITS


def best_of_account(program: Program, amounts: Floats) -> Floats:
    """The largest amount of each account's columns, or 0 where none is above it, repeated for every column of the account."""
    if program.n_columns == 0:
        return np.zeros(0)
    best = np.maximum(np.maximum.reduceat(amounts, program.starts), 0.0)
    return np.repeat(best, np.diff(np.append(program.starts, program.n_columns)))


def upper_bound(program: Program, prices: Prices) -> float:
    """An amount no plan can exceed: the Lagrangian bound, valid for any prices of 0 or more (Geoffrion 1974).

    Every account takes its best column at these prices, and all resources are paid for in full. At the dual prices of the linear
    relaxation it is the optimum of that relaxation.
    """
    left = program.value - priced_resources(program, prices)
    gain = float(best_of_account(program, left)[program.starts].sum())
    paid = float(prices.minute @ program.minute_limit + prices.budget @ program.budget_limit / COST_UNITS)
    return gain + paid

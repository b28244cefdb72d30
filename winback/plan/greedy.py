"""Filling lists in a given order, and making a filled list better.

Belongs here: feasible choices built column by column. Does not belong here: bounds and prices (`winback.plan.program`).
"""

from __future__ import annotations

import numpy as np

from winback.plan.program import COST_UNITS, Ints, Prices, Program, best_of_account, priced_resources, upper_bound

_MOST_STEPS, _LEAST_STEPS, _COLUMN_STEPS = 120, 20, 30_000_000
_BLOCK = 4096
_SLOW_DOWN = 0.93


class Choice:
    """The columns chosen so far and what is left of every resource; it never oversteps a limit."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.column_of = np.full(int(program.account[-1]) + 1 if program.n_columns else 0, -1, np.int64)
        self.minutes_left = program.minute_limit.copy()
        self.budget_left = np.append(program.budget_limit, np.iinfo(np.int64).max)  # offer -1 reads the last one

    @property
    def columns(self) -> Ints:
        """The chosen columns, in order."""
        return np.sort(self.column_of[self.column_of >= 0])

    def fill(self, order: Ints) -> Choice:
        """Take the columns of `order` one after the other where the account is free and there is room."""
        p = self.program
        for block in np.split(order, range(_BLOCK, len(order), _BLOCK)):
            free = self.column_of[p.account[block]] < 0
            room = (p.minutes[block] <= self.minutes_left[p.rep[block]]) & (
                p.cost[block] <= self.budget_left[p.offer[block]]
            )
            for column in block[free & room].tolist():
                if self.column_of[p.account[column]] < 0:
                    self._exchange(column)
        return self

    def improve(self) -> Choice:
        """Exchange columns for better ones of the same account, largest gain first, where there is room; then fill what is left."""
        p = self.program
        current = self.column_of[p.account]
        gain = np.where(current >= 0, p.value - p.value[current], 0.0)
        better = np.flatnonzero(gain > 0)
        for column in better[np.argsort(-gain[better], kind="stable")].tolist():
            if p.value[column] > p.value[self.column_of[p.account[column]]]:
                self._exchange(column)
        return self.fill(density_order(p))

    def _exchange(self, column: int) -> None:
        """Put `column` in place of what its account has, if there is room."""
        p = self.program
        account, rep, offer = p.account[column], p.rep[column], p.offer[column]
        old = self.column_of[account]
        held_minutes = p.minutes[old] if old >= 0 and p.rep[old] == rep else 0
        held_budget = p.cost[old] if old >= 0 and p.offer[old] == offer >= 0 else 0
        if p.minutes[column] > self.minutes_left[rep] + held_minutes or (
            offer >= 0 and p.cost[column] > self.budget_left[offer] + held_budget
        ):
            return
        if old >= 0:
            self.minutes_left[p.rep[old]] += p.minutes[old]
            if p.offer[old] >= 0:
                self.budget_left[p.offer[old]] += p.cost[old]
        self.minutes_left[rep] -= p.minutes[column]
        if offer >= 0:
            self.budget_left[offer] -= p.cost[column]
        self.column_of[account] = column


def density_order(program: Program) -> Ints:
    """Columns by value per minute, then by value, largest first; ties keep the order of the accounts."""
    density = program.value / np.maximum(program.minutes, 1)
    return np.lexsort((-program.value, -density))


def price_order(program: Program, prices: Prices) -> Ints:
    """Columns by value per what they cost at these prices; first the best column of every account that is worth its price."""
    paid = priced_resources(program, prices)
    left = program.value - paid
    leads = (left > 0) & (left == best_of_account(program, left))
    return np.lexsort((-program.value, -(program.value / np.maximum(paid, 1e-9)), ~leads))


def greedy_choice(program: Program) -> Ints:
    """The plain greedy plan: columns by value per minute as long as there is room."""
    return Choice(program).fill(density_order(program)).columns


def critical_prices(program: Program, chosen: Ints) -> Prices:
    """Prices that a greedy plan suggests: per minute the least density on a list that is nearly full, nothing where there is room.

    For one representative without budgets this is the dual price of the fractional knapsack (Dantzig 1957).
    """
    density = program.value[chosen] / np.maximum(program.minutes[chosen], 1)
    least = np.full(len(program.minute_limit), np.inf)
    np.minimum.at(least, program.rep[chosen], density)
    longest = np.zeros(len(program.minute_limit), np.int64)
    np.maximum.at(longest, program.rep, program.minutes)
    is_full = program.used_minutes(chosen) + longest > program.minute_limit
    return Prices(np.where(is_full & np.isfinite(least), least, 0.0), np.zeros(len(program.budget_limit)))


def better_prices(program: Program, start: Prices, target: float) -> tuple[Prices, float]:
    """Prices with a smaller bound, and that bound: subgradient steps of Polyak's length towards `target`, the best plan known.

    Prices move in shares of what the whole resource costs, so that minutes and money weigh alike. Large programs get fewer steps.
    """
    n_steps = max(_LEAST_STEPS, min(_MOST_STEPS, _COLUMN_STEPS // max(program.n_columns, 1)))
    minutes, budget = np.maximum(program.minute_limit, 1), np.maximum(program.budget_limit / COST_UNITS, 1)
    best, best_bound, prices, pace = start, upper_bound(program, start), start, 1.0
    for _ in range(n_steps):
        wanted = _wanted(program, prices)
        minute_excess = (program.used_minutes(wanted) - program.minute_limit) / minutes
        budget_excess = (program.used_budget(wanted) - program.budget_limit) / COST_UNITS / budget
        bound = upper_bound(program, prices)
        if bound < best_bound:
            best, best_bound = prices, bound
        else:
            pace *= _SLOW_DOWN
        norm = float(minute_excess @ minute_excess + budget_excess @ budget_excess)
        if norm == 0 or bound <= target:
            break
        step = pace * (bound - target) / norm
        prices = Prices(
            np.maximum(prices.minute + step * minute_excess / minutes, 0),
            np.maximum(prices.budget + step * budget_excess / budget, 0),
        )
    return best, best_bound


def _wanted(program: Program, prices: Prices) -> Ints:
    """The column every account takes at these prices, if any is worth them."""
    left = program.value - priced_resources(program, prices)
    columns = np.flatnonzero((left > 0) & (left == best_of_account(program, left)))
    accounts = program.account[columns]
    return columns[np.concatenate([[True], accounts[1:] != accounts[:-1]])] if len(columns) else columns

"""The lot: who among the chosen is left alone, and who gets an arm by chance.

Belongs here: draws by keyed hash, and the sets of arms a draw may choose from. Does not belong here: which accounts are chosen
(`winback.plan.solver`) and what came of it (`winback.track`).

A draw depends on the workspace's salt, the experiment, the account and its present silence, and on nothing else: not on the week,
the order of rows, or who else is there. So it is the same whenever it is asked for, and nobody without the salt can foretell it.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from winback.plan.columns import Resources

TREATED, HOLDOUT, EXPLORE = "treated", "holdout", "explore"


@dataclass(frozen=True)
class Experiment:
    """A test by design: its name, the shares of the lot, and the salt of the workspace."""

    name: str
    holdout_share: float
    explore_share: float
    salt: bytes

    @property
    def is_on(self) -> bool:
        """Whether anybody is drawn at all."""
        return self.holdout_share > 0 or self.explore_share > 0

    def probability(self, assignment: str) -> float:
        """The chance with which the lot gives this assignment."""
        shares = {HOLDOUT: self.holdout_share, EXPLORE: self.explore_share}
        return shares.get(assignment, 1.0 - self.holdout_share - self.explore_share)

    def assignment(self, account_id: str, last_spend_on: date) -> str:
        """The lot of an account in the silence that began with its purchase on `last_spend_on`."""
        draw = self._uniform("lot", account_id, last_spend_on)
        if draw < self.holdout_share:
            return HOLDOUT
        return EXPLORE if draw < self.holdout_share + self.explore_share else TREATED

    def arm(self, account_id: str, last_spend_on: date, arms: Sequence[int]) -> int:
        """One of `arms`, each with the same chance."""
        return sorted(arms)[int(self._uniform("arm", account_id, last_spend_on) * len(arms))]

    def _uniform(self, purpose: str, account_id: str, last_spend_on: date) -> float:
        """A number in [0, 1) from the first 53 bits of HMAC-SHA256."""
        message = json.dumps([purpose, self.name, account_id, last_spend_on.isoformat()]).encode()
        return (int.from_bytes(hmac.digest(self.salt, message, "sha256")[:8], "big") >> 11) / 2**53


@dataclass(frozen=True)
class Arm:
    """One feasible arm of an account under its representative: what it takes, and whether the plan chose it."""

    arm_no: int
    minutes: int
    offer: int
    cost: int
    is_planned: bool


def explorable_arms(accounts: Sequence[tuple[str, int, Sequence[Arm]]], left: Resources) -> dict[str, list[int]]:
    """The arms each exploring account may draw from, so that any combination of draws keeps within `left`.

    `accounts` are account, position of its representative, and its arms; `left` is what the treated rows leave. Each account
    reserves the most its arms could take of every resource: first all planned arms, which fit together because the plan did; then,
    account by account in order of id, every other arm for which there still is room. The sets are fixed before any arm is drawn, so
    draws are independent of one another and each arm of a set of k has chance 1 / k.
    """
    minutes, budgets = left.minutes.copy(), left.budgets.copy()
    reserved: dict[str, tuple[int, dict[int, int]]] = {}
    for account_id, rep, arms in accounts:
        planned = next(arm for arm in arms if arm.is_planned)
        held = {planned.offer: planned.cost} if planned.offer >= 0 else {}
        minutes[rep] -= planned.minutes
        for offer, cost in held.items():
            budgets[offer] -= cost
        reserved[account_id] = (planned.minutes, held)
    sets = {}
    for account_id, rep, arms in sorted(accounts, key=lambda entry: entry[0]):
        held_minutes, held = reserved[account_id]
        sets[account_id] = [arm.arm_no for arm in arms if arm.is_planned]
        for arm in sorted((a for a in arms if not a.is_planned), key=lambda a: a.arm_no):
            more_minutes = max(arm.minutes - held_minutes, 0)
            more_cost = max(arm.cost - held.get(arm.offer, 0), 0) if arm.offer >= 0 else 0
            if more_minutes > minutes[rep] or (more_cost and more_cost > budgets[arm.offer]):
                continue
            minutes[rep] -= more_minutes
            held_minutes += more_minutes
            if arm.offer >= 0:
                budgets[arm.offer] -= more_cost
                held[arm.offer] = held.get(arm.offer, 0) + more_cost
            sets[account_id].append(arm.arm_no)
    return sets

"""The account sheet as data.

Belongs here: the parts of a sheet and their meaning. Does not belong here: reading them (`build`) or showing them. Fields
are named as in the column dictionary; amounts are in base currency, chances between 0 and 1; None is "not known".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any


@dataclass(frozen=True)
class Category:
    """What an account bought of one category, and when more of it was due by its own cycle."""

    category: str
    n_purchase_days: int
    spend_amount: Decimal
    last_spend_on: date
    cycle_days: float | None
    next_expected_on: date | None
    overdue_days: int | None


@dataclass(frozen=True)
class Purchase:
    """One purchase day: its amount less refunds, and the categories bought."""

    spent_on: date
    day_amount: Decimal
    categories: str | None


@dataclass(frozen=True)
class Moment:
    """One entry of the timeline, whatever its channel.

    `entry_kind` is contact, case (a service case), event (of the contract) or worked (a row of an earlier list).
    """

    happened_on: date
    entry_kind: str
    channel: str | None
    direction: str | None
    subject: str | None
    person_name: str | None
    note_text: str | None
    promise: str | None
    promise_due_on: date | None
    done_on: date | None
    is_resolved: bool | None


@dataclass(frozen=True)
class OpenPromise:
    """A promise to the account that is not kept, with the days it is late (negative: not due yet; None: no day was named)."""

    promised_on: date
    promise: str | None
    promise_due_on: date | None
    overdue_days: int | None


@dataclass(frozen=True)
class MissedStandard:
    """One service case that took longer than its standard allows, with its dates."""

    reported_on: date
    kind: str
    standard_name: str
    limit_days: float
    took_days: int
    done_on: date | None


@dataclass(frozen=True)
class Complaints:
    """Complaints of one type: how many, and the newest."""

    complaint_type: str
    n_contacts: int
    newest_on: date


@dataclass(frozen=True)
class Person:
    """A person at the account, deciders first."""

    person_name: str | None
    role: str | None
    is_decision_maker: bool | None
    contact_level: str | None
    phone: str | None
    email: str | None
    temperament: str | None
    occasions: str | None
    last_contact_on: date | None


@dataclass(frozen=True)
class Mention:
    """Words in a note that name a rival, an interest or a wish."""

    mention_kind: str
    mention_text: str
    touched_on: date


@dataclass(frozen=True)
class Chance:
    """P(return untouched within `horizon_days`), with its 80 % interval and the model's level."""

    horizon_days: int
    prob: float
    low: float
    high: float
    model_level: str
    usage_warning: str | None


@dataclass(frozen=True)
class Period:
    """Spend in one stretch of 28 days, 0 being the newest, beside the mean of accounts of the same kind of business.

    Only stretches that the log covers in whole, at most 26. `peer_amount` is None below five peers.
    """

    period_no: int
    spend_amount: float
    peer_amount: float | None


@dataclass(frozen=True)
class PlanLine:
    """One line of the recommended purchase plan.

    `why` is usual (bought regularly), overdue (by its own cycle) or together (bought together with a line above, in which
    case `together_with` names that category and `lift` says how much more often than by chance).
    """

    product_id: str | None
    product_name: str
    category: str | None
    quantity: Decimal | None
    unit_price_amount: Decimal | None
    currency: str
    line_amount: Decimal
    stock_quantity: Decimal | None
    arrives_on: date | None
    min_order_quantity: Decimal | None
    promotion_to_on: date | None
    why: str
    together_with: str | None
    lift: float | None


@dataclass(frozen=True)
class AccountSheet:
    """All that is known of one account as of the Monday `as_of_on`.

    The mappings hold single values by column name: `identity` (who it is and how it likes to be served), `behaviour`
    (purchases), `lapse`, `reason` (with the quoted evidence), `value`, `service` (claims, complaints, standards) and
    `timing` (chance today and a week on, best-by day). A mapping is empty where nothing is known. `listed` is the account's
    playbook row of the week, if any; `cause` says why it is on no list.
    """

    account_id: str
    as_of_on: date
    currency: str
    horizon_days: int
    identity: Mapping[str, Any]
    behaviour: Mapping[str, Any]
    lapse: Mapping[str, Any]
    reason: Mapping[str, Any]
    value: Mapping[str, Any]
    service: Mapping[str, Any]
    timing: Mapping[str, Any]
    categories: tuple[Category, ...]
    purchases: tuple[Purchase, ...]
    periods: tuple[Period, ...]
    timeline: tuple[Moment, ...]
    promises: tuple[OpenPromise, ...]
    missed_standards: tuple[MissedStandard, ...]
    complaints: tuple[Complaints, ...]
    people: tuple[Person, ...]
    mentions: tuple[Mention, ...]
    chances: tuple[Chance, ...]
    plan: tuple[PlanLine, ...]
    listed: Mapping[str, Any] | None
    cause: str | None

    @property
    def trend_days(self) -> int:
        """Length of the two stretches that the trends compare: half of what the log covers, at most 364 days."""
        return 28 * (len(self.periods) // 2)

    @property
    def trend_share(self) -> float | None:
        """Spend of the last `trend_days` over that of as many days before, less 1; None without spend before."""
        return _trend([p.spend_amount for p in self.periods])

    @property
    def peer_trend_share(self) -> float | None:
        """The same for the mean account of the same kind of business; None below five of them."""
        amounts = [p.peer_amount for p in self.periods]
        return None if None in amounts else _trend([a for a in amounts if a is not None])

    @property
    def plan_amount(self) -> Decimal:
        """Sum of the plan's lines that are priced in the sheet's currency."""
        return sum((line.line_amount for line in self.plan if line.currency == self.currency), Decimal(0))


def _trend(newest_first: list[float]) -> float | None:
    half = len(newest_first) // 2
    late, early = sum(newest_first[:half]), sum(newest_first[half : 2 * half])
    return late / early - 1 if early > 0 else None

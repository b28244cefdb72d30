"""The hidden state of a simulated market between two weeks.

Belongs here: what the market is made of (accounts, reps, regions) as arrays, and their turning into frames and back.
Does not belong here: how anything changes, or files (`truth_folder`).
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from enum import IntEnum
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


class Status(IntEnum):
    """Where an account stands."""

    NOT_OPENED = 0
    ACTIVE = 1
    LAPSED = 2
    CLOSED = 3


class Billing(IntEnum):
    """How an account pays."""

    PREPAID = 0
    PURCHASE = 1
    CONTRACT = 2


class Lot(IntEnum):
    """What the lot drew for a lapse."""

    HABIT = 0
    HOLDOUT = 1
    EXPLORE = 2


@dataclass
class Accounts:
    """One element per account, in the order of their identifiers. Days are day numbers; NEVER (-1) where not happened."""

    # who they are
    industry: Ints
    branch: Ints
    area: Ints
    is_english: Bools
    size: Ints
    rep: Ints
    opened_day: Ints
    billing: Ints
    period_days: Ints
    currency: Ints
    consent: Ints  # 0 refused, 1 given, 2 not recorded
    is_silent: Bools
    is_late_payer: Bools
    is_owner_met: Bools
    gap_days: Floats
    amount: Floats
    frailty_log: Floats
    response_log: Floats
    # set-up
    keyword_fit: Floats
    ad_quality: Floats
    uptime: Floats
    reply_minutes: Floats
    dearness: Floats  # cost per click against peers
    # where they stand
    status: Ints
    spell: Ints
    spell_day: Ints
    next_day: Ints
    last_spend_day: Ints
    last_amount: Floats
    paid_through_day: Ints
    balance: Floats
    points: Floats
    gap_factor: Floats
    amount_factor: Floats
    planned_leave_day: Ints  # end of a second lifetime
    # trouble
    code: Ints  # index of the reason at work or of the current lapse; -1 for none
    second: Ints
    onset_day: Ints
    leave_day: Ints
    is_recovering: Bools
    left_day: Ints
    lapse_no: Ints
    note_day: Ints
    lot: Ints
    # contacts
    touch_day: Ints
    touch_log: Floats
    touch_channel: Ints
    touch_offer: Ints
    n_recent_contacts: Floats
    complaint_day: Ints
    operator_no: Ints
    name_no: Ints
    is_do_not_contact: Bools
    closed_day: Ints
    # usage since the last report
    used_amount: Floats
    used_clicks: Floats
    used_visits: Floats
    used_inquiries: Floats
    used_orders: Floats

    def __len__(self) -> int:
        """How many accounts there are, opened or not."""
        return len(self.status)

    def to_frame(self) -> pl.DataFrame:
        """One row per account, one column per array."""
        return pl.DataFrame({f.name: getattr(self, f.name) for f in fields(self)})

    @classmethod
    def from_frame(cls, frame: pl.DataFrame) -> Accounts:
        """The inverse of `to_frame`."""
        return cls(**{f.name: frame[f.name].to_numpy().copy() for f in fields(cls)})

    def joined(self, other: Accounts) -> Accounts:
        """These accounts followed by others."""
        both = {f.name: np.concatenate([getattr(self, f.name), getattr(other, f.name)]) for f in fields(self)}
        return Accounts(**both)


@dataclass
class Reps:
    """One element per representative."""

    branch: Ints
    has_both_languages: Bools
    weekly_minutes: Ints
    diligence: Floats
    style: Ints
    is_active: Bools
    channel_share: Floats  # (reps, touch channels)

    def __len__(self) -> int:
        """How many representatives there are."""
        return len(self.branch)

    def to_frame(self) -> pl.DataFrame:
        """One row per representative; the channel shares as a list column."""
        plain = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "channel_share"}
        return pl.DataFrame(plain | {"channel_share": self.channel_share.tolist()})

    @classmethod
    def from_frame(cls, frame: pl.DataFrame) -> Reps:
        """The inverse of `to_frame`."""
        columns: dict[str, Any] = {f.name: frame[f.name].to_numpy().copy() for f in fields(cls)}
        return cls(**columns | {"channel_share": np.array(frame["channel_share"].to_list())})


@dataclass
class MarketState:
    """A market as it stands on the Monday `week_day`, with all events before that day behind it.

    `seed` and the week decide every later draw, so equal states continue equally. `incident_day` is the last incident by
    branch, `change_day` the last change on our side by code. `pending` holds delivered rows (by table) whose date of
    completion is known here but lies in the future.
    """

    seed: int
    week_day: int
    first_day: int
    n_founding: int
    accounts: Accounts
    reps: Reps
    incident_day: Ints
    change_day: Ints
    pending: dict[str, pl.DataFrame] = field(default_factory=dict)

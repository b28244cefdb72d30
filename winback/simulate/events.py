"""What can happen to a contract, and what is recorded about an account each time it does.

Belongs here: the kinds of account events and the columns of an account's versioned row. Does not belong here: when they
happen (`trouble`, `service`, `contacts`).
"""

from __future__ import annotations

import numpy as np

from winback.simulate.state import Accounts, Bools, Ints

EVENTS = (
    "suspended",
    "resumed",
    "cut",
    "raised",
    "transferred",
    "renamed",
    "ownership_change",
    "credit_grade",
    "closed",
)
EVENT_CLOSED = EVENTS.index("closed")


def version(accounts: Accounts, at: Ints) -> dict[str, Ints | Bools]:
    """The columns of the account rows at `at` that change over an account's life, as they stand now."""
    return {
        "rep": accounts.rep[at].copy(),
        "points": np.maximum(accounts.points[at], 0).astype(np.int64),
        "closed_day": accounts.closed_day[at].copy(),
        "is_do_not_contact": accounts.is_do_not_contact[at].copy(),
        "name_no": accounts.name_no[at].copy(),
    }

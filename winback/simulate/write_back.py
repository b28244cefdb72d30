"""What a rep writes about a worked row, right or wrong.

Belongs here: result, reason found, quote, promise, next contact, and slips of the pen, given what truly happened. Does not
belong here: which rows are worked (`working`) or files (`spreadsheet`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from winback.simulate.days import NEVER, dates
from winback.simulate.note_writing import UNKNOWN, phrase, quote_customer
from winback.simulate.parameters import CODE_INDEX, CODES, Parameters
from winback.simulate.state import Bools, Ints

WRITE_BACK_COLUMNS = (
    "worked_on", "result", "true_reason_code", "customer_quote", "promise", "promise_due_on", "next_contact_on",
    "has_asked_no_contact", "spent_minutes", "result_note",
)  # fmt: skip

_SLIPS = {
    "interested": "intrested",
    "call_again": "call again",
    "not_reached": "Not reached",
    "refused": "refused.",
    "returned": "retuned",
    "promised": "Promised ",
}


@dataclass(frozen=True)
class Worked:
    """What truly happened on worked rows, one element each. `code` is the true reason's index (7 where there is none)."""

    day: Ints
    code: Ints
    language: Ints
    is_reached: Bools
    is_silent: Bools
    has_returned: Bools
    is_closed: Bools
    has_new_contact: Bools


def fill_write_back(
    worked: Worked, parameters: Parameters, rng: np.random.Generator, *, slips: bool
) -> dict[str, pl.Series]:
    """The write-back columns but `spent_minutes`, one element per worked row, and `asks` as a column of truth.

    With `slips`, a small share of results and reasons is mistyped, as in a sheet typed by hand.
    """
    habits = parameters.habits
    n = len(worked.day)
    reached = worked.is_reached & ~worked.is_closed
    is_five = worked.code == CODE_INDEX["5"]
    asks = reached & ~worked.has_returned
    asks &= rng.random(n) < habits.ask_no_contact_share * np.where(is_five, 5.0, 1.0)
    mood = rng.random(n)
    warm = np.where(worked.is_silent, 0.1, 0.25)
    result = np.select(
        [
            worked.is_closed & worked.is_reached,
            ~worked.is_reached & worked.has_new_contact & (mood < 0.5),
            ~worked.is_reached,
            worked.has_returned,
            asks,
            mood < warm,
            mood < warm + 0.12,
            mood < warm + 0.42,
        ],
        ["closed_business", "wrong_contact", "not_reached", "returned", "do_not_contact", "interested", "promised",
         "call_again"],
        "refused",
    )  # fmt: skip
    talks = reached & ~worked.is_silent
    fills = reached & (rng.random(n) < habits.reason_filled_share * np.where(worked.is_silent, 0.5, 1.0))
    reason = _reason_found(worked, parameters, rng)
    quotes = talks & (worked.code != UNKNOWN) & (rng.random(n) < habits.quote_share)
    promises = reached & ((result == "promised") | (rng.random(n) < 0.05))
    again = reached & np.isin(result, ["interested", "promised", "call_again"]) & (rng.random(n) < 0.8)
    remarks = phrase("result_note", worked.language, rng)
    remarked = reached & (rng.random(n) < 0.35)
    reason_text = np.array(CODES)[reason]
    if slips:
        slipped = rng.random((2, n)) < habits.slip_share
        result = np.where(slipped[0], [_SLIPS.get(r, r) for r in result], result)
        reason_text = np.where(slipped[1], np.char.upper(reason_text), reason_text)
    return {
        "worked_on": dates(worked.day),
        "result": pl.Series(result),
        "true_reason_code": _only(pl.Series(reason_text), fills),
        "customer_quote": _only(quote_customer(worked.code, worked.language, rng), quotes),
        "promise": _only(phrase("promise", worked.language, rng), promises),
        "promise_due_on": dates(np.where(promises, worked.day + rng.integers(2, 9, n), NEVER)),
        "next_contact_on": dates(np.where(again, worked.day + rng.integers(5, 30, n), NEVER)),
        "has_asked_no_contact": pl.Series(asks).replace(False, None),
        "result_note": _only(remarks, remarked & (remarks != "").to_numpy()),
        "asks": pl.Series(asks),
    }


def _reason_found(worked: Worked, parameters: Parameters, rng: np.random.Generator) -> Ints:
    """The code a rep picks: mostly the true one for talkative accounts; codes 3, 4 and 5 are played down."""
    habits = parameters.habits
    n = len(worked.code)
    right = rng.random(n) < np.where(worked.is_silent, 0.35, habits.reason_right_share)
    ours = np.isin(worked.code, [CODE_INDEX[c] for c in ("3", "4", "5")])
    right &= ~(ours & (rng.random(n) < habits.play_down_share))
    customer_side = np.array([CODE_INDEX[c] for c in ("1c", "1d", "2a", "2d", "6", "7")])
    guess = np.where(ours, rng.choice(customer_side, n), rng.integers(0, len(CODES), n))
    return np.where(right, worked.code, guess)


def _only(text: pl.Series, used: Bools) -> pl.Series:
    return text.zip_with(pl.Series(used), pl.Series([None], dtype=pl.String).new_from_index(0, len(text)))

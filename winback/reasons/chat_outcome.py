"""How a run with a chat model went.

Belongs here: the causes why notes were left to the fast model, and the counts of a run. Does not belong here: the rules that
lead to them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Cause(StrEnum):
    """Why a note was left to the fast model. The first four are never sent; those after concern the endpoint, then the answer."""

    UNREADABLE = "unreadable"
    TOO_LONG = "too_long"
    BUDGET_SPENT = "budget_spent"
    ENDPOINT_DOWN = "endpoint_down"
    UNREACHABLE = "unreachable"
    TIMED_OUT = "timed_out"
    RATE_LIMITED = "rate_limited"
    SERVER_ERROR = "server_error"
    REFUSED = "refused"
    REDIRECTED = "redirected"
    NO_CHAT_REPLY = "no_chat_reply"
    MALFORMED = "malformed"
    UNKNOWN_CODE = "unknown_code"
    NO_QUOTE = "no_quote"
    QUOTE_NOT_IN_NOTE = "quote_not_in_note"
    QUOTE_BARRED = "quote_barred"


class NoAnswerError(Exception):
    """The endpoint gave no reply to work with; carries the cause and nothing the endpoint said."""

    def __init__(self, cause: Cause) -> None:
        super().__init__(cause.value)
        self.cause = cause


class UnfitAnswerError(Exception):
    """A reply that cannot become a label; carries the cause and nothing of the reply."""

    def __init__(self, cause: Cause) -> None:
        super().__init__(cause.value)
        self.cause = cause


@dataclass(frozen=True, slots=True)
class ChatOutcome:
    """Counts of one run, in notes. `n_notes` = `n_labelled` + the sum of `fell_back_by_cause`.

    `n_asked` counts requests (without retries) and `n_characters` what they held; `n_from_cache` answers that needed none.
    `down_because` is the last failure where the endpoint was given up for this run, else None.
    """

    n_notes: int
    n_asked: int
    n_characters: int
    n_from_cache: int
    n_labelled: int
    fell_back_by_cause: Mapping[Cause, int]
    down_because: Cause | None

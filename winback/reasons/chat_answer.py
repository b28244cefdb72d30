"""What a chat model answered, and how far it is believed.

Belongs here: the shape of an answer, finding its quotes in the note, what makes an answer unfit. Does not belong here: the
request (`chat_request`), what becomes of the label (`chat_decision`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from winback.reasons.chat_outcome import Cause, UnfitAnswerError
from winback.reasons.chat_request import MAX_QUOTE_CHARS
from winback.reasons.clauses import praise_clears
from winback.reasons.masking import MASK
from winback.reasons.secondary import MAX_SECONDARY
from winback.reasons.taxonomy import LEAF_CODES, UNKNOWN
from winback.reasons.views import Reading


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True)


class _Further(_Strict):
    code: str
    quote: str


class _Said(_Strict):
    code: str
    confidence: float = Field(ge=0, le=1)
    quote: str
    secondary: list[_Further] = []


@dataclass(frozen=True, slots=True)
class Quote:
    """A code and the words for it, as offsets into the note; an empty span only for code 7."""

    code: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer of the right shape whose quotes are in the note; `confidence` is the endpoint's own, not calibrated."""

    main: Quote
    confidence: float
    secondary: tuple[Quote, ...]


def read_answer(content: str, masked_note: str, reading: Reading) -> Answer:
    """The answer in `content`, its quotes found in the note.

    Of several places with the quoted words the first that may be evidence is meant. Secondary codes without a place in the
    note are dropped. Raises UnfitAnswerError for everything else that is wrong.
    """
    try:
        said = _Said.model_validate_json(content)
    except ValidationError:
        raise UnfitAnswerError(Cause.MALFORMED) from None
    if said.code not in LEAF_CODES:
        raise UnfitAnswerError(Cause.UNKNOWN_CODE)
    main = _main(said, masked_note, reading)
    further: dict[str, Quote] = {}
    for f in said.secondary:
        place = _locate(f.code, f.quote, masked_note, reading) if f.code in LEAF_CODES else None
        if place is not None and f.code not in (said.code, UNKNOWN):
            further.setdefault(f.code, place)
    return Answer(main, said.confidence, tuple(further.values())[:MAX_SECONDARY])


def _main(said: _Said, masked_note: str, reading: Reading) -> Quote:
    if said.quote.strip():
        main = _locate(said.code, said.quote, masked_note, reading)
        if main is None:
            raise UnfitAnswerError(Cause.QUOTE_NOT_IN_NOTE)
        return main
    if said.code != UNKNOWN:
        raise UnfitAnswerError(Cause.NO_QUOTE)
    return Quote(UNKNOWN, 0, 0)


def checked(answer: Answer, reading: Reading) -> Answer:
    """`answer` without words that may not be evidence: a secondary code goes with them, code 7 stands without.

    Raises UnfitAnswerError where the main quote may not be: it stands in a denied, hearsay or settled clause, in a question
    of our own, or in praise of what the code complains about. Answers from the cache pass here, too.
    """
    main = answer.main
    if not may_support(main, reading):
        if main.code != UNKNOWN:
            raise UnfitAnswerError(Cause.QUOTE_BARRED)
        main = Quote(UNKNOWN, 0, 0)
    return Answer(main, answer.confidence, tuple(q for q in answer.secondary if may_support(q, reading)))


def may_support(quote: Quote, reading: Reading) -> bool:
    """Whether every clause that `quote` touches may be shown as evidence for its code (none, for an empty quote of code 7)."""
    if quote.start == quote.end:
        return quote.code == UNKNOWN
    if not 0 <= quote.start < quote.end <= len(reading.text):
        return False
    touched = [
        s for c, s in zip(reading.clauses, reading.stances, strict=True) if c.start < quote.end and quote.start < c.end
    ]
    return bool(touched) and all(
        s.may_support and not (s.is_praise and not s.is_contrast and praise_clears(quote.code)) for s in touched
    )


def _locate(code: str, quote: str, masked_note: str, reading: Reading) -> Quote | None:
    places = [Quote(code, start, end) for start, end in _places(quote.strip(), masked_note)]
    return next((p for p in places if may_support(p, reading)), places[0] if places else None)


def _places(quote: str, masked_note: str) -> Iterator[tuple[int, int]]:
    """Where the quote stands. A run of masks fits one of any length: models do not count them."""
    if not quote.strip(MASK) or len(quote) > MAX_QUOTE_CHARS:
        return iter(())
    pieces = re.split(f"{re.escape(MASK)}+", quote)
    pattern = f"{re.escape(MASK)}+".join(map(re.escape, pieces))
    return (m.span() for m in re.finditer(pattern, masked_note))

"""The words of a note that say so.

Belongs here: which clause carries a code, as a span of the note as written. Does not belong here: which code is right.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from winback.reasons.clauses import praise_clears
from winback.reasons.model import NO_REASON
from winback.reasons.taxonomy import LEAF_CODES
from winback.reasons.views import Reading

Matrix = NDArray[np.float64]
KEEP_SHARE = 0.6
"""A neighbouring clause joins the span if it speaks for the code at least this much of what the best one does."""
MAX_SPAN_CHARS = 160
_TRIM = " \t\r\n\"'“”‘’「」『』()（）,，:：、—-;；"


@dataclass(frozen=True, slots=True)
class Span:
    """`text == note[start:end]`; `strength` is the clause score of the code, about 0 to 1."""

    text: str
    start: int
    end: int
    strength: float


def find_span(reading: Reading, clause_scores: Matrix, code: str) -> Span | None:
    """The span that speaks most for `code`, never from a clause that is denied, hearsay, settled or a question of ours.

    None where every clause is barred. `clause_scores` has one row per clause of the note.
    """
    index = LEAF_CODES.index(code)
    open_to = [s.may_support and not (s.is_praise and not s.is_contrast and praise_clears(code)) for s in reading.stances]
    if not any(open_to):
        return None
    worth = clause_scores[:, index] - 0.3 * clause_scores[:, NO_REASON]
    worth = np.where(open_to, worth, -np.inf)
    best = int(np.argmax(worth))
    strength = float(clause_scores[best, index])
    first = last = best
    while True:
        sides = [
            i for i in (first - 1, last + 1) if 0 <= i < len(open_to) and open_to[i] and _joins(reading, i, first, last)
        ]
        good = [i for i in sides if clause_scores[i, index] >= max(KEEP_SHARE * strength, 0.15)]
        if not good:
            break
        chosen = max(good, key=lambda i: (clause_scores[i, index], -i))
        first, last = min(first, chosen), max(last, chosen)
    start, end = reading.clauses[first].start, reading.clauses[last].end
    start, end = _trimmed(reading.text, start, end)
    return Span(reading.text[start:end], start, end, strength) if end > start else None


def _joins(reading: Reading, i: int, first: int, last: int) -> bool:
    start = min(reading.clauses[i].start, reading.clauses[first].start)
    end = max(reading.clauses[i].end, reading.clauses[last].end)
    same_voice = reading.stances[i].speaker == reading.stances[first].speaker
    gap = (
        reading.text[reading.clauses[min(i, last)].end : reading.clauses[max(i, first)].start]
        if i > last or i < first
        else ""
    )
    return end - start <= MAX_SPAN_CHARS and same_voice and len(gap) <= 3


def _trimmed(note: str, start: int, end: int) -> tuple[int, int]:
    while start < end and (note[start] in _TRIM or not note[start].isprintable()):
        start += 1
    while end > start and (note[end - 1] in _TRIM or not note[end - 1].isprintable()):
        end -= 1
    return start, end

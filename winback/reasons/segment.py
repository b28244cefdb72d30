"""Cutting a note into clauses.

Belongs here: where clauses and sentences begin and end, as offsets into the note as written. Does not belong here: what a
clause says or who says it (`clauses`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_STOP = re.compile("[。！？!?；;\\n\\r…]+[\"”」』’')）\\]]*|\\.+[\"”’')\\]]*(?=\\s|$)|[，,：:、]+[\"”」』’')）]*|—+|--+")
_TURNING = re.compile(
    "(?<!不)(?:但是|但(?!愿|凡)|可是|然而|而是|結果|结果|其实|其實)|(?<![只超比争拼打干斗熬忍])(?:不过|不過)"
    "|(?<=\\s)(?:but|however|though|actually|because|cos|whereas)(?=\\s)",
    re.IGNORECASE,
)
_FULL = frozenset("。！？!?；;\n\r….")
_TIGHT = re.compile(r"[,:.]\d")
_WEIGHT = re.compile("[\\u3400-\\u9fff]|[^\\W_]+")
MIN_SOFT_UNITS = 3
MAX_CLAUSE_CHARS = 400


@dataclass(frozen=True, slots=True)
class Clause:
    """One clause: `text == note[start:end]` (no outer blanks); `sentence` counts sentences from 0."""

    start: int
    end: int
    text: str
    sentence: int


def _is_soft(mark: str) -> bool:
    return not any(c in _FULL for c in mark)


def split(note: str) -> list[Clause]:
    """The clauses of `note` in order, never empty ones; their spans do not overlap.

    A clause also begins at a turning word ("but", 但是, 其实) that stands after enough words. Full stops, question
    marks, semicolons and line ends close a sentence; commas, colons and dashes close a clause once it
    holds `MIN_SOFT_UNITS` characters (Chinese) or words. A clause longer than `MAX_CLAUSE_CHARS` is cut there.
    """
    clauses: list[Clause] = []
    begin, sentence = 0, 0

    def close(stop: int) -> None:
        nonlocal begin
        for turning in _TURNING.finditer(note, begin, stop):
            before, after = note[begin : turning.start()], note[turning.start() : stop]
            if _n_units(before) >= MIN_SOFT_UNITS and _n_units(after) >= MIN_SOFT_UNITS + 1:
                take(turning.start())
        take(stop)

    def take(stop: int) -> None:
        nonlocal begin
        while begin < stop:
            cut = min(stop, begin + MAX_CLAUSE_CHARS)
            piece = note[begin:cut]
            text = piece.strip()
            if text:
                start = begin + len(piece) - len(piece.lstrip())
                clauses.append(Clause(start, start + len(text), text, sentence))
            begin = cut

    for match in _STOP.finditer(note):
        soft = _is_soft(match.group())
        if soft and (_TIGHT.match(note, match.start()) or match.group() == "、"):
            continue
        if soft and _n_units(note[begin : match.end()]) < MIN_SOFT_UNITS:
            continue
        close(match.end())
        sentence += not soft
    close(len(note))
    return clauses


def _n_units(text: str) -> int:
    n = 0
    for _ in _WEIGHT.finditer(text):
        n += 1
        if n >= MIN_SOFT_UNITS:
            break
    return n

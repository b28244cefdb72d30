"""How each clause stands to what it says: who speaks, whether it is denied, only heard, past, set against what came before.

Belongs here: the stance of clauses, from cue lists in `cues/clauses.yaml`. Does not belong here: where clauses begin
(`segment`), which reason they speak for (`model`).
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from winback.reasons.normalise import normalise
from winback.reasons.segment import Clause

_TURN = re.compile(
    "\\s*[\\[【(（]?([^\\s:：\\[\\]【】()（）,，。]{1,12}(?: [A-Za-z]{1,12})?)[\\]】)）]?\\s*(?:[(（][^)）]{0,20}[)）])?\\s*[:：]"
)
_QUOTES = re.compile("[\"“”「」『』]|(?<![a-z])'|'(?![a-z])")
_CJK = re.compile("[\\u4e00-\\u9fff]")
KINDS = ("denial", "praise", "hearsay", "settled", "contrast", "past", "present")


@dataclass(frozen=True, slots=True)
class Stance:
    """What is known of one clause beside its topic.

    `speaker` is `rep`, `customer`, `colleague` or `writer` (running text of the note); `place` is where in the note the
    clause stands, 0 (start) to 1 (end); `normal` is its normalised text.
    """

    normal: str
    speaker: str
    is_denied: bool
    is_praise: bool
    is_hearsay: bool
    is_settled: bool
    is_contrast: bool
    is_past: bool
    is_present: bool
    is_question: bool
    is_quoted: bool
    place: float

    @property
    def may_support(self) -> bool:
        """Whether words of this clause may be shown as evidence for a reason."""
        asked_by_rep = self.is_question and self.speaker in ("rep", "colleague")
        return not (self.is_denied or self.is_hearsay or self.is_settled or asked_by_rep)


@dataclass(frozen=True)
class _Cues:
    zh: dict[str, re.Pattern[str]]
    en: dict[str, re.Pattern[str]]
    speakers: dict[str, re.Pattern[str]]
    praise_clears: frozenset[str]


@functools.cache
def _cues() -> _Cues:
    data: dict[str, Any] = yaml.safe_load((resources.files("winback.reasons") / "cues" / "clauses.yaml").read_text("utf-8"))
    return _Cues(
        zh={k: re.compile("|".join(v)) for k, v in data["zh"].items()},
        en={k: re.compile("|".join(v)) for k, v in data["en"].items()},
        speakers={k: re.compile(v) for k, v in data["speakers"].items()},
        praise_clears=frozenset(data["praise_clears"]),
    )


def praise_clears(code: str) -> bool:
    """Whether words of praise cannot be evidence for `code`."""
    return code in _cues().praise_clears


def _speaker(name: str) -> str:
    plain = normalise(name).strip()
    for role, pattern in _cues().speakers.items():
        if pattern.match(plain):
            return role
    return "customer"


def _says(kind: str, text: str, has_zh: bool, has_en: bool) -> bool:
    cues = _cues()
    return bool((has_zh and cues.zh[kind].search(text)) or (has_en and cues.en[kind].search(text)))


def _is_denied(text: str, has_zh: bool, has_en: bool) -> bool:
    """A denial counts unless the same clause goes on to say what it is instead."""
    cues = _cues()
    for present, lists in ((has_zh, cues.zh), (has_en, cues.en)):
        found = lists["denial"].search(text) if present else None
        if found:
            return not lists["denial_end"].search(text, found.end() + 2)
    return False


def read_stances(note: str, clauses: Sequence[Clause]) -> list[Stance]:
    """The stance of each clause of `note`, in order. Hearsay and denial reach no further than their own clause, except

    that a hearsay opening ("colleague says:") also covers the rest of its sentence.
    """
    stances: list[Stance] = []
    speaker, at_line_start, hearsay_sentence, quote_open = "writer", True, -1, False
    turns = _is_dialogue(note)
    for i, clause in enumerate(clauses):
        gap_start = clauses[i - 1].end if i else 0
        at_line_start = (
            i == 0 or "\n" in note[max(0, gap_start - 1) : clause.start + 1] or "\n" in note[gap_start : clause.start]
        )
        turn = _TURN.match(note, clause.start) if turns and at_line_start else None
        if turn:
            speaker = _speaker(turn.group(1))
        text = normalise(clause.text)
        has_zh, has_en = bool(_CJK.search(text)), bool(re.search("[a-z]{2}", text))
        heard = _says("hearsay", text, has_zh, has_en)
        if heard:
            hearsay_sentence = clause.sentence
        n_quotes = len(_QUOTES.findall(clause.text))
        stances.append(
            Stance(
                normal=text,
                speaker=speaker,
                is_denied=_is_denied(text, has_zh, has_en),
                is_praise=_says("praise", text, has_zh, has_en),
                is_hearsay=heard or hearsay_sentence == clause.sentence,
                is_settled=_says("settled", text, has_zh, has_en),
                is_contrast=_says("contrast", text, has_zh, has_en),
                is_past=_says("past", text, has_zh, has_en),
                is_present=_says("present", text, has_zh, has_en),
                is_question=text.rstrip("\"”」』’') ").endswith("?"),
                is_quoted=quote_open or n_quotes > 0,
                place=(clause.start + clause.end) / 2 / max(1, len(note)),
            )
        )
        quote_open ^= n_quotes % 2 == 1
    return stances


def _is_dialogue(note: str) -> bool:
    return sum(bool(_TURN.match(line)) for line in note[:20_000].split("\n")) >= 2


def stance_features(stances: Sequence[Stance]) -> NDArray[np.float32]:
    """One row a clause, 20 columns of 0 to 1: the flags, who speaks, place in the note, and what follows or precedes."""
    n = len(stances)
    rows = np.zeros((n, 20), np.float32)
    for i, s in enumerate(stances):
        after = stances[i + 1] if i + 1 < n else None
        before = stances[i - 1] if i else None
        rows[i] = (
            s.is_denied,
            s.is_praise,
            s.is_hearsay,
            s.is_settled,
            s.is_contrast,
            s.is_past,
            s.is_present,
            s.is_question,
            s.is_quoted,
            s.speaker == "rep",
            s.speaker == "customer",
            s.speaker == "writer",
            s.place,
            s.place**2,
            i == 0,
            i == n - 1,
            before is not None and before.is_contrast,
            before is not None and before.is_denied,
            after is not None and after.is_contrast,
            before is not None and before.is_question,
        )
    return rows

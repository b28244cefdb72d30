"""What a note says beside the reason: rivals, promises, wishes, interests, temperament.

Belongs here: finding mentions with their spans, from cue lists in `cues/mentions.yaml`. Does not belong here: the reason and
its evidence (`evidence`), what a play makes of a mention.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any

import yaml

from winback.reasons.clauses import Stance
from winback.reasons.normalise import same_length_simplified
from winback.reasons.segment import Clause

KINDS = (
    "rival",
    "promise",
    "do_not_contact",
    "preference",
    "interest",
    "temper_expressive",
    "temper_driver",
    "temper_amiable",
    "temper_analytical",
)
LEFT_FOR_RIVAL = "rival_when_left_for_it"
MAX_PER_KIND = 5
_CJK = re.compile("[\\u4e00-\\u9fff]")
_LATIN = re.compile("[A-Za-z]{2}")


@dataclass(frozen=True, slots=True)
class Mention:
    """One mention: `text == note[start:end]`. Kinds are listed in `KINDS`; temperaments are those of the taxonomy's S20."""

    kind: str
    text: str
    start: int
    end: int


@functools.cache
def _cues() -> tuple[dict[str, list[re.Pattern[str]]], dict[str, list[re.Pattern[str]]]]:
    data: dict[str, Any] = yaml.safe_load((resources.files("winback.reasons") / "cues" / "mentions.yaml").read_text("utf-8"))
    zh, en = (
        {k: [re.compile(p, re.IGNORECASE) for p in data[lang][k]] for k in (*KINDS, LEFT_FOR_RIVAL)} for lang in ("zh", "en")
    )
    return zh, en


def find_mentions(
    note: str, clauses: Sequence[Clause], stances: Sequence[Stance], left_for_rival: bool = False
) -> tuple[Mention, ...]:
    """All mentions in the note's sentences, by place; at most `MAX_PER_KIND` of a kind.

    Nothing is taken from a denied or hearsay clause. A wish not to be contacted is found wherever it stands: it is better to
    heed one too many. With `left_for_rival` (the note is labelled 1e) whoever they "moved to" is a rival, too.
    """
    barred = [(c.start, c.end) for c, s in zip(clauses, stances, strict=True) if s.is_denied or s.is_hearsay]
    found: list[Mention] = []
    for start, end in _sentences(clauses):
        plain = same_length_simplified(note[start:end])
        lists = [cues for cues, present in zip(_cues(), (_CJK.search(plain), _LATIN.search(plain)), strict=True) if present]
        for cues in lists:
            for kind in (*KINDS, LEFT_FOR_RIVAL) if left_for_rival else KINDS:
                for pattern in cues[kind]:
                    for match in pattern.finditer(plain):
                        a, b = match.span("span")
                        found.append(_trimmed("rival" if kind == LEFT_FOR_RIVAL else kind, note, start + a, start + b))
    kept: list[Mention] = []
    for m in sorted(found, key=lambda m: (m.start, -m.end, m.kind)):
        is_barred = m.kind != "do_not_contact" and any(m.start < e and s < m.end for s, e in barred)
        doubled = any(k.kind == m.kind and m.start < k.end for k in kept)
        if m.text and not is_barred and not doubled and sum(k.kind == m.kind for k in kept) < MAX_PER_KIND:
            kept.append(m)
    return tuple(kept)


def _sentences(clauses: Sequence[Clause]) -> list[tuple[int, int]]:
    spans: dict[int, tuple[int, int]] = {}
    for c in clauses:
        first = spans.get(c.sentence, (c.start, c.end))
        spans[c.sentence] = (first[0], c.end)
    return list(spans.values())


def _trimmed(kind: str, note: str, start: int, end: int) -> Mention:
    text = note[start:end]
    start += len(text) - len(text.lstrip())
    text = text.strip().rstrip("\"'”’」』)）")
    return Mention(kind, text, start, start + len(text))

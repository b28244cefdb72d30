"""The seed corpus: contact notes written for this project.

Belongs here: reading the notes that ship with the package, checking their shape, their fingerprint. Does not belong here:
notes of a workspace, training.
"""

from __future__ import annotations

import functools
import hashlib
import json
from dataclasses import dataclass
from importlib import resources

from winback.reasons.taxonomy import LEAF_CODES

WRITERS = ("a", "b", "c", "d", "e", "f")
DIFFICULTIES = ("easy", "medium", "hard")
SEARCH_ADS = "search_ads"


@dataclass(frozen=True, slots=True)
class CorpusNote:
    """One labelled note; `evidence` is a substring of `text`, empty only for code 7; `writer` is one letter."""

    id: str
    writer: str
    language: str
    domain: str
    style: str
    difficulty: str
    text: str
    primary: str
    secondary: tuple[str, ...]
    evidence: str

    @property
    def is_search_ads(self) -> bool:
        """Whether the note is from search advertising, the half the taxonomy was made for."""
        return self.domain == SEARCH_ADS


@functools.cache
def load_corpus() -> tuple[CorpusNote, ...]:
    """All notes, in the order of writers and files. Raises ValueError with the note's id where one is malformed."""
    notes = []
    for writer in WRITERS:
        lines = (resources.files("winback.reasons") / "corpus" / f"{writer}.jsonl").read_text("utf-8").split("\n")
        notes += [_note(writer, line) for line in lines if line.strip()]
    return tuple(notes)


def _note(writer: str, line: str) -> CorpusNote:
    row = json.loads(line)
    note = CorpusNote(
        id=row["id"],
        writer=writer,
        language=row["lang"],
        domain=row["domain"],
        style=row["style"],
        difficulty=row["difficulty"],
        text=row["text"],
        primary=row["primary"],
        secondary=tuple(row["secondary"]),
        evidence=row["evidence"],
    )
    codes = (note.primary, *note.secondary)
    if (
        any(c not in LEAF_CODES for c in codes)
        or note.evidence not in note.text
        or (not note.evidence and note.primary != "7")
    ):
        raise ValueError(f"corpus note {note.id}: codes {codes} or evidence '{note.evidence}' do not fit its text")
    return note


@dataclass(frozen=True, slots=True)
class RoutineNote:
    """A note of daily business: it does not say why an account left."""

    id: str
    domain: str
    text: str


@functools.cache
def load_routine() -> tuple[RoutineNote, ...]:
    """The notes of daily business, in the order of their file."""
    lines = (resources.files("winback.reasons") / "corpus" / "routine" / "r.jsonl").read_text("utf-8").split("\n")
    rows = [json.loads(line) for line in lines if line.strip()]
    return tuple(RoutineNote(r["id"], r["domain"], r["text"]) for r in rows)


def corpus_fingerprint() -> str:
    """SHA-256 over texts, labels and evidence: a fitted model carries it and is refused for another corpus."""
    digest = hashlib.sha256()
    for r in load_routine():
        digest.update(json.dumps([r.id, r.text], ensure_ascii=False).encode())
    for n in load_corpus():
        digest.update(json.dumps([n.id, n.text, n.primary, n.secondary, n.evidence], ensure_ascii=False).encode())
    return digest.hexdigest()

"""The labeller of one workspace: the seed corpus and the notes its people labelled.

Belongs here: notes that people labelled as corpus notes, and the base scorers fitted on both. Does not belong here: stack,
temperature and thresholds: they stay those of the shipped labeller, since a workspace has too few notes of unseen writers to
fit them.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace

import polars as pl

from winback.reasons.artefact import Artefact
from winback.reasons.corpus import CorpusNote, load_corpus
from winback.reasons.encoders import Encoder
from winback.reasons.folds import Labelled
from winback.reasons.model import BaseScorers
from winback.reasons.normalise import language_of
from winback.reasons.taxonomy import LEAF_CODES
from winback.reasons.views import make_views, read_note

MIN_OWN_NOTES = 30
"""Fewest labelled notes from which a workspace gets a labeller of its own."""


def own_notes(labelled: pl.DataFrame) -> list[CorpusNote]:
    """Corpus notes from rows of `note_labels`; without words, code 7 aside, the whole note counts as evidence."""
    rows = labelled.filter(pl.col("note_text").is_not_null() & pl.col("reason_code").is_in(LEAF_CODES)).sort("text_sha256")
    return [
        CorpusNote(
            id=row["text_sha256"],
            writer="own",
            language=language_of(row["note_text"]),
            domain="own",
            style="own",
            difficulty="medium",
            text=row["note_text"],
            primary=row["reason_code"],
            secondary=(),
            evidence=_evidence(row["note_text"], row["evidence_text"], row["reason_code"]),
        )
        for row in rows.iter_rows(named=True)
    ]


def own_fingerprint(shipped: Artefact, notes: list[CorpusNote]) -> str:
    """Names the seed corpus and the workspace's notes: another label makes another model."""
    digest = hashlib.sha256(shipped.corpus_fingerprint.encode())
    for note in notes:
        digest.update(f"{note.id}\t{note.primary}\t{note.evidence}\n".encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def fit_own(shipped: Artefact, notes: list[CorpusNote], encoder: Encoder) -> Artefact:
    """The shipped labeller with its base scorers fitted on the seed corpus and `notes`; about half a minute."""
    both = [*load_corpus(), *notes]
    readings = [read_note(n.text) for n in both]
    data = Labelled.make(both, readings, make_views(readings, encoder, None))
    scorers = replace(BaseScorers.fit(data.views, data.labels, data.clause_labels), e5=shipped.scorers.e5)
    return replace(shipped, scorers=scorers, corpus_fingerprint=own_fingerprint(shipped, notes))


def _evidence(text: str, words: str | None, code: str) -> str:
    if words and words in text:
        return words
    return "" if code == "7" else text

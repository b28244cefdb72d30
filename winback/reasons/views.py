"""Notes as numbers, before anything is learned from labels.

Belongs here: reading texts into clauses with their stance, n-grams and sentence vectors, and taking a part of a batch.
Does not belong here: weights, labels, thresholds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from winback.reasons.clauses import Stance, read_stances, stance_features
from winback.reasons.encoders import Encoder
from winback.reasons.ngrams import Hashes, char_hashes, word_hashes
from winback.reasons.normalise import language_of, normalise
from winback.reasons.segment import Clause, split

MAX_NOTE_CHARS = 6_000
"""A longer note is read in its first two thirds of this and its last third."""
NOTE_NGRAM, CLAUSE_NGRAM = 5, 4
MAX_CLAUSES = 120


@dataclass(frozen=True, slots=True)
class Reading:
    """One note as read: `clauses` carry offsets into `text`; `stances` go with them."""

    text: str
    normal: str
    language: str
    is_cut: bool
    clauses: tuple[Clause, ...]
    stances: tuple[Stance, ...]


def read_note(text: str) -> Reading:
    """`text` cut into clauses, each with its stance; of a very long note the beginning and the end are read."""
    is_cut = len(text) > MAX_NOTE_CHARS
    tail = MAX_NOTE_CHARS // 3
    head = MAX_NOTE_CHARS - tail
    clauses = split(text[:head] if is_cut else text)
    if is_cut:
        shift, last = len(text) - tail, clauses[-1].sentence + 1 if clauses else 0
        clauses += [Clause(c.start + shift, c.end + shift, c.text, c.sentence + last) for c in split(text[-tail:])]
    clauses = [c for c in clauses if any(ch.isalnum() for ch in c.text)]
    if len(clauses) > MAX_CLAUSES:
        clauses = clauses[: MAX_CLAUSES * 2 // 3] + clauses[-MAX_CLAUSES // 3 :]
    window = text[:head] + "\n" + text[-tail:] if is_cut else text
    return Reading(text, normalise(window), language_of(window), is_cut, tuple(clauses), tuple(read_stances(text, clauses)))


@dataclass(frozen=True)
class Views:
    """A batch of notes as features. Notes are rows 0 to `n` - 1; clauses belong to notes by `owner`, in order."""

    n: int
    chars: Hashes
    words: Hashes
    clause_chars: Hashes
    owner: NDArray[np.int64]
    stance: NDArray[np.float32]
    clause_vectors: NDArray[np.float32]
    e5_vectors: NDArray[np.float32] | None

    @property
    def n_clauses(self) -> int:
        """The number of clauses in all notes."""
        return len(self.owner)

    def take(self, rows: NDArray[np.bool_]) -> Views:
        """The notes where `rows` is true, renumbered."""
        clauses = rows[self.owner] if len(self.owner) else np.zeros(0, bool)
        return Views(
            n=int(rows.sum()),
            chars=_take(self.chars, rows),
            words=_take(self.words, rows),
            clause_chars=_take(self.clause_chars, clauses),
            owner=_renumber(rows)[self.owner[clauses]],
            stance=self.stance[clauses],
            clause_vectors=self.clause_vectors[clauses],
            e5_vectors=None if self.e5_vectors is None else self.e5_vectors[rows],
        )

    def mean_vectors(self) -> NDArray[np.float64]:
        """One row a note: the mean of its clause vectors, scaled to length 1 (zero for a note without clauses)."""
        total = _sum_by(self.owner, self.n) @ self.clause_vectors
        return np.asarray(total / np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-9))

    def neighbours(self) -> tuple[NDArray[np.int64], NDArray[np.bool_], NDArray[np.int64], NDArray[np.bool_]]:
        """For each clause the index of the one before and after it, and whether that is in the same note."""
        at = np.arange(self.n_clauses)
        before, after = np.maximum(at - 1, 0), np.minimum(at + 1, max(0, self.n_clauses - 1))
        return (
            before,
            (self.owner[before] == self.owner) & (at > 0),
            after,
            (self.owner[after] == self.owner) & (after > at),
        )


def _sum_by(owner: NDArray[np.int64], n: int) -> sparse.csr_matrix:
    """A matrix that sums rows of clauses into rows of notes."""
    return sparse.csr_matrix((np.ones(len(owner)), (owner, np.arange(len(owner)))), shape=(n, len(owner)))


def _renumber(rows: NDArray[np.bool_]) -> NDArray[np.int64]:
    return np.asarray(np.cumsum(rows) - 1, np.int64)


def _take(hashes: Hashes, rows: NDArray[np.bool_]) -> Hashes:
    grams, owners = hashes
    keep = rows[owners] if len(owners) else np.zeros(0, bool)
    return grams[keep], _renumber(rows)[owners[keep]]


def make_views(readings: Sequence[Reading], encoder: Encoder, e5: Encoder | None) -> Views:
    """The features of `readings`; `e5` adds vectors of whole notes."""
    normals = [r.normal for r in readings]
    stances = [stance_features(r.stances) for r in readings]
    clause_texts = [s.normal for r in readings for s in r.stances]
    return Views(
        n=len(readings),
        chars=char_hashes(normals, NOTE_NGRAM),
        words=word_hashes(normals),
        clause_chars=char_hashes(clause_texts, CLAUSE_NGRAM),
        owner=np.repeat(np.arange(len(readings)), [len(r.clauses) for r in readings]).astype(np.int64),
        stance=np.concatenate(stances) if stances else np.zeros((0, 20), np.float32),
        clause_vectors=encoder.encode(clause_texts),
        e5_vectors=e5.encode(normals) if e5 is not None else None,
    )

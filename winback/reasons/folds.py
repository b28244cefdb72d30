"""Leave-one-writer-out: scores of every note by models that never saw its writer.

Belongs here: the folds by writer, plain and nested, and clause labels from evidence spans. Does not belong here: figures
computed from them (`evaluate`), the model that ships (`train`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from winback.reasons.corpus import CorpusNote
from winback.reasons.evidence import find_span
from winback.reasons.model import N_CODES, NO_REASON, BaseScorers
from winback.reasons.secondary import candidate_features, outside_scores
from winback.reasons.stacking import Stack
from winback.reasons.taxonomy import LEAF_CODES
from winback.reasons.views import Reading, Views

Matrix = NDArray[np.float64]
MIN_EVIDENCE_SHARE = 0.5
Progress = Callable[[str], None]


@dataclass(frozen=True)
class Labelled:
    """The corpus as features and labels; all arrays have one entry a note but `clause_labels`, one a clause."""

    notes: tuple[CorpusNote, ...]
    readings: tuple[Reading, ...]
    views: Views
    labels: NDArray[np.int64]
    clause_labels: NDArray[np.int64]
    writers: NDArray[np.str_]

    @classmethod
    def make(cls, notes: Sequence[CorpusNote], readings: Sequence[Reading], views: Views) -> Labelled:
        """Clauses that lie for more than half in the evidence span get the note's code, all others none."""
        labels = np.array([LEAF_CODES.index(n.primary) for n in notes])
        clause_labels = []
        for note, reading, label in zip(notes, readings, labels, strict=True):
            start = note.text.find(note.evidence) if note.evidence else len(note.text)
            end = start + len(note.evidence)
            for c in reading.clauses:
                inside = max(0, min(c.end, end) - max(c.start, start))
                clause_labels.append(label if inside > MIN_EVIDENCE_SHARE * (c.end - c.start) else NO_REASON)
        writers = np.array([n.writer for n in notes])
        return cls(tuple(notes), tuple(readings), views, labels, np.array(clause_labels), writers)

    def rows(self, keep: NDArray[np.bool_]) -> tuple[Views, NDArray[np.int64], NDArray[np.int64]]:
        """(views, labels, clause labels) of the notes to keep."""
        return self.views.take(keep), self.labels[keep], self.clause_labels[keep[self.views.owner]]


@dataclass(frozen=True)
class FoldScores:
    """`plain`: scores of each note by models without its writer; `clauses` likewise, one row a clause.

    `nested[w]`: scores of each note not by `w` by models that saw neither its writer nor `w` (rows of `w` are zero).
    """

    plain: dict[str, Matrix]
    clauses: Matrix
    nested: dict[str, dict[str, Matrix]]


def fold_scores(data: Labelled, progress: Progress) -> FoldScores:
    """Fit without every writer and every pair of writers and score those left out."""
    names = sorted(set(data.writers.tolist()))
    plain: dict[str, Matrix] = {}
    clauses = np.zeros((data.views.n_clauses, N_CODES + 1))
    nested: dict[str, dict[str, Matrix]] = {w: {} for w in names}
    for group in [*combinations(names, 1), *combinations(names, 2)]:
        progress(f"without {' and '.join(group)}")
        out = np.isin(data.writers, group)
        scores, clause_scores = BaseScorers.fit(*data.rows(~out)).score(data.views.take(out))
        if len(group) == 1:
            _fill(plain, scores, out)
            clauses[out[data.views.owner]] = clause_scores
            continue
        for held, other in (group, group[::-1]):
            mine = data.writers[out] == other
            _fill(nested[held], {k: v[mine] for k, v in scores.items()}, data.writers == other)
    return FoldScores(plain, clauses, nested)


def _fill(into: dict[str, Matrix], scores: dict[str, Matrix], rows: NDArray[np.bool_]) -> None:
    for name, values in scores.items():
        into.setdefault(name, np.zeros((len(rows), values.shape[1])))[rows] = values


def stacked(data: Labelled, folds: FoldScores, blocks: tuple[str, ...]) -> Matrix:
    """Log-odds of every note by stacks (and base scorers) that never saw its writer."""
    raw = np.zeros((len(data.labels), N_CODES))
    for writer, scores in folds.nested.items():
        out = data.writers == writer
        stack = Stack.fit(blocks, {k: v[~out] for k, v in scores.items()}, data.labels[~out], N_CODES)
        raw[out] = stack.raw({k: v[out] for k, v in folds.plain.items()})
    return raw


def secondary_features(data: Labelled, folds: FoldScores, probabilities: Matrix) -> Matrix:
    """What `SecondaryPicker` reads, from scores by models that never saw the note's writer."""
    bounds = np.searchsorted(data.views.owner, np.arange(data.views.n + 1))
    outside = []
    for i, reading in enumerate(data.readings):
        scores = folds.clauses[bounds[i] : bounds[i + 1]]
        span = find_span(reading, scores, LEAF_CODES[int(probabilities[i].argmax())])
        outside.append(outside_scores(reading, scores, span))
    return candidate_features(probabilities, folds.plain, np.stack(outside))

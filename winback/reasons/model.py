"""The fitted parts of the labeller and how they are fitted.

Belongs here: the base scorers over a batch's views (characters and words, clauses, meaning), their weights, saving to and
loading from one npz file. Does not belong here: cross-validation (`train`), picking spans (`evidence`), the public interface.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from winback.reasons.calibration import softmax
from winback.reasons.ngrams import Hashes, Vocabulary
from winback.reasons.ridge import cg_weights, dual_weights, radial_kernel
from winback.reasons.taxonomy import LEAF_CODES
from winback.reasons.views import Views

N_CODES = len(LEAF_CODES)
NO_REASON = N_CODES
MIN_TEXTS_NOTE, MIN_TEXTS_CLAUSE = 2, 2
NOTE_PENALTY, CLAUSE_PENALTY, RADIAL_PENALTY = 0.5, 2.0, 0.5
WORD_WEIGHT = 0.7
CONTEXT_WEIGHT, VECTOR_WEIGHT, VECTOR_CONTEXT_WEIGHT, STANCE_WEIGHT = 0.5, 1.5, 0.7, 0.3
RADIAL_GAMMA = 0.5
SHARPNESS = 8.0
"""Clause scores lie between 0 and 1; times this they go through a softmax before they are pooled."""
Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class LexicalScorer:
    """Ridge over character n-grams and, with less weight, English words of the whole note."""

    chars: Vocabulary
    words: Vocabulary
    char_weights: NDArray[np.float32]
    word_weights: NDArray[np.float32]

    @classmethod
    def fit(cls, views: Views, labels: NDArray[np.int64]) -> LexicalScorer:
        """Solved exactly, in as many unknowns as there are notes."""
        chars = Vocabulary.learn(views.chars, views.n, MIN_TEXTS_NOTE)
        words = Vocabulary.learn(views.words, views.n, MIN_TEXTS_NOTE)
        x, z = chars.tfidf(views.chars, views.n), words.tfidf(views.words, views.n)
        kernel = (x @ x.T).toarray() + WORD_WEIGHT**2 * (z @ z.T).toarray()
        alpha = dual_weights(kernel.astype(float), np.eye(N_CODES)[labels] - 1 / N_CODES, NOTE_PENALTY)
        return cls(chars, words, np.asarray(x.T @ alpha, np.float32), np.asarray(WORD_WEIGHT**2 * (z.T @ alpha), np.float32))

    def score(self, chars: Hashes, words: Hashes, n: int) -> Matrix:
        """One row a note, one column a leaf code; about 0 to 1, not probabilities."""
        lexical = self.chars.tfidf(chars, n) @ self.char_weights
        return np.asarray(lexical + self.words.tfidf(words, n) @ self.word_weights, float)

    def known_word_share(self, words: Hashes, n: int) -> Matrix:
        """Per note, the share of its Latin words and word pairs that the corpus knows; 1 for a note without any."""
        grams, owners = words
        known = np.isin(grams, self.words.keys)
        total = np.bincount(owners, minlength=n)
        return np.asarray(np.where(total > 0, np.bincount(owners, known, n) / np.maximum(total, 1), 1.0))


@dataclass(frozen=True)
class ClauseScorer:
    """Ridge over clauses: their n-grams, their meaning, their stance and both neighbours; learned from evidence spans.

    The last of the 17 columns is "speaks for no reason".
    """

    chars: Vocabulary
    own: NDArray[np.float32]
    context: NDArray[np.float32]
    dense: NDArray[np.float32]
    centre: NDArray[np.float32]
    base: NDArray[np.float32]

    @staticmethod
    def _dense(views: Views, centre: NDArray[np.float32]) -> NDArray[np.float32]:
        v = views.clause_vectors - centre
        before, has_before, after, has_after = views.neighbours()
        blocks = [VECTOR_WEIGHT * v, VECTOR_CONTEXT_WEIGHT * v[before] * has_before[:, None]]
        blocks += [VECTOR_CONTEXT_WEIGHT * v[after] * has_after[:, None], STANCE_WEIGHT * views.stance]
        return np.concatenate(blocks, axis=1).astype(np.float32)

    @staticmethod
    def _context(views: Views, x: sparse.csr_matrix) -> sparse.csr_matrix:
        before, has_before, after, has_after = views.neighbours()
        left = sparse.diags(has_before.astype(np.float32)) @ x[before]
        return CONTEXT_WEIGHT * (left + sparse.diags(has_after.astype(np.float32)) @ x[after])

    @classmethod
    def fit(cls, views: Views, clause_labels: NDArray[np.int64]) -> ClauseScorer:
        """`clause_labels` are code indices, `NO_REASON` where a clause is no evidence."""
        chars = Vocabulary.learn(views.clause_chars, views.n_clauses, MIN_TEXTS_CLAUSE)
        x = chars.tfidf(views.clause_chars, views.n_clauses)
        centre = views.clause_vectors.mean(axis=0)
        targets = np.eye(N_CODES + 1)[clause_labels]
        base = targets.mean(axis=0)
        blocks = [x, cls._context(views, x).tocsr(), cls._dense(views, centre)]
        own, context, dense = (np.asarray(w, np.float32) for w in cg_weights(blocks, targets - base, CLAUSE_PENALTY))
        return cls(chars, own, context, dense, centre, base.astype(np.float32))

    def score(self, views: Views) -> Matrix:
        """One row a clause, 17 columns."""
        if views.n_clauses == 0:
            return np.zeros((0, N_CODES + 1))
        x = self.chars.tfidf(views.clause_chars, views.n_clauses)
        before, has_before, after, has_after = views.neighbours()
        around = x @ self.context * CONTEXT_WEIGHT
        around = around[before] * has_before[:, None] + around[after] * has_after[:, None]
        return np.asarray(x @ self.own + around + self._dense(views, self.centre) @ self.dense + self.base, float)


@dataclass(frozen=True)
class MeaningScorer:
    """Ridge with a radial kernel over one sentence vector a note."""

    anchors: NDArray[np.float32]
    alpha: NDArray[np.float32]
    centre: NDArray[np.float32]

    @classmethod
    def fit(cls, vectors: Matrix, labels: NDArray[np.int64]) -> MeaningScorer:
        """`vectors` has one row a note."""
        centre = vectors.mean(axis=0)
        x = cls._scaled(vectors, centre)
        alpha = dual_weights(radial_kernel(x, x, RADIAL_GAMMA), np.eye(N_CODES)[labels] - 1 / N_CODES, RADIAL_PENALTY)
        return cls(x.astype(np.float32), alpha.astype(np.float32), centre.astype(np.float32))

    @staticmethod
    def _scaled(vectors: Matrix, centre: Any) -> Matrix:
        moved = np.asarray(vectors, float) - centre
        return np.asarray(moved / np.maximum(np.linalg.norm(moved, axis=1, keepdims=True), 1e-9))

    def score(self, vectors: Matrix) -> Matrix:
        """One row a note, one column a leaf code."""
        x = self._scaled(vectors, self.centre.astype(float))
        return np.asarray(radial_kernel(x, self.anchors.astype(float), RADIAL_GAMMA) @ self.alpha.astype(float))


def pool(clause_scores: Matrix, owner: NDArray[np.int64], n: int) -> tuple[Matrix, Matrix]:
    """(share, peak) of each leaf code over the clauses of a note, as logarithms; one row a note."""
    share, peak = np.zeros((n, N_CODES + 1)), np.zeros((n, N_CODES + 1))
    if len(clause_scores):
        probabilities = softmax(SHARPNESS * clause_scores)
        np.add.at(share, owner, probabilities)
        np.maximum.at(peak, owner, probabilities)
    total = np.maximum(share[:, :N_CODES].sum(axis=1, keepdims=True), 1e-9)
    return np.log(share[:, :N_CODES] / total + 0.01), np.log(peak[:, :N_CODES] + 0.01)


@dataclass(frozen=True)
class BaseScorers:
    """All base scorers, fitted on the same notes. `e5` is None where its vectors were not at hand."""

    lexical: LexicalScorer
    clause: ClauseScorer
    meaning: MeaningScorer
    e5: MeaningScorer | None

    @classmethod
    def fit(cls, views: Views, labels: NDArray[np.int64], clause_labels: NDArray[np.int64]) -> BaseScorers:
        """Fit every scorer the views allow."""
        return cls(
            lexical=LexicalScorer.fit(views, labels),
            clause=ClauseScorer.fit(views, clause_labels),
            meaning=MeaningScorer.fit(views.mean_vectors(), labels),
            e5=None if views.e5_vectors is None else MeaningScorer.fit(views.e5_vectors.astype(float), labels),
        )

    def score(self, views: Views) -> tuple[dict[str, Matrix], Matrix]:
        """({name: one row a note}, clause scores)."""
        clause_scores = self.clause.score(views)
        share, peak = pool(clause_scores, views.owner, views.n)
        scores = {
            "lexical": self.lexical.score(views.chars, views.words, views.n),
            "share": share,
            "peak": peak,
            "meaning": self.meaning.score(views.mean_vectors()),
        }
        if self.e5 is not None and views.e5_vectors is not None:
            scores["e5"] = self.e5.score(views.e5_vectors.astype(float))
        return scores, clause_scores

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Every array by name, weights in half precision."""
        out: dict[str, NDArray[Any]] = {}
        for name in ("lexical", "clause", "meaning", "e5"):
            part = getattr(self, name)
            if part is None:
                continue
            for field, value in vars(part).items():
                if isinstance(value, Vocabulary):
                    out |= {f"{name}.{field}.keys": value.keys, f"{name}.{field}.idf": value.idf.astype(np.float16)}
                else:
                    out[f"{name}.{field}"] = np.asarray(value, np.float16)
        return out

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> BaseScorers:
        """The scorers saved by `arrays`."""

        def vocabulary(name: str) -> Vocabulary:
            return Vocabulary(np.asarray(arrays[f"{name}.keys"], np.uint64), arrays[f"{name}.idf"].astype(np.float32))

        def plain(name: str) -> NDArray[np.float32]:
            return arrays[name].astype(np.float32)

        def meaning(name: str) -> MeaningScorer:
            return MeaningScorer(plain(f"{name}.anchors"), plain(f"{name}.alpha"), plain(f"{name}.centre"))

        return cls(
            lexical=LexicalScorer(
                vocabulary("lexical.chars"),
                vocabulary("lexical.words"),
                plain("lexical.char_weights"),
                plain("lexical.word_weights"),
            ),
            clause=ClauseScorer(
                vocabulary("clause.chars"),
                *(plain(f"clause.{f}") for f in ("own", "context", "dense", "centre", "base")),
            ),
            meaning=meaning("meaning"),
            e5=meaning("e5") if "e5.anchors" in arrays else None,
        )

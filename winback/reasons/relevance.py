"""Whether a note bears on a lapse at all: most notes in a CRM are daily business and say nothing about leaving.

Belongs here: one calibrated probability per note, fitted on the seed corpus against notes of daily business. Does not belong
here: which reason a note gives (`model`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from winback.reasons.calibration import fit_logistic, softmax
from winback.reasons.ngrams import Vocabulary
from winback.reasons.ridge import dual_weights, radial_kernel
from winback.reasons.views import Views

Matrix = NDArray[np.float64]
MIN_TEXTS = 2
PENALTY = 0.5
RADIAL_GAMMA = 0.5
BEARS_FROM_PROB = 0.5
"""Probability from which a note is taken to bear on the lapse."""


@dataclass(frozen=True)
class RelevanceScorer:
    """Ridge over characters plus ridge with a radial kernel over meaning, made one probability by a logistic curve."""

    chars: Vocabulary
    char_weights: NDArray[np.float32]
    anchors: NDArray[np.float32]
    alpha: NDArray[np.float32]
    weights: Matrix
    bias: Matrix

    @classmethod
    def fit(cls, views: Views, bears: NDArray[np.bool_], folds: NDArray[np.int64]) -> RelevanceScorer:
        """`bears` says for each note whether it is about leaving; `folds` which notes are judged together, unseen."""
        unseen = np.zeros((views.n, 2))
        for fold in np.unique(folds):
            out = folds == fold
            unseen[out] = _raw(_fit_bases(views.take(~out), bears[~out]), views.take(out))
        weights, bias = fit_logistic(unseen, bears.astype(np.int64), 2, 1.0)
        chars, char_weights, anchors, alpha = _fit_bases(views, bears)
        return cls(chars, char_weights, anchors, alpha, weights, bias)

    def probabilities(self, views: Views) -> Matrix:
        """P(the note bears on a lapse), one per note, 0 to 1."""
        raw = _raw((self.chars, self.char_weights, self.anchors, self.alpha), views)
        return np.asarray(softmax(raw @ self.weights + self.bias)[:, 1])

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Every array by name, large ones in half precision."""
        return {
            "relevance.chars.keys": self.chars.keys,
            "relevance.chars.idf": self.chars.idf.astype(np.float16),
            "relevance.char_weights": self.char_weights.astype(np.float16),
            "relevance.anchors": self.anchors.astype(np.float16),
            "relevance.alpha": self.alpha.astype(np.float16),
            "relevance.weights": self.weights,
            "relevance.bias": self.bias,
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> RelevanceScorer:
        """The scorer saved by `arrays`."""

        def single(name: str) -> NDArray[np.float32]:
            return arrays[f"relevance.{name}"].astype(np.float32)

        chars = Vocabulary(np.asarray(arrays["relevance.chars.keys"], np.uint64), single("chars.idf"))
        weights, bias = arrays["relevance.weights"].astype(float), arrays["relevance.bias"].astype(float)
        return cls(chars, single("char_weights"), single("anchors"), single("alpha"), weights, bias)


_Bases = tuple[Vocabulary, NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]


def _fit_bases(views: Views, bears: NDArray[np.bool_]) -> _Bases:
    chars = Vocabulary.learn(views.chars, views.n, MIN_TEXTS)
    x = chars.tfidf(views.chars, views.n)
    targets = bears.astype(float)[:, None] - 0.5
    char_weights = x.T @ dual_weights((x @ x.T).toarray().astype(float), targets, PENALTY)
    vectors = views.mean_vectors()
    alpha = dual_weights(radial_kernel(vectors, vectors, RADIAL_GAMMA), targets, PENALTY)
    return chars, np.asarray(char_weights, np.float32), vectors.astype(np.float32), alpha.astype(np.float32)


def _raw(bases: _Bases, views: Views) -> Matrix:
    chars, char_weights, anchors, alpha = bases
    lexical = chars.tfidf(views.chars, views.n) @ char_weights
    meaning = radial_kernel(views.mean_vectors(), anchors.astype(float), RADIAL_GAMMA) @ alpha.astype(float)
    return np.hstack([np.asarray(lexical, float), np.asarray(meaning, float)])

"""Second reasons of a note.

Belongs here: which other codes a note also gives, by a logistic regression over what the stack says and over the clauses
outside the primary reason's span. Does not belong here: the primary reason, how a span is chosen (`evidence`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from winback.reasons.calibration import fit_logistic, softmax
from winback.reasons.evidence import Span
from winback.reasons.model import N_CODES, SHARPNESS
from winback.reasons.taxonomy import LEAF_CODES, UNKNOWN
from winback.reasons.views import Reading

Matrix = NDArray[np.float64]
MAX_SECONDARY = 2
WANTED_PRECISION = 0.4
"""Share of named second reasons that are right, out of fold; only about one note in five has any."""
_PENALTY = 1.0


def outside_scores(reading: Reading, clause_scores: Matrix, span: Span | None) -> Matrix:
    """2 x codes: the highest log probability and score of each code over clauses that may support one and lie outside `span`."""
    keep = [
        s.may_support and not (span and c.start < span.end and span.start < c.end)
        for c, s in zip(reading.clauses, reading.stances, strict=True)
    ]
    if not any(keep):
        return np.stack([np.full(N_CODES, np.log(0.01)), np.zeros(N_CODES)])
    kept = clause_scores[keep]
    return np.stack([np.log(softmax(SHARPNESS * kept)[:, :N_CODES].max(axis=0) + 0.01), kept[:, :N_CODES].max(axis=0)])


def candidate_features(probabilities: Matrix, scores: Mapping[str, Matrix], outside: Matrix) -> Matrix:
    """Notes x codes x features: probabilities, base scores, what clauses outside the span say, the code, code and primary."""
    n = len(probabilities)
    log_p = np.log(probabilities + 1e-4)
    certainty = np.broadcast_to(log_p.max(axis=1, keepdims=True), log_p.shape)
    runner = log_p - np.sort(log_p, axis=1)[:, -2][:, None]
    plain = [
        log_p,
        runner,
        certainty,
        outside[:, 0],
        outside[:, 1],
        *(scores[b] for b in ("peak", "share", "lexical", "meaning")),
    ]
    code = np.broadcast_to(np.eye(N_CODES), (n, N_CODES, N_CODES))
    primary = np.eye(N_CODES)[probabilities.argmax(axis=1)]
    pair = (code[:, :, :, None] * primary[:, None, None, :]).reshape(n, N_CODES, N_CODES**2)
    return np.concatenate([np.stack(plain, axis=2), code, pair], axis=2)


@dataclass(frozen=True)
class SecondaryPicker:
    """Weights of the logistic regression and the chance from which a code is named."""

    weights: Matrix
    bias: float
    threshold: float

    @classmethod
    def fit(cls, probabilities: Matrix, features: Matrix, secondary: Sequence[tuple[str, ...]]) -> SecondaryPicker:
        """Fit on out-of-fold scores; the threshold is the lowest that reaches `WANTED_PRECISION` there."""
        truth = np.array([[c in codes for c in LEAF_CODES] for codes in secondary])
        usable = _usable(probabilities)
        weights, bias = fit_logistic(features[usable], truth[usable].astype(np.int64), 2, _PENALTY)
        picker = cls(weights[:, 1] - weights[:, 0], float(bias[1] - bias[0]), 1.0)
        chances = picker.chances(probabilities, features)[usable]
        order = np.argsort(-chances, kind="stable")
        precision = np.cumsum(truth[usable][order]) / np.arange(1, len(order) + 1)
        good = np.flatnonzero(precision >= WANTED_PRECISION)
        return cls(picker.weights, picker.bias, float(chances[order[good[-1]]]) if len(good) else 1.0)

    def chances(self, probabilities: Matrix, features: Matrix) -> Matrix:
        """Chance of each code to be a second reason; 0 for the likeliest code, for 7, and where 7 is likeliest."""
        return np.where(_usable(probabilities), 1 / (1 + np.exp(-(features @ self.weights + self.bias))), 0.0)

    def arrays(self, prefix: str) -> dict[str, NDArray[Any]]:
        """Every array by name."""
        return {f"{prefix}.weights": self.weights, f"{prefix}.bias": np.array([self.bias, self.threshold])}

    @classmethod
    def from_arrays(cls, prefix: str, arrays: Mapping[str, NDArray[Any]]) -> SecondaryPicker:
        """The picker saved by `arrays`."""
        bias, threshold = arrays[f"{prefix}.bias"].tolist()
        return cls(arrays[f"{prefix}.weights"].astype(float), bias, threshold)


def _usable(probabilities: Matrix) -> NDArray[np.bool_]:
    top = probabilities.argmax(axis=1)
    unknown = LEAF_CODES.index(UNKNOWN)
    usable = np.arange(len(LEAF_CODES))[None, :] != top[:, None]
    usable[:, unknown] = False
    usable[top == unknown] = False
    return np.asarray(usable)

"""Several scorers' opinions as one calibrated probability per leaf code.

Belongs here: the stack (multinomial logistic regression over standardised base scores, then a temperature). Does not belong
here: the base scorers (`model`), folds (`train`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from winback.reasons.calibration import fit_logistic, fit_temperature, softmax

Matrix = NDArray[np.float64]
BLOCKS = {"base": ("lexical", "share", "peak", "meaning"), "e5": ("lexical", "share", "peak", "meaning", "e5")}
"""Which base scores each set of features stacks."""
PENALTY = 50.0


@dataclass(frozen=True)
class Stack:
    """`blocks` names the base scores it reads; one column of `weights` per leaf code."""

    blocks: tuple[str, ...]
    centre: Matrix
    spread: Matrix
    weights: Matrix
    bias: Matrix
    temperature: float

    @classmethod
    def fit(cls, blocks: tuple[str, ...], scores: Mapping[str, Matrix], labels: NDArray[np.int64], n_classes: int) -> Stack:
        """Fit on scores that the base scorers gave to notes they had not seen."""
        x = np.hstack([scores[b] for b in blocks])
        centre, spread = x.mean(axis=0), x.std(axis=0) + 1e-9
        weights, bias = fit_logistic((x - centre) / spread, labels, n_classes, PENALTY)
        return cls(blocks, centre, spread, weights, bias, 1.0)

    def calibrated(self, scores: Matrix, labels: NDArray[np.int64]) -> Stack:
        """The same with the temperature that suits `scores` (from `raw`, on notes the stack had not seen)."""
        return replace(self, temperature=fit_temperature(scores, labels))

    def raw(self, scores: Mapping[str, Matrix]) -> Matrix:
        """Log-odds before the temperature; one row a note."""
        x = np.hstack([scores[b] for b in self.blocks])
        return np.asarray((x - self.centre) / self.spread @ self.weights + self.bias)

    def probabilities(self, scores: Mapping[str, Matrix]) -> Matrix:
        """One row a note that sums to 1."""
        return softmax(self.raw(scores) / self.temperature)

    def arrays(self, prefix: str) -> dict[str, NDArray[Any]]:
        """Every array by name."""
        out = {f"{prefix}.{f}": np.asarray(getattr(self, f), np.float32) for f in ("centre", "spread", "weights", "bias")}
        return out | {f"{prefix}.blocks": np.array(self.blocks), f"{prefix}.temperature": np.array(self.temperature)}

    @classmethod
    def from_arrays(cls, prefix: str, arrays: Mapping[str, NDArray[Any]]) -> Stack:
        """The stack saved by `arrays`."""
        centre, spread, weights, bias = (
            arrays[f"{prefix}.{f}"].astype(float) for f in ("centre", "spread", "weights", "bias")
        )
        blocks = tuple(str(b) for b in arrays[f"{prefix}.blocks"])
        return cls(blocks, centre, spread, weights, bias, float(arrays[f"{prefix}.temperature"]))

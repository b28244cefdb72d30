"""From scores to probabilities one can trust.

Belongs here: multinomial logistic regression over base scores, temperature, calibration error, the abstention threshold.
Does not belong here: where the scores come from.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
N_BINS = 10


def softmax(scores: Matrix) -> Matrix:
    """Rows of probabilities that sum to 1."""
    grown = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(grown / grown.sum(axis=1, keepdims=True))


def fit_logistic(features: Matrix, labels: NDArray[np.int64], n_classes: int, penalty: float) -> tuple[Matrix, Matrix]:
    """(weights, intercepts) of a multinomial logistic regression; `penalty` multiplies half the squared weights."""
    from scipy.optimize import minimize

    _, d = features.shape
    hot = np.eye(n_classes)[labels]

    def loss(flat: Matrix) -> tuple[float, Matrix]:
        weights, bias = flat[: d * n_classes].reshape(d, n_classes), flat[d * n_classes :]
        scores = features @ weights + bias
        top = scores.max(axis=1)
        log_sum = top + np.log(np.exp(scores - top[:, None]).sum(axis=1))
        value = float((log_sum - (scores * hot).sum(axis=1)).sum() + penalty / 2 * (weights**2).sum())
        gap = np.exp(scores - log_sum[:, None]) - hot
        return value, np.concatenate([(features.T @ gap + penalty * weights).ravel(), gap.sum(axis=0)])

    found: Any = minimize(loss, np.zeros(d * n_classes + n_classes), jac=True, method="L-BFGS-B", options={"maxiter": 400})
    flat = np.asarray(found.x)
    return flat[: d * n_classes].reshape(d, n_classes), flat[d * n_classes :]


def fit_temperature(scores: Matrix, labels: NDArray[np.int64]) -> float:
    """The divisor of `scores` under which the likelihood of `labels` is greatest, between 0.3 and 4."""
    grid = np.geomspace(0.3, 4, 120)
    rows = np.arange(len(labels))
    losses = [-np.log(softmax(scores / t)[rows, labels] + 1e-12).sum() for t in grid]
    return float(grid[int(np.argmin(losses))])


def calibration_error(confidence: Matrix, is_right: NDArray[np.bool_]) -> float:
    """Expected calibration error over ten equal-width bins: mean |share right - mean confidence|, weighted; 0 is best."""
    bins = np.minimum((confidence * N_BINS).astype(int), N_BINS - 1)
    gaps = [
        abs(float(is_right[bins == b].mean()) - float(confidence[bins == b].mean())) * float((bins == b).mean())
        for b in range(N_BINS)
        if (bins == b).any()
    ]
    return float(sum(gaps))


def abstention_threshold(confidence: Matrix, is_right: NDArray[np.bool_], wanted: float) -> float:
    """The lowest confidence above which at least the share `wanted` is right; 1.0 where there is none."""
    order = np.argsort(-confidence, kind="stable")
    share = np.cumsum(is_right[order]) / np.arange(1, len(order) + 1)
    good = np.flatnonzero(share >= wanted)
    return float(confidence[order[good[-1]]]) if len(good) else 1.0

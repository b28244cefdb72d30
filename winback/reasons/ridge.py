"""Least squares with a penalty, for few notes and many features.

Belongs here: the three solvers the labeller needs (kernel, conjugate gradients, radial kernel). Does not belong here:
features, labels' meaning, calibration.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]


def dual_weights(kernel: Matrix, targets: Matrix, penalty: float) -> Matrix:
    """Weights of the training rows: the solution of (kernel + penalty * I) w = targets."""
    return np.asarray(np.linalg.solve(kernel + penalty * np.eye(len(kernel)), targets))


def radial_kernel(left: Matrix, right: Matrix, gamma: float) -> Matrix:
    """exp(-gamma * squared distance) between the rows of `left` and of `right`."""
    squares = (left**2).sum(1)[:, None] + (right**2).sum(1)[None, :] - 2 * left @ right.T
    return np.asarray(np.exp(-gamma * np.maximum(squares, 0)))


def cg_weights(blocks: list[Any], targets: Matrix, penalty: float, n_steps: int = 40) -> list[Matrix]:
    """Ridge weights by conjugate gradients over feature blocks (sparse or dense) side by side; one array a block.

    All targets are solved at once; a fixed number of steps keeps the result the same on every run.
    """
    targets = np.asarray(targets, np.float32)
    residual = [np.asarray(b.T @ targets) for b in blocks]
    weights = [np.zeros_like(r) for r in residual]
    direction = [r.copy() for r in residual]
    size = sum((r**2).sum(0) for r in residual)
    for _ in range(n_steps):
        seen = sum(np.asarray(b @ d) for b, d in zip(blocks, direction, strict=True))
        applied = [np.asarray(b.T @ seen) + penalty * d for b, d in zip(blocks, direction, strict=True)]
        step = size / np.maximum(sum((d * a).sum(0) for d, a in zip(direction, applied, strict=True)), 1e-12)
        weights = [w + step * d for w, d in zip(weights, direction, strict=True)]
        residual = [r - step * a for r, a in zip(residual, applied, strict=True)]
        after = sum((r**2).sum(0) for r in residual)
        ratio = after / np.maximum(size, 1e-12)
        direction = [r + ratio * d for r, d in zip(residual, direction, strict=True)]
        size = after
    return weights

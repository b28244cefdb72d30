"""Text as counts of hashed n-grams, fast enough for thousands of notes a second.

Belongs here: character and word n-grams, their hashes, vocabulary and tf-idf weights. Does not belong here: normalising
text (`normalise`) or any weight learned from labels (`ridge`).
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

_PRIME = np.uint64(0x9E3779B97F4A7C15)
_MIX = np.uint64(0xBF58476D1CE4E5B9)
_WORD = re.compile(r"[a-z][a-z']+|[a-z]|\d+")
_ENDINGS = ("ings", "ing", "edly", "ed", "ies", "es", "s", "ly", "er", "y", "e")
_MIN_STEM = 3

Hashes = tuple[NDArray[np.uint64], NDArray[np.int64]]
"""All n-grams of a batch: their hashes, and for each the index of its text."""


def char_hashes(texts: Sequence[str], max_n: int) -> Hashes:
    """Hashes of all character n-grams, n from 1 to `max_n`, none across the ends of a text."""
    lengths = np.fromiter((len(t) for t in texts), np.int64, len(texts))
    points = np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), np.uint32).astype(np.uint64)
    owner = np.repeat(np.arange(len(texts), dtype=np.int64), lengths)
    left = np.repeat(np.cumsum(lengths), lengths) - np.arange(len(points))
    hashes, owners = [], []
    rolling = np.zeros(len(points), np.uint64)
    with np.errstate(over="ignore"):
        for n in range(1, max_n + 1):
            rolling = rolling[: len(points) - n + 1] * _PRIME + points[n - 1 :] + np.uint64(n)
            inside = left[: len(rolling)] >= n
            hashes.append(((rolling ^ (rolling >> np.uint64(29))) * _MIX)[inside])
            owners.append(owner[: len(rolling)][inside])
            if len(rolling) <= 1:
                break
    return np.concatenate(hashes) if hashes else points, np.concatenate(owners) if owners else owner


def stem(word: str) -> str:
    """An English word without its commonest ending, at least three letters left; digits become `#`."""
    if word[0].isdigit():
        return "#"
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _MIN_STEM:
            return word[: -len(ending)]
    return word


def word_hashes(texts: Sequence[str]) -> Hashes:
    """Hashes of stemmed Latin words and of pairs of neighbours; Chinese characters count as no words."""
    hashes: list[int] = []
    owners: list[int] = []
    for i, text in enumerate(texts):
        stems = [stem(w) for w in _WORD.findall(text)]
        grams = stems + [f"{a} {b}" for a, b in pairwise(stems)]
        hashes.extend(zlib.crc32(g.encode()) for g in grams)
        owners.extend([i] * len(grams))
    return np.array(hashes, np.uint64), np.array(owners, np.int64)


@dataclass(frozen=True)
class Vocabulary:
    """Known n-grams: sorted 64-bit `keys` and their `idf` (natural log, smoothed, at least 1)."""

    keys: NDArray[np.uint64]
    idf: NDArray[np.float32]

    @classmethod
    def learn(cls, hashes: Hashes, n_texts: int, min_texts: int) -> Vocabulary:
        """All n-grams found in at least `min_texts` of the `n_texts` texts."""
        grams, owners = hashes
        keys, inverse = np.unique(grams, return_inverse=True)
        pairs = np.unique(inverse.astype(np.int64) * n_texts + owners)
        df = np.bincount(pairs // n_texts, minlength=len(keys))
        keep = df >= min_texts
        idf = np.log((1 + n_texts) / (1 + df[keep])) + 1
        return cls(keys[keep], idf.astype(np.float32))

    def tfidf(self, hashes: Hashes, n_texts: int) -> sparse.csr_matrix:
        """Rows of length 1 (or 0 where no n-gram is known): (1 + ln count) * idf, float32, one row a text."""
        grams, owners = hashes
        size = len(self.keys)
        if size == 0 or len(grams) == 0:
            return sparse.csr_matrix((n_texts, size), dtype=np.float32)
        at = np.searchsorted(self.keys, grams)
        at[at == size] = 0
        known = self.keys[at] == grams
        flat = owners[known] * size + at[known]
        cells, counts = np.unique(flat, return_counts=True)
        rows, columns = np.divmod(cells, size)
        values = (1 + np.log(counts)) * self.idf[columns]
        norms = np.sqrt(np.bincount(rows, values * values, n_texts))
        values = (values / norms[rows]).astype(np.float32)
        starts = np.searchsorted(rows, np.arange(n_texts + 1))
        return sparse.csr_matrix((values, columns, starts), shape=(n_texts, size))

"""The journal: what happened, as numeric columns, before it becomes tables.

Belongs here: collecting the events of many weeks cheaply. Does not belong here: identifiers, texts, dates or contract
columns (`tables`), or why something happened.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Columns = dict[str, npt.NDArray[Any]]


class Journal:
    """Events by kind; `account` columns hold positions of accounts, `day` columns day numbers."""

    def __init__(self) -> None:
        """An empty journal."""
        self._chunks: dict[str, list[Columns]] = {}

    def add(self, kind: str, /, **columns: npt.NDArray[Any] | int | float | bool) -> None:
        """Append events; scalars are repeated. Nothing is kept of an empty chunk."""
        n = max((len(c) for c in columns.values() if isinstance(c, np.ndarray)), default=1)
        arrays = [c for c in columns.values() if isinstance(c, np.ndarray)]
        if arrays and min(len(c) for c in arrays) == 0:
            return
        self._chunks.setdefault(kind, []).append(
            {name: c if isinstance(c, np.ndarray) else np.full(n, c) for name, c in columns.items()}
        )

    def take(self, kind: str) -> Columns | None:
        """All events of a kind as columns, in the order they were added; None if there are none. They leave the journal."""
        chunks = self._chunks.pop(kind, None)
        if not chunks:
            return None
        return {name: np.concatenate([c[name] for c in chunks]) for name in chunks[0]}

    def extend(self, other: Journal) -> None:
        """Append all events of another journal."""
        for kind, chunks in other._chunks.items():
            self._chunks.setdefault(kind, []).extend(chunks)

"""The fitted labeller as one file.

Belongs here: what is stored, under which names and versions, saving and loading without pickle, refusing a file made for
other features. Does not belong here: fitting (`train`), using (`labeller`).
"""

from __future__ import annotations

import functools
import json
from dataclasses import asdict, dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from winback.errors import UsageError
from winback.reasons.model import BaseScorers
from winback.reasons.relevance import RelevanceScorer
from winback.reasons.secondary import SecondaryPicker
from winback.reasons.stacking import Stack

FEATURE_VERSION = "3"
"""Raise when normalising, segmenting, cues or features change: a model made for others is refused."""
FEATURE_SETS = ("base", "e5")
SHIPPED = "labeller.npz"


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Confidence from which a leaf code is asserted, and from which at least its family is (probabilities, 0 to 1)."""

    leaf: float
    family: float


@dataclass(frozen=True)
class Head:
    """What turns base scores into labels for one set of features (`base` or `e5`)."""

    stack: Stack
    secondary: SecondaryPicker
    thresholds: Thresholds


@dataclass(frozen=True)
class Artefact:
    """The whole fitted labeller."""

    scorers: BaseScorers
    relevance: RelevanceScorer
    heads: dict[str, Head]
    corpus_fingerprint: str
    taxonomy_version: str

    @property
    def model_version(self) -> str:
        """Changes with the features and with the corpus."""
        return f"notes-{FEATURE_VERSION}-{self.corpus_fingerprint[:10]}"


def save_artefact(artefact: Artefact, path: Path) -> None:
    """Write `artefact` as compressed npz; the same artefact gives the same arrays."""
    arrays = artefact.scorers.arrays() | artefact.relevance.arrays()
    meta: dict[str, Any] = {
        "feature_version": FEATURE_VERSION,
        "corpus_fingerprint": artefact.corpus_fingerprint,
        "taxonomy_version": artefact.taxonomy_version,
        "thresholds": {name: asdict(head.thresholds) for name, head in artefact.heads.items()},
    }
    for name, head in artefact.heads.items():
        arrays |= head.stack.arrays(f"{name}.stack") | head.secondary.arrays(f"{name}.secondary")
    np.savez_compressed(path, meta=np.array(json.dumps(meta, sort_keys=True)), **arrays)  # type: ignore[arg-type]


def load_artefact(path: Path) -> Artefact:
    """Read what `save_artefact` wrote. Raises UsageError where it was made for other features."""
    with np.load(path, allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    meta = json.loads(str(arrays["meta"]))
    if meta["feature_version"] != FEATURE_VERSION:
        raise UsageError(
            f"{path.name} was made for features {meta['feature_version']}, this code has {FEATURE_VERSION}: "
            "run `python -m winback.reasons.train`"
        )
    heads = {
        name: Head(
            Stack.from_arrays(f"{name}.stack", arrays),
            SecondaryPicker.from_arrays(f"{name}.secondary", arrays),
            Thresholds(**thresholds),
        )
        for name, thresholds in meta["thresholds"].items()
    }
    scorers, relevance = BaseScorers.from_arrays(arrays), RelevanceScorer.from_arrays(arrays)
    return Artefact(scorers, relevance, heads, meta["corpus_fingerprint"], meta["taxonomy_version"])


@functools.cache
def load_shipped() -> Artefact:
    """The fitted labeller that ships with the package."""
    with resources.as_file(resources.files("winback.reasons") / "fitted" / SHIPPED) as path:
        return load_artefact(path)

"""What the files of all fitted models share: families with their trees, plain values, and refusing rows that do not fit.

Belongs here: the parts of a model's files that are the same whatever it predicts. Does not belong here: any one model's document
(`winback.survival.model_folder`, `winback.at_risk.model_files`, `winback.propensity.model_files`), where a folder lies.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np

from winback.errors import UsageError

T = TypeVar("T")


class StoredFamily(Protocol):
    """A fitted family that can be written."""

    def as_json(self) -> dict[str, Any]:
        """Plain data that `from_json` of the same family reads."""
        ...

    def attachments(self) -> dict[str, bytes]:
        """Binary parts by name; empty for most."""
        ...


def families_as_json(families: Mapping[str, StoredFamily]) -> dict[str, Any]:
    """Every family's plain data and the names of its parts."""
    return {name: {"data": f.as_json(), "parts": sorted(f.attachments())} for name, f in families.items()}


def part_files(families: Mapping[str, StoredFamily]) -> dict[str, bytes]:
    """The families' parts by file name."""
    return {f"{name}_{part}.ubj": data for name, family in families.items() for part, data in family.attachments().items()}


def read_families(
    folder: Path, stored: Mapping[str, Any], readers: Mapping[str, Callable[[dict[str, Any], dict[str, bytes]], T]]
) -> dict[str, T]:
    """The families that `families_as_json` and `part_files` wrote; `readers` are `from_json` by family."""
    return {
        name: readers[name](entry["data"], {part: (folder / f"{name}_{part}.ubj").read_bytes() for part in entry["parts"]})
        for name, entry in stored.items()
    }


def plain(value: object) -> object:
    """Dates and numpy's numbers as JSON takes them. Raises TypeError for anything else."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"no plain form of {type(value).__name__}")


@dataclass(frozen=True)
class ModelFile:
    """The JSON of one kind of model: its name, its layout's number, what the model is called and how to get another."""

    name: str
    layout: int
    subject: str
    mend: str

    def files(self, document: Mapping[str, Any], families: Mapping[str, StoredFamily]) -> dict[str, bytes]:
        """File names with their contents; the same document gives the same bytes."""
        whole = {"format": self.layout, **document, "families": families_as_json(families)}
        text = json.dumps(whole, ensure_ascii=False, indent=1, sort_keys=True, allow_nan=False, default=plain)
        return {self.name: text.encode() + b"\n"} | part_files(families)

    def read(self, folder: Path) -> dict[str, Any]:
        """The document in `folder`. Raises UsageError, with what to do, where there is none or one of another layout."""
        path = folder / self.name
        if not path.is_file():
            raise UsageError(f"{path} does not exist. {self.mend}")
        document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if document.get("format") != self.layout:
            raise UsageError(f"{path} has layout {document.get('format')}, this version reads {self.layout}. {self.mend}")
        return document

    def refuse_other_features(self, features: Sequence[str], columns: Sequence[str], made_for: date) -> None:
        """Raises UsageError if the rows lack a feature that the model was made with."""
        missing = sorted(set(features) - set(columns))
        if missing:
            raise UsageError(
                f"{self.subject} made as of {made_for} reads {len(missing)} feature(s) that the rows lack: "
                f"{', '.join(missing)}. {self.mend}"
            )

    def refuse_other_week(self, made_for: date, as_of_on: date, max_age_days: int) -> None:
        """Raises UsageError if the model knows what came after the week, or was made more than `max_age_days` before it."""
        if made_for > as_of_on:
            raise UsageError(f"{self.subject} made as of {made_for} knows what came after {as_of_on}. {self.mend}")
        if (as_of_on - made_for).days > max_age_days:
            raise UsageError(
                f"{self.subject} made as of {made_for} is more than {max_age_days} days older than {as_of_on}. {self.mend}"
            )

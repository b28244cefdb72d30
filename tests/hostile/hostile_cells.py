"""The catalogue of hostile values: `cells.yaml` read into plain objects."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml


@dataclass(frozen=True)
class Hostile:
    """One value, the class of attack it stands for, and its number in the catalogue.

    `data` are the bytes of the cell in a UTF-8 file; `text` is None where they are no text.
    """

    number: int
    kind: str
    data: bytes
    text: str | None

    @property
    def mark(self) -> str:
        """What a row that carries this value is called."""
        return f"H{self.number:03d}"


@cache
def catalogue() -> tuple[Hostile, ...]:
    """Every value of the catalogue."""
    document = yaml.safe_load((Path(__file__).parent / "cells.yaml").read_text(encoding="utf-8"))
    pairs = [(kind, _bytes(entry)) for kind, entries in document.items() for entry in entries]
    return tuple(Hostile(number, kind, data, _text(data)) for number, (kind, data) in enumerate(pairs))


def texts(longest: int | None = None) -> list[str]:
    """The distinct values that are text, as they stand in the catalogue; without those above `longest` characters."""
    found = dict.fromkeys(h.text for h in catalogue() if h.text is not None)
    return [text for text in found if longest is None or len(text) <= longest]


def _bytes(entry: Any) -> bytes:
    if isinstance(entry, str):
        return entry.encode()
    return bytes.fromhex(entry["hex"]) if "hex" in entry else (entry["of"] * entry["times"]).encode()


def _text(data: bytes) -> str | None:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return None

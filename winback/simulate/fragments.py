"""The pool of text fragments that contact notes are made of, indexed for drawing whole columns at once.

Belongs here: reading the YAML files under `notes/`, filling their placeholders, and drawing fragments for arrays of
(language, code) or (language, writer style). Does not belong here: the order in which a note puts its fragments
together (`note_writing`) or when a note is written.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import yaml

from winback.simulate.parameters import CODES

LANGUAGES = ("zh", "en")
VARIANTS = 24
"""Fillings made of each fragment that has placeholders."""

FAVOURITES = 2
"""Wordings of each list that a writer falls back on."""

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Style:
    """How a rep writes; chances that a slot of a note is used."""

    name: str
    weight: float
    is_short: bool
    habit: float
    cross_register: float
    history: float
    denied: float
    refuted: float
    second: float
    quote: float
    guess: float
    evasion: float
    ending: float
    typo: float
    only_quote: float
    lower: bool
    separators: tuple[str, str]


@dataclass(frozen=True)
class FragmentPool:
    """All fragments in one column; for each (slot, language, row) where its alternatives begin and how many there are."""

    texts: pl.Series
    first: dict[str, Ints]
    count: dict[str, Ints]
    typos: tuple[tuple[tuple[str, str], ...], ...]

    def draw(
        self, slot: str, language: Ints, row: Ints, rng: np.random.Generator, *, style: Ints | None = None
    ) -> pl.Series:
        """One fragment of `slot` per element, uniform over its alternatives; empty text where it has none.

        `row` is the code index or style index for slots that differ by it, and 0 for the others. Given the writers'
        `style`, most writers fall back on favourites: FAVOURITES neighbours in the list, which differ by style and row.
        """
        first, count = self.first[slot], self.count[slot]
        n = count[language, row]
        alternative = (rng.random(len(language)) * n).astype(np.int64)
        if style is not None:
            habit = np.array([s.habit for s in load_styles()])[style]
            favourite = (style * FAVOURITES + row + rng.integers(0, FAVOURITES, len(language))) % np.maximum(n, 1)
            alternative = np.where(rng.random(len(language)) < habit, favourite, alternative)
        index = (first[language, row] + alternative) * VARIANTS + rng.integers(0, VARIANTS, len(language))
        return self.texts.gather(np.where(n > 0, index, 0))


@cache
def load_fragments() -> FragmentPool:
    """The packaged fragments. The first fragment is the empty text, for slots without alternatives."""
    texts: list[str] = [""]
    first: dict[str, Ints] = {}
    count: dict[str, Ints] = {}

    def add(slot: str, language: int, row: int, n_rows: int, alternatives: list[str]) -> None:
        first.setdefault(slot, np.zeros((2, n_rows), dtype=np.int64))[language, row] = len(texts)
        count.setdefault(slot, np.zeros((2, n_rows), dtype=np.int64))[language, row] = len(alternatives)
        texts.extend(alternatives)

    rivals: list[list[str]] = []
    borders: list[int] = []
    typos = []
    styles = load_styles()
    for language, tag in enumerate(LANGUAGES):
        reasons, phrases = _read(f"reasons_{tag}.yaml"), _read(f"phrases_{tag}.yaml")
        for row, code in enumerate(CODES):
            for slot, alternatives in reasons[code].items():
                add(slot, language, row, len(CODES), alternatives)
        for slot, value in phrases.items():
            if slot == "opening":
                for row, style in enumerate(styles):
                    add(slot, language, row, len(styles), value[style.name])
            elif slot == "typo":
                typos.append(tuple((wrong[0], wrong[1]) for wrong in value))
            elif slot == "rival":
                rivals.append(value)
            elif slot.endswith("_wrap"):
                add(f"{slot}_before", language, 0, 1, [v.split("{x}")[0] for v in value])
                add(f"{slot}_after", language, 0, 1, [v.split("{x}")[1] for v in value])
            else:
                add(slot, language, 0, 1, value)
        borders.append(len(texts))
    filled: list[str] = []
    for position, text in enumerate(texts):
        filled.extend(_fill(text, rivals[0 if position < borders[0] else 1], position))
    return FragmentPool(pl.Series("text", filled), first, count, tuple(typos))


@cache
def load_styles() -> tuple[Style, ...]:
    """The writer styles, in the order of their file."""
    return tuple(
        Style(
            name=name,
            is_short=row.pop("register") == "short",
            separators=(row.pop("separator_zh"), row.pop("separator_en")),
            **row,
        )
        for name, row in _read("styles.yaml").items()
    )


def _fill(text: str, rivals: list[str], position: int) -> list[str]:
    if "{" not in text:
        return [text] * VARIANTS
    rng = np.random.default_rng([20090301, position])
    return [
        text.replace("{n}", str(rng.integers(2, 10)))
        .replace("{big}", str(rng.integers(11, 99) * 10))
        .replace("{pct}", str(rng.integers(2, 8) * 10))
        .replace("{month}", str(rng.integers(1, 13)))
        .replace("{hour}", f"{rng.integers(9, 18):02d}")
        .replace("{minute}", f"{rng.integers(0, 60):02d}")
        .replace("{rival}", str(rivals[rng.integers(0, len(rivals))]))
        for _ in range(VARIANTS)
    ]


def _read(name: str) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load((resources.files(__package__) / "notes" / name).read_text("utf-8"))
    return document

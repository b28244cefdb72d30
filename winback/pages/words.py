"""Words of the pages.

Belongs here: labels and codes in the reader's language. Does not belong here: numbers and dates (`formats`), column titles
(the column dictionary).
"""

from __future__ import annotations

import functools
import re
from importlib import resources
from typing import Any

import yaml


class Words:
    """Labels, codes, section and measure names in one language ('en' or 'zh')."""

    def __init__(self, language: str) -> None:
        self.language = "zh" if language.startswith("zh") else "en"
        self._words = _load_words()

    def label(self, name: str, **values: object) -> str:
        """The label `name`, with `values` in its braces. Raises KeyError for an unknown name."""
        text: str = self._words["labels"][name][self.language]
        return text.format(**values) if values else text

    def value(self, kind: str, code: object) -> str:
        """A table's code in words; a code without words is shown as it is, None as nothing."""
        if code is None:
            return ""
        entry = self._words["values"][kind].get(str(code))
        return entry[self.language] if entry else str(code)

    def hidden_reason(self, text: str) -> str:
        """Why a figure is not shown, from what its table says in English; a text without words stays as it is."""
        if self.language == "en":
            return text
        for pattern, said in _hidden_reasons():
            match = pattern.fullmatch(text)
            if match is not None:
                return said.format(**match.groupdict())
        return text

    def section(self, name: str) -> str:
        """Title of a section of the manager's page."""
        return str(self._words["sections"][name][self.language])

    def note(self, name: str) -> str | None:
        """What a reader must know about a section, if anything."""
        entry = self._words["notes"].get(name)
        return entry[self.language] if entry else None

    def measure(self, name: str) -> str | None:
        """Name of a figure of the manager's page; None for one that the column dictionary names."""
        entry = self._words["measures"].get(name)
        return entry[self.language] if entry else None


@functools.cache
def _hidden_reasons() -> tuple[tuple[re.Pattern[str], str], ...]:
    """What a table may say, as a pattern with the figures as groups, and its Chinese wording."""
    entries = _load_words()["hidden_reasons"]
    return tuple((re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>\\d+)", re.escape(e["en"]))), e["zh"]) for e in entries)


@functools.cache
def _load_words() -> dict[str, Any]:
    words: dict[str, Any] = yaml.safe_load((resources.files("winback.pages") / "words.yaml").read_text("utf-8"))
    return words

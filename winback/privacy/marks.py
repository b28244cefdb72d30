"""Recognising a subject in text that no contract describes.

Belongs here: whether a text mentions the subject, and the text without those mentions. Does not belong here: files.

An identifier or name is looked for as a whole word, whatever its case. One that is too short to be told from a number (`12`) is
only looked for as a whole cell.
"""

from __future__ import annotations

import html
import re
from collections import defaultdict
from collections.abc import Iterable

from winback.privacy.subject import Subject

ERASED = "[erased]"
_MIN_LENGTH, _MIN_DIGITS, _MIN_QUOTE = 4, 7, 12
_WORD = re.compile(r"[A-Za-z0-9]+")


class Words:
    """A set of words or phrases to look for; their number hardly slows the search."""

    def __init__(self, values: Iterable[str]) -> None:
        forms = {form for value in values for form in (value, html.escape(value), html.escape(value, quote=False))}
        self._by_word = defaultdict[str, list[str]](list)
        unworded = []
        for form in sorted(forms):
            first = _WORD.match(form)
            if form.isascii() and first:
                self._by_word[first[0].lower()].append(form)
            else:
                unworded.append(form)
        self._unworded = _pattern(unworded)

    def pattern_in(self, text: str) -> re.Pattern[str] | None:
        """A pattern of those that the text holds, None where it holds none."""
        words = {word.lower() for word in _WORD.findall(text)} if self._by_word else set()
        known = _pattern(form for word in words & self._by_word.keys() for form in self._by_word[word])
        found = {m[0] for pattern in (known, self._unworded) if pattern for m in pattern.finditer(text)}
        return _pattern(found)


class Marks:
    """What gives a subject away in free text."""

    def __init__(self, subject: Subject) -> None:
        ids = {value for values in subject.ids.values() for value in values} | subject.marks
        self.short_ids = frozenset(value for value in ids if not _is_telling(value))
        self.ids = frozenset(ids - self.short_ids)
        self.names = frozenset(n for n in subject.names if _is_telling(n) or (not n.isascii() and len(n) > 1))
        self.texts = frozenset(t for t in subject.texts if _width(t) >= _MIN_QUOTE)
        self._ids, self._pieces = Words(self.ids), Words(subject.pieces)
        self._either = Words(self.ids | self.names)
        self._in_codes = Words(self.ids | {name for name in self.names if not _is_plain_word(name)})

    def has_id(self, text: str) -> bool:
        """Whether the text holds an identifier of the subject."""
        return self._ids.pattern_in(text) is not None

    def mentions(self, text: str) -> bool:
        """Whether the text holds an identifier, a name or a whole note of the subject."""
        return self._mention(text) is not None or any(whole in text for whole in self.texts)

    def quotes(self, text: str) -> bool:
        """Whether the text is part of a note of the subject."""
        core = text.strip(" \t\r\n\"'“”„«».…")
        return _width(core) >= _MIN_QUOTE and any(core in whole for whole in self.texts)

    def hints(self, text: str) -> bool:
        """Whether the text mentions the subject or has a word that only their notes have."""
        return self.mentions(text) or self._pieces.pattern_in(text) is not None

    def is_id_cell(self, cell: str) -> bool:
        """Whether a cell is an identifier of the subject and nothing else."""
        value = cell.strip().lstrip("'")
        return value in self.ids or value in self.short_ids

    def redact(self, text: str) -> str:
        """The text with mentions replaced by `[erased]`; all of it where it is part of a note."""
        if self.quotes(text):
            return ERASED
        for whole in self.texts:
            text = text.replace(whole, ERASED)
        pattern = self._mention(text)
        return pattern.sub(ERASED, text) if pattern else text

    def _mention(self, text: str) -> re.Pattern[str] | None:
        """What is mentioned; a firm called "Default" is not looked for in texts without blanks, which are codes of programs."""
        is_code = text.isascii() and not any(c.isspace() for c in text)
        return (self._in_codes if is_code else self._either).pattern_in(text)

    def redact_closely(self, text: str) -> str:
        """As `redact`, with the words that only the subject's notes have replaced as well."""
        cleaned = self.redact(text)
        pattern = self._pieces.pattern_in(cleaned)
        return pattern.sub(ERASED, cleaned) if pattern else cleaned


def _is_telling(value: str) -> bool:
    digits = re.sub(r"[\s+()./-]", "", value)
    return len(digits) >= _MIN_DIGITS if digits.isdigit() else len(value) >= _MIN_LENGTH


def _is_plain_word(name: str) -> bool:
    return name.isascii() and name.isalpha() and (name.islower() or name.istitle())


def _width(text: str) -> int:
    """Length in which a Chinese character, which says as much as a syllable or a word, counts twice."""
    return len(text) + sum(not c.isascii() for c in text)


def _pattern(forms: Iterable[str]) -> re.Pattern[str] | None:
    """Pattern of the forms as whole words, the longest first."""
    ordered = sorted(set(forms), key=lambda form: (-len(form), form))
    return re.compile("|".join(_bounded(form) for form in ordered), re.IGNORECASE) if ordered else None


def _bounded(form: str) -> str:
    before = r"(?<![A-Za-z0-9_])" if form[0].isascii() and form[0].isalnum() else ""
    after = r"(?![A-Za-z0-9_])" if form[-1].isascii() and form[-1].isalnum() else ""
    return before + re.escape(form) + after

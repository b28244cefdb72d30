"""Phrases that no text to a customer may hold.

Belongs here: finding them (`forbidden_phrases.yaml`) in a text. Does not belong here: the texts, or what to do about a finding.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from dataclasses import dataclass
from importlib import resources
from typing import Any

import yaml

from winback.plays.sentences import Language
from winback.reasons.normalise import same_length_simplified

_QUOTES = str.maketrans({"’": "'", "‘": "'", "ʼ": "'", "＇": "'", "“": '"', "”": '"'})


@dataclass(frozen=True)
class Finding:
    """One forbidden phrase: which rule, the words, where they begin in the text as read, and what to say instead."""

    rule: str
    group: str
    phrase: str
    start_char: int
    advice: str


@dataclass(frozen=True)
class _Rule:
    name: str
    group: str
    patterns: tuple[re.Pattern[str], ...]
    advice: str


def forbidden_in(text: str, language: Language) -> list[Finding]:
    """Every forbidden phrase in `text`, in order; an empty list means the text may be said.

    Case, full width, curly quotes, Traditional characters and runs of blanks make no difference.
    """
    plain = same_length_simplified(unicodedata.normalize("NFKC", text).translate(_QUOTES).lower())
    plain = re.sub(r"\s+", " ", plain)
    if language == "zh":
        plain = re.sub(r"(?<=[\u4e00-\u9fff]) (?=[\u4e00-\u9fff])", "", plain)
    found = [
        Finding(rule.name, rule.group, match[0], match.start(), rule.advice)
        for rule in _rules(language)
        for pattern in rule.patterns
        for match in pattern.finditer(plain)
    ]
    return sorted(found, key=lambda f: (f.start_char, f.rule, f.phrase))


@functools.cache
def _rules(language: Language) -> tuple[_Rule, ...]:
    document: dict[str, Any] = yaml.safe_load(
        (resources.files("winback.plays") / "forbidden_phrases.yaml").read_text("utf-8")
    )
    return tuple(
        _Rule(name, rule["group"], tuple(re.compile(p) for p in rule[language]), rule["instead"][language])
        for name, rule in document["rules"].items()
    )

"""Texts in both languages, and sentences that only stand while their facts do.

Belongs here: text, condition, sentence, and filling a sentence from a row's facts. Does not belong here: which sentences a
play has (`play`).
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from winback.plays.facts import MIN_PEERS, Fact, load_facts
from winback.plays.written import Language, written

__all__ = ["Condition", "Language", "Sentence", "Strict", "Text"]

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


class Strict(BaseModel):
    """Base of everything in the catalogue: no unknown keys, nothing changes after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Text(Strict):
    """The same thing said in English and Chinese, without figures."""

    en: str = Field(min_length=1)
    zh: str = Field(min_length=1)

    @model_validator(mode="after")
    def _in_both_languages(self) -> Text:
        if not re.search(r"[\u4e00-\u9fff]", self.zh):
            raise ValueError(f"the Chinese text has no Chinese in it: '{self.zh}'")
        if re.search(r"[\u4e00-\u9fff]", self.en):
            raise ValueError(f"the English text has Chinese in it: '{self.en}'")
        if type(self) is Text and ("{" in self.en or "{" in self.zh):
            raise ValueError(f"this text is always shown and may name no fact in braces: '{self.en}'")
        return self

    def said_in(self, language: Language) -> str:
        """The text in `language`."""
        return self.zh if language == "zh" else self.en


class Condition(Strict):
    """What one fact must be; a fact that is missing meets no condition."""

    fact: str
    at_least: float | None = None
    at_most: float | None = None
    above: float | None = None
    below: float | None = None
    equals: bool | str | None = None
    one_of: tuple[str, ...] | None = None

    @model_validator(mode="after")
    def _one_comparison(self) -> Condition:
        given = [n for n in ("at_least", "at_most", "above", "below", "equals", "one_of") if getattr(self, n) is not None]
        if len(given) != 1:
            raise ValueError(f"a condition compares in exactly one way, not in {len(given)} ({', '.join(given) or 'none'})")
        if self.fact not in load_facts():
            raise ValueError(f"'{self.fact}' is not in facts.yaml")
        return self

    def holds(self, facts: Mapping[str, Any]) -> bool:
        """Whether the row's facts meet it."""
        value = facts.get(self.fact)
        if value is None:
            return False
        if self.one_of is not None:
            return str(value) in self.one_of
        if self.equals is not None:
            return bool(value == self.equals)
        return (
            (self.at_least is None or value >= self.at_least)
            and (self.at_most is None or value <= self.at_most)
            and (self.above is None or value > self.above)
            and (self.below is None or value < self.below)
        )


class Sentence(Text):
    """One sentence with facts in braces; it stands while every condition holds and every fact named is known."""

    when: tuple[Condition, ...] = ()

    @model_validator(mode="after")
    def _names_known_facts(self) -> Sentence:
        names = _named_in(self.en)
        if names != _named_in(self.zh):
            raise ValueError(f"English names {sorted(names)}, Chinese {sorted(_named_in(self.zh))}: '{self.en}'")
        for name in sorted(names):
            fact = load_facts().get(name)
            if fact is None:
                raise ValueError(f"'{{{name}}}' is not in facts.yaml")
            self._check_guards(name, fact)
        for condition in self.when:
            self._check_guards(condition.fact, load_facts()[condition.fact])
        return self

    def _check_guards(self, name: str, fact: Fact) -> None:
        if fact.kind == "flag" and name in self.facts:
            raise ValueError(f"'{{{name}}}' is yes or no and cannot be read out; use it under `when`")
        if fact.peers and not any(c.fact == fact.peers and (c.at_least or 0) >= MIN_PEERS for c in self.when):
            raise ValueError(f"'{name}' speaks of peers and needs `{fact.peers}` to be at least {MIN_PEERS}: '{self.en}'")
        if fact.consent and not any(c.fact == fact.consent and c.equals is True for c in self.when):
            raise ValueError(f"'{name}' names a peer and needs `{fact.consent}` to be true: '{self.en}'")

    @property
    def facts(self) -> frozenset[str]:
        """The facts named in braces."""
        return _named_in(self.en)

    @property
    def always_stands(self) -> bool:
        """Whether it needs no fact at all."""
        return not self.facts and not self.when

    def fill(self, facts: Mapping[str, Any], language: Language) -> str | None:
        """The sentence in `language` with the row's facts, or None where a condition fails or a fact is missing."""
        if not all(condition.holds(facts) for condition in self.when):
            return None
        known, currency = load_facts(), str(facts.get("currency") or "")
        values = {name: written(facts.get(name), known[name].kind, language, currency) for name in self.facts}
        if not all(values.values()):
            return None
        return _PLACEHOLDER.sub(lambda m: values[m[1]], _counted(self.said_in(language), values))


_ONE = {
    "days": "day", "inquiries": "inquiry", "visits": "visit", "orders": "order", "messages": "message", "clicks": "click",
    "visitors": "visitor", "claims": "claim", "times": "time",
}  # fmt: skip
_COUNTED = re.compile(r"\{(\w+)\} (" + "|".join(_ONE) + r")\b")


def _counted(text: str, values: Mapping[str, str]) -> str:
    """An English sentence with the noun after a fact in the singular where that fact is 1."""
    return _COUNTED.sub(lambda m: f"{{{m[1]}}} {_ONE[m[2]]}" if values.get(m[1]) == "1" else m[0], text)


@functools.cache
def _named_in(text: str) -> frozenset[str]:
    return frozenset(_PLACEHOLDER.findall(text))

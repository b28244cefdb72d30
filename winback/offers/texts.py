"""Offers in words.

Belongs here: the sentences of `texts.yaml`, checked, and filling one from an offer's facts. Does not belong here: what is said
about a reason (`winback.plays`), or which offer is made (`sql/plan/plan_options.sql`).
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from datetime import date
from importlib import resources
from typing import Annotated, Any, Literal, get_args

import yaml
from pydantic import Field, ValidationError, model_validator

from winback.errors import UsageError
from winback.plays.play import OfferKind
from winback.plays.sentences import Language, Strict, Text

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_WRITTEN: dict[str, Literal["amount", "share", "count", "date", "text"]] = {
    "offer_name": "text", "offer_amount": "amount", "discount_share": "share", "points": "count", "product_name": "text",
    "category": "text", "arrives_on": "date", "offer_ends_on": "date",
}  # fmt: skip
OFFER_FACTS = tuple(_WRITTEN)
"""Columns of `core_offers_week` that a sentence may name."""


class OfferText(Text):
    """Words with facts of the offer in braces, the same ones in both languages."""

    @model_validator(mode="after")
    def _names_known_facts(self) -> OfferText:
        english, chinese = (set(_PLACEHOLDER.findall(text)) for text in (self.en, self.zh))
        if english != chinese:
            raise ValueError(f"English names {sorted(english)}, Chinese {sorted(chinese)}: '{self.en}'")
        if unknown := sorted(english - set(OFFER_FACTS)):
            raise ValueError(f"no fact of an offer: {', '.join(unknown)}")
        return self

    def fill(self, facts: Mapping[str, Any], language: Language) -> str | None:
        """The words with the facts in them, or None where one is missing."""
        names = _PLACEHOLDER.findall(self.en)
        if any(facts.get(name) in (None, "") for name in names):
            return None
        currency = str(facts.get("currency") or "")
        return _PLACEHOLDER.sub(lambda m: _written(m[1], facts[m[1]], currency), self.said_in(language))


class OfferTexts(Strict):
    """The whole file."""

    kinds: dict[OfferKind, Annotated[tuple[OfferText, ...], Field(min_length=1)]]
    name: OfferText
    validity: OfferText
    wait: OfferText

    @model_validator(mode="after")
    def _complete(self) -> OfferTexts:
        missing = sorted(set(get_args(OfferKind)) - set(self.kinds))
        if missing:
            raise ValueError(f"no text for {', '.join(missing)}")
        bound = sorted(kind for kind, texts in self.kinds.items() if "{" in texts[-1].en)
        if bound:
            raise ValueError(f"the last text must stand without facts: {', '.join(bound)}")
        return self


@functools.cache
def load_offer_texts() -> OfferTexts:
    """The texts that ship; UsageError names the key that is wrong."""
    text = (resources.files("winback.offers") / "texts.yaml").read_text("utf-8")
    try:
        return OfferTexts.model_validate(yaml.safe_load(text))
    except ValidationError as error:
        raise UsageError(f"texts.yaml of the offers: {error}") from error


def offer_text(row: Mapping[str, Any], language: Language) -> str | None:
    """What the rep may offer, or None without an offer.

    `row` holds `offer_kind` and the facts of OFFER_FACTS as in `core_offers_week`, `currency` (the base currency) and
    `is_outright` (false: the offer waits until the customer has said why they left). Facts that are missing leave out what
    they say.
    """
    kind = row.get("offer_kind")
    texts = load_offer_texts()
    sentences = next((known for name, known in texts.kinds.items() if name == kind), None)
    if sentences is None:
        return None
    what = next(filled for sentence in sentences if (filled := sentence.fill(row, language)) is not None)
    parts = [(texts.name.fill(row, language) or "") + what, texts.validity.fill(row, language)]
    if not row.get("is_outright", True):
        parts.append(texts.wait.fill(row, language))
    return ("" if language == "zh" else " ").join(part for part in parts if part)


def _written(name: str, value: Any, currency: str) -> str:
    """One value as the plays write it: whole counts, whole amounts with their currency, whole per cents, ISO days.

    An amount or per cent that is not whole keeps what it has, since an offer may not be rounded up.
    """
    match _WRITTEN[name]:
        case "amount":
            return f"{_plain(float(value), 2)} {currency}".strip()
        case "share":
            return f"{_plain(100 * float(value), 1)}%"
        case "count":
            return f"{round(float(value)):d}"
        case "date" if isinstance(value, date):
            return value.strftime("%Y-%m-%d")
        case _:
            return " ".join(str(value).split())


def _plain(number: float, digits: int) -> str:
    text = f"{number:.{digits}f}"
    return text.rstrip("0").rstrip(".")

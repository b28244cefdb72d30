"""Kinds and texts: complete, checked, and filled from the offer's facts."""

from datetime import date
from decimal import Decimal
from typing import get_args

import pytest
from pydantic import ValidationError

from winback.offers.kinds import Kinds, load_kinds
from winback.offers.texts import OFFER_FACTS, OfferText, OfferTexts, load_offer_texts, offer_text
from winback.plays.lint import forbidden_in
from winback.plays.play import OfferKind

FACTS = {
    "offer_name": "N", "offer_amount": Decimal("180.0000"), "discount_share": 0.1, "points": 2000, "product_name": "P",
    "category": "C", "arrives_on": date(2026, 3, 9), "offer_ends_on": date(2026, 8, 1), "currency": "CNY", "is_outright": True,
}  # fmt: skip


def test_a_voucher_in_both_languages() -> None:
    row = FACTS | {"offer_kind": "voucher"}
    assert offer_text(row, "en") == "N: A voucher over 180 CNY for the next purchase. Valid until 2026-08-01."
    assert offer_text(row, "zh") == "优惠“N”：送 180 CNY 代金券，下次消费可用。有效期至 2026-08-01。"


def test_missing_facts_leave_out_what_they_say() -> None:
    assert offer_text({"offer_kind": "voucher"}, "en") == "A voucher for the next purchase."
    row = {"offer_kind": "goods_bundle", "product_name": "P", "arrives_on": None}
    assert offer_text(row, "en") == "P together with the next purchase."


def test_an_offer_waits_where_the_reason_may_not_be_said() -> None:
    row = {"offer_kind": "usage_help", "is_outright": False}
    assert offer_text(row, "en") == (
        "Free help with the account by our own people. Keep it back until they have said why they left."
    )
    assert "再提这个优惠" in str(offer_text(row, "zh"))


@pytest.mark.parametrize("kind", [None, "other", "nonsense"])
def test_no_offer_no_text(kind: str | None) -> None:
    assert offer_text(FACTS | {"offer_kind": kind}, "en") is None


@pytest.mark.parametrize(
    ("fact", "value", "said"),
    [("offer_amount", 99.5, "99.5 CNY"), ("discount_share", 0.125, "12.5%"), ("discount_share", 1.0, "100%"),
     ("offer_amount", 1000, "1000 CNY")],
)  # fmt: skip
def test_nothing_is_rounded_up(fact: str, value: float, said: str) -> None:
    text = offer_text(FACTS | {"offer_kind": "discount_upgrade", fact: value}, "en")
    assert text is not None
    assert said in text


def test_every_fact_is_said_and_changes_the_text() -> None:
    changed = {"offer_name": "M", "offer_amount": 7, "discount_share": 0.2, "points": 3, "product_name": "Q", "category": "D",
               "arrives_on": date(2027, 1, 1), "offer_ends_on": date(2027, 1, 1)}  # fmt: skip
    assert set(changed) == set(OFFER_FACTS)
    for fact, value in changed.items():
        rows = [FACTS | {"offer_kind": kind} for kind in get_args(OfferKind)]
        rows += [row | {"product_name": None} for row in rows]
        assert any(offer_text(row, "en") != offer_text(row | {fact: value}, "en") for row in rows), fact


def test_no_forbidden_phrase_in_any_text() -> None:
    for kind in get_args(OfferKind):
        for outright in (True, False):
            row = FACTS | {"offer_kind": kind, "is_outright": outright}
            assert forbidden_in(str(offer_text(row, "en")), "en") == []
            assert forbidden_in(str(offer_text(row, "zh")), "zh") == []


def test_line_breaks_of_a_name_do_not_reach_the_text() -> None:
    assert "\n" not in str(offer_text(FACTS | {"offer_kind": "voucher", "offer_name": "a\nb"}, "en"))


@pytest.mark.parametrize(
    ("en", "zh", "fault"),
    [
        ("{points} points", "积分", "English names"),
        ("{person}", "人 {person}", "no fact of an offer"),
        ("x", "x", "no Chinese"),
    ],
)
def test_texts_are_checked(en: str, zh: str, fault: str) -> None:
    with pytest.raises(ValidationError, match=fault):
        OfferText(en=en, zh=zh)


def test_every_kind_has_an_entry_and_a_text() -> None:
    document = load_kinds().model_dump()
    assert set(load_offer_texts().kinds) == set(load_kinds().kinds) == set(get_args(OfferKind))
    with pytest.raises(ValidationError, match="no entry for discount"):
        Kinds.model_validate(document | {"kinds": {k: v for k, v in document["kinds"].items() if k != "discount"}})
    with pytest.raises(ValidationError, match="exactly the cells"):
        Kinds.model_validate(document | {"sizes": {"H-L": 3}})
    with pytest.raises(ValidationError, match="names no play"):
        Kinds.model_validate(document | {"held_back": ["nothing"]})
    cheap = document["kinds"] | {"discount": document["kinds"]["discount"] | {"is_price": False}}
    with pytest.raises(ValidationError, match="is_price must be true"):
        Kinds.model_validate(document | {"kinds": cheap})
    texts = load_offer_texts().model_dump()
    bound = texts["kinds"] | {"voucher": texts["kinds"]["voucher"][:1]}
    with pytest.raises(ValidationError, match="must stand without facts"):
        OfferTexts.model_validate(texts | {"kinds": bound})

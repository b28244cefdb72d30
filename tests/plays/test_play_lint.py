"""Forbidden phrases: what must be found, what must pass, and every sentence that ships."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tests.plays.shipped_texts import shipped_texts
from winback.plays.lint import forbidden_in

PHRASES = yaml.safe_load((Path(__file__).parent / "phrases.yaml").read_text("utf-8"))
FORBIDDEN_EN: dict[str, list[str]] = PHRASES["forbidden"]["en"]
FORBIDDEN_ZH: dict[str, list[str]] = PHRASES["forbidden"]["zh"]


def cases(by_rule: dict[str, list[str]]) -> list[tuple[str, str]]:
    return [(rule, phrase) for rule, phrases in by_rule.items() for phrase in phrases]


@pytest.mark.parametrize(("rule", "phrase"), cases(FORBIDDEN_EN))
def test_forbidden_english_is_found(rule: str, phrase: str) -> None:
    assert rule in {f.rule for f in forbidden_in(phrase, "en")}
    assert rule in {f.rule for f in forbidden_in(f"Good morning. {phrase.upper()}", "en")}


@pytest.mark.parametrize(("rule", "phrase"), cases(FORBIDDEN_ZH))
def test_forbidden_chinese_is_found(rule: str, phrase: str) -> None:
    assert rule in {f.rule for f in forbidden_in(phrase, "zh")}


def test_the_list_is_long_enough_and_every_rule_has_both_languages() -> None:
    assert min(len(cases(FORBIDDEN_EN)), len(cases(FORBIDDEN_ZH))) >= 60
    assert set(FORBIDDEN_EN) == set(FORBIDDEN_ZH)


@pytest.mark.parametrize("phrase", PHRASES["harmless"]["en"])
def test_harmless_english_passes(phrase: str) -> None:
    assert forbidden_in(phrase, "en") == []


@pytest.mark.parametrize("phrase", PHRASES["harmless"]["zh"])
def test_harmless_chinese_passes(phrase: str) -> None:
    assert forbidden_in(phrase, "zh") == []


def test_a_finding_says_rule_words_and_what_to_write_instead() -> None:
    (found,) = forbidden_in("Well: THAT’S a  lot of trouble.", "en")
    assert (found.rule, found.group, found.phrase, found.start_char) == (
        "a_lot_of_trouble",
        "dismissive",
        "that's a lot of trouble",
        6,
    )
    assert found.advice == "Say what it takes and how long."
    (found,) = forbidden_in("这不归我管", "zh")
    assert (found.phrase, found.start_char) == ("这不归我管", 0) and "转交" in found.advice


def test_no_sentence_that_ships_holds_one() -> None:
    texts = shipped_texts()
    assert len(texts) > 800
    found = [(where, f) for where, text in texts for f in (*forbidden_in(text.zh, "zh"), *forbidden_in(text.en, "en"))]
    assert found == []


@given(st.text(max_size=80))
def test_any_text_can_be_read(text: str) -> None:
    for found in [*forbidden_in(text, "zh"), *forbidden_in(text, "en")]:
        assert found.phrase

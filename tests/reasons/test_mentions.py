"""What a note says beside the reason, each with a true span."""

import pytest

from winback.reasons.corpus import load_corpus
from winback.reasons.mentions import KINDS, find_mentions
from winback.reasons.views import read_note


def found(note: str, left_for_rival: bool = False) -> dict[str, list[str]]:
    reading = read_note(note)
    out: dict[str, list[str]] = {}
    for m in find_mentions(reading.text, reading.clauses, reading.stances, left_for_rival):
        assert note[m.start : m.end] == m.text
        out.setdefault(m.kind, []).append(m.text)
    return out


@pytest.mark.parametrize(
    ("note", "kind", "words"),
    [
        ("预算都投到抖音去了，账户先停。", "rival", "抖音"),
        ("老客戶說：別再打電話來了。", "do_not_contact", "別再打電話"),
        ("He said stop calling me, twice.", "do_not_contact", "stop calling me"),
        ("业务员承诺首页前三，一天都没上过。", "promise", "承诺首页前三"),
        ("They promised a courtesy car twice.", "promise", "promised a courtesy car"),
        ("她希望用微信联系，别打座机。", "preference", "微信"),
        ("Prefers e-mail in the afternoon.", "preference", "Prefers e-mail"),
        ("He asked about the smaller plan.", "interest", "asked about the smaller plan"),
        ("客人很爱聊，聊了半天孙子。", "temper_expressive", "爱聊"),
        ("Blunt, cut me off after ten seconds.", "temper_driver", "Blunt"),
        ("一再道歉，说不好意思。", "temper_amiable", "不好意思"),
        ("Went through the bill line by line.", "temper_analytical", "line by line"),
    ],
)
def test_a_mention_is_found_with_its_words(note: str, kind: str, words: str) -> None:
    assert any(words in text for text in found(note).get(kind, [])), found(note)


def test_hearsay_names_no_rival_but_a_wish_not_to_be_called_is_always_heeded() -> None:
    assert "rival" not in found("听说他们去投抖音了。")
    assert "do_not_contact" in found("同事说客户讲过别再打电话。")


def test_who_they_left_for_is_a_rival() -> None:
    rivals = found("Switched to Northgate Broadband in May.", left_for_rival=True)["rival"]
    assert rivals == ["Northgate Broadband in May"]
    assert "rival" not in found("Switched to night shifts in May.")


def test_all_spans_over_the_corpus_are_true() -> None:
    for note in load_corpus()[::5]:
        reading = read_note(note.text)
        for m in find_mentions(reading.text, reading.clauses, reading.stances):
            assert m.kind in KINDS and m.text and note.text[m.start : m.end] == m.text

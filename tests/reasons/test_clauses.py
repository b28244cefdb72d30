"""Clauses: offsets that are true, and who says what how."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from winback.reasons.clauses import Stance, read_stances
from winback.reasons.corpus import load_corpus
from winback.reasons.evidence import find_span
from winback.reasons.model import N_CODES
from winback.reasons.normalise import language_of, normalise, same_length_simplified
from winback.reasons.segment import split
from winback.reasons.taxonomy import LEAF_CODES
from winback.reasons.views import read_note


def stance_of(note: str, words: str) -> Stance:
    clauses = split(note)
    (found,) = [s for c, s in zip(clauses, read_stances(note, clauses), strict=True) if words in c.text]
    return found


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet=st.sampled_from("客户说不贵但是没电话，。！？：“”、 \n.,:;-but no leadsABC\u200b\ud83d😀١")))
def test_clauses_are_true_spans_in_order(note: str) -> None:
    clauses = split(note)
    assert [note[c.start : c.end] for c in clauses] == [c.text for c in clauses]
    assert all(a.end <= b.start for a, b in pairwise(clauses))
    assert "".join("".join(c.text.split()) for c in clauses) == "".join(note.split())
    assert len(read_stances(note, clauses)) == len(clauses)


@pytest.mark.parametrize(
    ("note", "words"),
    [
        ("客户讲不是嫌贵，是半年没一个电话。", "不是嫌贵"),
        ("她馬上說不是沒錢啦，是電話太多。", "不是沒錢"),
        ("跟服务没关系，老板换人了。", "没关系"),
        ("No complaints about the price, but the owner sold up.", "No complaints"),
        ("It wasn't the leads. The new manager cancels everything.", "wasn't"),
    ],
)
def test_a_denied_clause_supports_nothing(note: str, words: str) -> None:
    assert stance_of(note, words).is_denied
    assert not stance_of(note, words).may_support


@pytest.mark.parametrize(
    ("note", "words"),
    [
        ("听说他们要搬厂，没见到人。", "搬厂"),
        ("同事猜是预算不够，电话一直没接。", "预算"),
        ("My colleague reckons it's budget, nobody asked.", "budget"),
        ("Apparently they moved to a rival.", "rival"),
    ],
)
def test_hearsay_supports_nothing(note: str, words: str) -> None:
    assert stance_of(note, words).is_hearsay
    assert not stance_of(note, words).may_support


def test_what_is_neither_a_denial_nor_hearsay() -> None:
    assert not stance_of("没有人打电话进来，退了。", "没有人打电话").is_denied
    assert not stance_of("是不是换老板了没人知道，反正停了。", "是不是").is_denied
    assert not stance_of("从没听说过你们公司，老板说的。", "没听说过").is_hearsay


def test_a_question_of_ours_is_no_evidence_and_turns_are_told_apart() -> None:
    note = "坐席：是换了别家平台吗？\n客户：没有，网站在重做。\n"
    ours, theirs = stance_of(note, "别家"), stance_of(note, "网站在重做")
    assert (ours.speaker, theirs.speaker) == ("rep", "customer")
    assert not ours.may_support and theirs.may_support


def test_no_span_comes_from_a_barred_clause_whatever_the_scores() -> None:
    rng = np.random.default_rng(7)
    for note in load_corpus()[::9]:
        reading = read_note(note.text)
        scores = rng.random((len(reading.clauses), N_CODES + 1))
        span = find_span(reading, scores, LEAF_CODES[int(rng.integers(N_CODES))])
        if span is None:
            continue
        assert note.text[span.start : span.end] == span.text
        touched = [
            s for c, s in zip(reading.clauses, reading.stances, strict=True) if c.start < span.end and span.start < c.end
        ]
        assert touched and all(s.may_support for s in touched), note.id


def test_normalising_and_languages() -> None:
    assert normalise("蘋果老闆說網路　登陆ＡＢＣ\u200b１２３") == "苹果老板说网络 登录abc123"
    assert normalise("Cust didnt recieve any enqs") == "customer didn't receive any enquiries"
    assert len(same_length_simplified("電話沒響過abc")) == len("電話沒響過abc")
    wrong = [n.id for n in load_corpus() if language_of(n.text) != n.language]
    assert len(wrong) <= 0.04 * len(load_corpus())
    assert {language_of(t) for t in ("", "😀", "ราคาแพง", "السعر مرتفع", "Слишком дорого")} == {"other"}

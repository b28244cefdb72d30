"""Recognising a subject in free text, and leaving everybody else's alone."""

import pytest

from winback.privacy.handed_out import json_without, n_records, without_subject
from winback.privacy.marks import Marks
from winback.privacy.subject import Subject

SUBJECT = Subject(
    "account_id",
    "A0042",
    {"account_id": frozenset({"A0042", "12"}), "row_key": frozenset({"R-99AB"})},
    names=frozenset({"王小明", "O'Neil & Co", "13900001111"}),
    texts=frozenset({"too dear, wants a refund of order ZX-1"}),
    pieces=frozenset({"ZX-12345"}),
)


@pytest.mark.parametrize(
    ("text", "is_mentioned"),
    [
        ("row of a0042.", True),
        ("A00421 and XA0042", False),
        ("12 rows", False),
        ("客户王小明说", True),
        ("<b>O&#x27;Neil &amp; Co</b>", True),
        ("call 13900001111 now", True),
        ("call 139000011112 now", False),
        ("He said: too dear, wants a refund of order ZX-1", True),
        ("wants a refund", False),
    ],
)
def test_whole_words_only(text: str, is_mentioned: bool) -> None:
    assert Marks(SUBJECT).mentions(text) is is_mentioned


def test_part_of_a_note_is_a_quote_when_it_is_long_enough() -> None:
    marks = Marks(SUBJECT)
    assert marks.redact("“wants a refund of …”") == "[erased]"
    assert not marks.quotes("refund")
    assert marks.redact("for 王小明 and others") == "for [erased] and others"


def test_lists_lose_the_subjects_rows_and_keep_the_others() -> None:
    data = '\ufeffaccount_id,rank,why\r\n12,1,a\r\nA7,12,came like 王小明\r\nA8,3,"two\nlines"\r\n'.encode()
    kept = without_subject("rep.csv", data, SUBJECT, Marks(SUBJECT))
    assert kept == '\ufeffaccount_id,rank,why\r\nA7,12,came like [erased]\r\nA8,3,"two\nlines"\r\n'.encode()
    assert n_records(kept) == 2
    assert without_subject("rep.csv", kept, SUBJECT, Marks(SUBJECT)) is kept


def test_json_stays_json() -> None:
    marks = Marks(SUBJECT)
    assert json_without(b'{"12": 12, "on": "A0042"}', marks) == b'{\n  "12": 12,\n  "on": "[erased]"\n}\n'
    untouched = b'{"a":1}'
    assert json_without(untouched, marks) == untouched

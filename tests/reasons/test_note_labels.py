"""The labeller: words that are the note's own, denial, hearsay, hostile notes, one answer whatever the company."""

import pytest

from winback.reasons.artefact import load_shipped
from winback.reasons.corpus import corpus_fingerprint
from winback.reasons.labeller import Labeller, load_labeller
from winback.reasons.taxonomy import LEAF_CODES

HOSTILE = [
    "",
    " \n\t ",
    "😀😀😀",
    "ไม่สนใจแล้วครับ ขอบคุณ",
    "لم نعد بحاجة إلى هذه الخدمة",
    "\x00\x01\x02",
    "=cmd|' /C calc'!A0",
    "费用太高" * 60_000,
    "a" * 1_000_000,
]


@pytest.fixture(scope="module")
def labeller() -> Labeller:
    return load_labeller("base")


def test_the_shipped_model_was_fitted_on_the_shipped_corpus() -> None:
    assert load_shipped().corpus_fingerprint == corpus_fingerprint()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (
            "Results were fine, nobody complains about the leads. But the owner sold the firm and the new one starts over.",
            "2a",
        ),
        ("他说不是价格问题，价格能接受，就是你们客服一个月没人回电话，答应的事一件没办，寒心了。", "4"),
        ("電話一天打三通，光這個月就十幾通，客戶說再打就報警，本來還想續的。", "5"),
        ("网站推倒重做，预计三个月上线，新站没好之前先停。", "2e"),
        ("Invoice went to the old address, nobody paid it, they want to be live again today.", "6"),
    ],
)
def test_plain_cases_with_a_decoy(labeller: Labeller, text: str, code: str) -> None:
    (found,) = labeller.label([text])
    assert found.code == code
    assert found.evidence and text[found.start : found.end] == found.evidence


def test_a_denied_or_reported_clause_is_never_the_evidence(labeller: Labeller) -> None:
    denied = "不是嫌贵"
    texts = [
        f"客户说{denied}，是老板换人了，新老板还不了解。",
        "A colleague thinks it was the price. The customer himself: the shop is being rebuilt until May.",
    ]
    first, second = labeller.label(texts)
    assert denied not in first.evidence
    assert "colleague" not in second.evidence
    assert second.code == "2e"


def test_hostile_notes_are_abstained_from_and_nothing_breaks(labeller: Labeller) -> None:
    for text, found in zip(HOSTILE, labeller.label(HOSTILE), strict=True):
        assert found.code in LEAF_CODES
        assert text[found.start : found.end] == found.evidence
        assert 0 <= found.confidence <= 1
    assert all(found.is_abstained for found in labeller.label(HOSTILE[:6]))


def test_a_label_depends_on_its_note_alone(labeller: Labeller) -> None:
    texts = ["没钱了，今年预算砍光。", "They moved everything to another platform.", "no answer, third try"]
    together = labeller.label(texts)
    alone = [load_labeller("base").label([text])[0] for text in reversed(texts)]
    assert [f.code for f in together] == [f.code for f in reversed(alone)]
    assert [f.confidence for f in together] == pytest.approx([f.confidence for f in reversed(alone)], abs=1e-4)

"""Each text is labelled once per model; people's labels stand before the model's."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import polars as pl

from winback.reasons.artefact import load_shipped
from winback.reasons.labeller import NoteLabel
from winback.reasons.mentions import Mention
from winback.reasons.note_labels import (
    label_rows,
    moved_labels,
    score_mentions,
    score_notes,
    telling,
    text_hash,
    unlabelled,
    with_hashes,
)
from winback.reasons.own_corpus import own_fingerprint, own_notes

AS_OF = date(2026, 3, 2)
HUMAN = {
    "text_sha256": pl.String,
    "note_text": pl.String,
    "reason_code": pl.String,
    "secondary_codes": pl.String,
    "evidence_text": pl.String,
}
LABEL = NoteLabel(
    code="1b", confidence=0.9, is_abstained=False, primary_code="1b", runner_up="1a", evidence="too dear", start=4, end=12,
    secondary=("1e",), secondary_evidence=(), language="en", mentions=(Mention("rival", "Brightline", 16, 26),),
    probabilities=(), bears_prob=0.97, model_version="m", taxonomy_version="t",
)  # fmt: skip


class Stub:
    """Labels every text alike and counts what it was asked."""

    def __init__(self, version: str, code: str = "1b") -> None:
        self.model_version, self.code, self.asked = version, code, []  # type: ignore[var-annotated]

    def label(self, texts: Sequence[str]) -> list[NoteLabel]:
        self.asked += texts
        return [replace(LABEL, code=self.code) for _ in texts]


def notes(*texts: str) -> pl.DataFrame:
    return with_hashes(
        pl.DataFrame(
            {
                "account_id": [f"a{i}" for i in range(len(texts))],
                "as_of_on": AS_OF,
                "touched_on": date(2026, 2, 1),
                "note_text": list(texts),
                "touchpoint_id": [f"T{i}" for i in range(len(texts))],
                "kind": "care",
                "after_lapse_days": 5,
            }
        )
    )


EMPTY = label_rows(pl.DataFrame(schema={"text_sha256": pl.String, "note_text": pl.String}), Stub("m"))
TEXT = "was too dear so Brightline"


def test_a_text_is_labelled_once_whoever_it_is_about() -> None:
    stub, delivered = Stub("m"), notes(TEXT, TEXT, "other words")
    ledger = label_rows(unlabelled(delivered, EMPTY, "m"), stub)
    assert sorted(stub.asked) == sorted([TEXT, "other words"])
    assert unlabelled(delivered, ledger, "m").is_empty()
    assert unlabelled(delivered, ledger, "m2").height == 2


def test_words_are_found_again_by_their_offsets() -> None:
    delivered = notes(TEXT)
    ledger = label_rows(unlabelled(delivered, EMPTY, "m"), Stub("m"))
    assert "note_text" not in ledger.columns
    scored = score_notes(delivered, ledger, pl.DataFrame(schema=HUMAN), "m")
    assert scored["evidence_text"].to_list() == ["too dear"]
    assert scored["secondary_codes"].to_list() == ["1e"]
    mentions = score_mentions(delivered, ledger, "m")
    assert mentions.select("mention_kind", "mention_text", "start_char").rows() == [("rival", "Brightline", 16)]


def test_a_persons_label_stands_before_the_models() -> None:
    delivered = notes(TEXT)
    ledger = label_rows(unlabelled(delivered, EMPTY, "m"), Stub("m"))
    row = {
        "text_sha256": text_hash(TEXT),
        "note_text": TEXT,
        "reason_code": "1e",
        "secondary_codes": None,
        "evidence_text": "Brightline",
    }
    scored = score_notes(delivered, ledger, pl.DataFrame([row], schema=HUMAN), "m").row(0, named=True)
    assert (scored["code"], scored["reason_prob"], scored["evidence_text"]) == ("1e", 1.0, "Brightline")
    assert scored["is_human_label"]
    assert scored["model_version"] == "human"


def test_words_a_person_made_up_are_not_shown_as_evidence() -> None:
    delivered = notes(TEXT)
    ledger = label_rows(unlabelled(delivered, EMPTY, "m"), Stub("m"))
    row = {
        "text_sha256": text_hash(TEXT),
        "note_text": TEXT,
        "reason_code": "1e",
        "secondary_codes": None,
        "evidence_text": "never said",
    }
    assert score_notes(delivered, ledger, pl.DataFrame([row], schema=HUMAN), "m")["evidence_text"].to_list() == [None]


def test_daily_business_is_left_out() -> None:
    delivered = notes(TEXT)
    ledger = label_rows(unlabelled(delivered, EMPTY, "m"), Stub("m")).with_columns(bears_prob=pl.lit(0.1))
    assert telling(score_notes(delivered, ledger, pl.DataFrame(schema=HUMAN), "m")).is_empty()


def test_a_new_model_reports_what_moved() -> None:
    delivered = notes(TEXT, "other words")
    first = label_rows(unlabelled(delivered, EMPTY, "m1"), Stub("m1"))
    assert moved_labels(delivered, first, "m1") is None
    both = pl.concat([first, label_rows(unlabelled(delivered, first, "m2"), Stub("m2", "2d"))])
    moved = moved_labels(delivered, both, "m2")
    assert moved is not None
    assert moved.old_version == "m1"
    assert moved.rows.rows() == [("1b", "2d", 2)]


def test_a_workspaces_own_notes_make_another_model() -> None:
    row = {
        "text_sha256": text_hash(TEXT),
        "note_text": TEXT,
        "reason_code": "1e",
        "secondary_codes": None,
        "evidence_text": "Brightline",
    }
    family = row | {"text_sha256": text_hash("x"), "note_text": "x", "reason_code": "1"}
    own = own_notes(pl.DataFrame([row, family], schema=HUMAN))
    assert [(n.primary, n.evidence) for n in own] == [("1e", "Brightline")]
    shipped = load_shipped()
    assert own_fingerprint(shipped, own) != own_fingerprint(shipped, [])
    assert own_fingerprint(shipped, own) == own_fingerprint(shipped, own)

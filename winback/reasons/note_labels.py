"""Labels of a workspace's notes: each text is labelled once per model.

Belongs here: which texts still need a label, rows of `ledger_note_labels`, `score_notes` and `score_mentions`, what moved
with a new model. Does not belong here: labelling itself (`labeller`, `chat_labeller`), the accounts (`account_reasons`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import polars as pl

from winback.reasons.labeller import NoteLabel
from winback.reasons.relevance import BEARS_FROM_PROB
from winback.reasons.taxonomy import LEAF_CODES, load_taxonomy

HUMAN_VERSION = "human"
_LABEL_SCHEMA = {
    "text_sha256": pl.String, "model_version": pl.String, "taxonomy_version": pl.String, "code": pl.String,
    "runner_up_code": pl.String, "reason_prob": pl.Float64, "is_abstained": pl.Boolean, "bears_prob": pl.Float64,
    "start_char": pl.Int64, "end_char": pl.Int64, "secondary_codes": pl.String, "note_language": pl.String,
    "mentions_json": pl.String,
}  # fmt: skip


class TextLabeller(Protocol):
    """Anything that labels notes: the shipped labeller, or a chat endpoint with it behind."""

    @property
    def model_version(self) -> str:
        """Named in every label."""

    def label(self, texts: Sequence[str]) -> list[NoteLabel]:
        """One label per text, in order."""


@dataclass(frozen=True)
class Moved:
    """How many texts a new model labels otherwise than the last one did: from code, to code, texts."""

    old_version: str
    rows: pl.DataFrame


def text_hash(text: str) -> str:
    """SHA-256 of a note's text as hexadecimal digits."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def with_hashes(notes: pl.DataFrame) -> pl.DataFrame:
    """`notes` with `text_sha256` of their `note_text`."""
    texts = notes["note_text"].unique().sort()
    hashes = pl.DataFrame(
        {"note_text": texts, "text_sha256": [text_hash(t) for t in texts]}, schema_overrides={"text_sha256": pl.String}
    )
    return notes.join(hashes, on="note_text", how="left", maintain_order="left")


def unlabelled(notes: pl.DataFrame, ledger: pl.DataFrame, model_version: str) -> pl.DataFrame:
    """The texts of `notes` without a label of this model and taxonomy: `text_sha256` and `note_text`, each once."""
    done = ledger.filter(
        (pl.col("model_version") == model_version) & (pl.col("taxonomy_version") == load_taxonomy().version)
    )
    texts = notes.select("text_sha256", "note_text").unique("text_sha256").sort("text_sha256")
    return texts.join(done.select("text_sha256"), on="text_sha256", how="anti", maintain_order="left")


def label_rows(texts: pl.DataFrame, labeller: TextLabeller) -> pl.DataFrame:
    """Rows of `ledger_note_labels` for `texts` (from `unlabelled`), under the version that was asked for."""
    labels = labeller.label(texts["note_text"].to_list())
    rows = [
        _label_row(sha256, label, labeller.model_version) for sha256, label in zip(texts["text_sha256"], labels, strict=True)
    ]
    return pl.DataFrame(rows, schema=_LABEL_SCHEMA, orient="row")


def _label_row(sha256: str, label: NoteLabel, version: str) -> dict[str, Any]:
    mentions = [[m.kind, m.start, m.end] for m in label.mentions]
    return {
        "text_sha256": sha256,
        "model_version": version,
        "taxonomy_version": load_taxonomy().version,
        "code": label.code,
        "runner_up_code": label.runner_up,
        "reason_prob": label.confidence,
        "is_abstained": label.is_abstained,
        "bears_prob": label.bears_prob,
        "start_char": label.start,
        "end_char": label.end,
        "secondary_codes": ";".join(label.secondary) or None,
        "note_language": label.language,
        "mentions_json": json.dumps(mentions),
    }


def moved_labels(notes: pl.DataFrame, ledger: pl.DataFrame, model_version: str) -> Moved | None:
    """What this model says otherwise than the last other one did about the same texts; None where there was no other."""
    texts = notes.select("text_sha256").unique()
    others = ledger.join(texts, on="text_sha256").filter(pl.col("model_version") != model_version)
    if others.is_empty():
        return None
    old_version = str(others["model_version"].sort()[-1])
    old = others.filter(pl.col("model_version") == old_version).select("text_sha256", old_code="code")
    new = ledger.filter(pl.col("model_version") == model_version).select("text_sha256", new_code="code")
    changed = old.join(new, on="text_sha256").filter(pl.col("old_code") != pl.col("new_code"))
    counted = changed.group_by("old_code", "new_code").agg(n_texts=pl.len())
    return Moved(old_version, counted.sort("n_texts", "old_code", "new_code", descending=[True, False, False]))


def score_notes(notes: pl.DataFrame, ledger: pl.DataFrame, human: pl.DataFrame, model_version: str) -> pl.DataFrame:
    """Rows of `score_notes`: every note with its label and its words; a person's label stands before the model's.

    `notes` has the columns of `core_lapse_notes` and `text_sha256`; `human` those of `note_labels`.
    """
    said = ledger.filter(
        (pl.col("model_version") == model_version) & (pl.col("taxonomy_version") == load_taxonomy().version)
    )
    rows = notes.join(said, on="text_sha256", how="inner").with_columns(is_human_label=pl.lit(False))
    rows = rows.with_columns(
        evidence_text=pl.col("note_text").str.slice(pl.col("start_char"), pl.col("end_char") - pl.col("start_char"))
    )
    people = human.select(
        "text_sha256", human_code="reason_code", human_secondary="secondary_codes", human_evidence="evidence_text"
    )
    rows = rows.join(people, on="text_sha256", how="left")
    is_human = pl.col("human_code").is_in(list(LEAF_CODES))
    found = pl.col("note_text").str.find(pl.col("human_evidence"), literal=True).is_not_null()
    return rows.with_columns(
        code=pl.when(is_human).then("human_code").otherwise("code"),
        secondary_codes=pl.when(is_human).then("human_secondary").otherwise("secondary_codes"),
        evidence_text=pl.when(is_human).then(pl.when(found).then("human_evidence")).otherwise("evidence_text"),
        reason_prob=pl.when(is_human).then(1.0).otherwise("reason_prob"),
        bears_prob=pl.when(is_human).then(1.0).otherwise("bears_prob"),
        is_abstained=pl.col("is_abstained") & ~is_human.fill_null(False),
        is_human_label=is_human.fill_null(False),
        model_version=pl.when(is_human).then(pl.lit(HUMAN_VERSION)).otherwise("model_version"),
    ).select(_SCORE_COLUMNS)


def score_mentions(notes: pl.DataFrame, ledger: pl.DataFrame, model_version: str) -> pl.DataFrame:
    """Rows of `score_mentions`: what the notes say beside the reason, each with its words."""
    said = ledger.filter(pl.col("model_version") == model_version).select("text_sha256", "mentions_json")
    dtype = pl.List(pl.List(pl.String))
    parts = (
        said.filter(pl.col("mentions_json") != "[]")
        .with_columns(mention=pl.col("mentions_json").str.replace_all(r"(\d+)", '"$1"').str.json_decode(dtype))
        .explode("mention")
        .with_columns(
            mention_kind=pl.col("mention").list.get(0),
            start_char=pl.col("mention").list.get(1).cast(pl.Int64),
            end_char=pl.col("mention").list.get(2).cast(pl.Int64),
        )
    )
    rows = notes.join(parts, on="text_sha256", how="inner")
    return rows.with_columns(
        mention_text=pl.col("note_text").str.slice(pl.col("start_char"), pl.col("end_char") - pl.col("start_char"))
    ).select(
        "account_id", "as_of_on", "touched_on", "text_sha256", "mention_kind", "start_char", "end_char", "mention_text",
        "touchpoint_id",
    )  # fmt: skip


def telling(scored: pl.DataFrame) -> pl.DataFrame:
    """Those of `score_notes` that bear on leaving; the others are daily business."""
    return scored.filter(pl.col("bears_prob") >= BEARS_FROM_PROB)


_SCORE_COLUMNS = (
    "account_id", "as_of_on", "touched_on", "text_sha256", "touchpoint_id", "after_lapse_days", "code", "runner_up_code",
    "reason_prob", "is_abstained", "bears_prob", "evidence_text", "start_char", "end_char", "secondary_codes",
    "note_language", "is_human_label", "taxonomy_version", "model_version",
)  # fmt: skip

"""The labeller of a workspace, and the file that people label.

Belongs here: which labeller a workspace uses, and `state/notes_to_label.csv` (owner only) with the least certain notes. Does
not belong here: labelling (`winback.reasons`), the assets (`assets.reasons`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from assets.metadata import markdown_table
from assets.workspace import Warehouse, write_atomically
from winback.contracts.tables import read_table
from winback.playbook.cells import guard_column
from winback.reasons.artefact import Artefact, load_artefact, load_shipped, save_artefact
from winback.reasons.chat_labeller import ChatLabeller, chat_key, load_chat_labeller
from winback.reasons.encoders import SentenceEncoder
from winback.reasons.labeller import NoteLabel, load_labeller
from winback.reasons.masking import mask_personal
from winback.reasons.note_labels import TextLabeller, telling
from winback.reasons.own_corpus import MIN_OWN_NOTES, fit_own, own_fingerprint, own_notes

N_LEAST_CERTAIN = 20
LABELLING_FILE = "notes_to_label.csv"
CHAT_CACHE = "chat_labels.jsonl"


@dataclass(frozen=True)
class NamedChatLabeller:
    """A chat labeller that knows, for each text, whose names to hide before it leaves."""

    chat: ChatLabeller
    names: Mapping[str, Sequence[str]]

    @property
    def model_version(self) -> str:
        """That of the chat labeller."""
        return self.chat.model_version

    def label(self, texts: Sequence[str]) -> list[NoteLabel]:
        """One label per text, in order."""
        return self.chat.label(texts, [self.names.get(text, ()) for text in texts])


def labeller_of(warehouse: Warehouse, notes: pl.DataFrame) -> TextLabeller:
    """The workspace's labeller: the shipped one, with the chat endpoint in front of it where the data team set one up.

    `notes` are those to be labelled, with account_id and note_text.
    """
    fast, settings = load_labeller(artefact=_artefact(warehouse)), warehouse.settings
    if not settings.chat_labeller.is_enabled:
        return fast
    key = chat_key(settings.chat_labeller, warehouse.secrets)
    cache = warehouse.workspace.folder("models") / CHAT_CACHE
    chat = load_chat_labeller(settings.chat_labeller, key, cache, fast, settings.workspace.phone_region)
    named = notes.join(_names(warehouse, notes), on="account_id", how="inner").group_by("note_text").agg("name")
    return NamedChatLabeller(chat, dict(named.iter_rows()))


def _artefact(warehouse: Warehouse) -> Artefact:
    """The workspace's own fitted labeller once its people have labelled enough notes, else the shipped one."""
    shipped, notes = load_shipped(), own_notes(read_table(warehouse.con, "asof_note_labels"))
    if len(notes) < MIN_OWN_NOTES:
        return shipped
    path = warehouse.workspace.folder("models") / f"labeller-{own_fingerprint(shipped, notes)[:16]}.npz"
    if not path.is_file():
        partial = path.with_suffix(".part.npz")
        save_artefact(fit_own(shipped, notes, SentenceEncoder()), partial)
        partial.replace(path)
    return load_artefact(path)


def write_labelling_file(warehouse: Warehouse, notes: pl.DataFrame, scored: pl.DataFrame) -> str:
    """Write the least certain notes for people to label, and return them masked, as a Markdown table.

    The file holds the notes in full and is the owner's alone (mode 0600). Filled in (`reason_code`) and dropped in the inbox
    as `note_labels*.csv`, it counts from the next run.
    """
    unsure = (
        telling(scored)
        .filter(~pl.col("is_human_label"))
        .sort("reason_prob", "text_sha256", "account_id", "touched_on")
        .unique("text_sha256", keep="first", maintain_order=True)
        .head(N_LEAST_CERTAIN)
        .join(notes.select("text_sha256", "note_text").unique("text_sha256"), on="text_sha256", maintain_order="left")
    )
    file = unsure.select(
        "text_sha256",
        "account_id",
        "touched_on",
        "runner_up_code",
        note_text=guard_column(pl.col("note_text")),
        likeliest_code="code",
        reason_code=pl.lit(None, dtype=pl.String),
        secondary_codes=pl.lit(None, dtype=pl.String),
        evidence_text=pl.lit(None, dtype=pl.String),
    )
    path = warehouse.workspace.folder("state") / LABELLING_FILE
    write_atomically(path, b"\xef\xbb\xbf" + file.write_csv().encode("utf-8"))
    path.chmod(0o600)
    return markdown_table(_masked(warehouse, unsure))


def _masked(warehouse: Warehouse, unsure: pl.DataFrame) -> pl.DataFrame:
    grouped = _names(warehouse, unsure).group_by("account_id").agg("name")
    names, region = dict(grouped.iter_rows()), warehouse.settings.workspace.phone_region
    texts = [
        mask_personal(text, names.get(account, ()), region)
        for account, text in unsure.select("account_id", "note_text").iter_rows()
    ]
    shown = unsure.select(note="touchpoint_id", likeliest="code", or_else="runner_up_code", confidence="reason_prob")
    return shown.with_columns(text=pl.Series(texts, dtype=pl.String))


def _names(warehouse: Warehouse, notes: pl.DataFrame) -> pl.DataFrame:
    """account_id and name: the accounts of `notes` and the persons known there."""
    accounts = notes.select("account_id").unique()
    people = read_table(warehouse.con, "asof_people").select("account_id", name="person_name")
    own = read_table(warehouse.con, "asof_accounts").select("account_id", name="account_name")
    return pl.concat([people, own]).drop_nulls().join(accounts, on="account_id", how="semi").sort("account_id", "name")

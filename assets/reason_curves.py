"""The picture of time to return by family of reasons.

Belongs here: labelling the early notes of past lapses once, and drawing. Does not belong here: which notes count
(`winback.reasons.spell_families`), labels of the lapsed accounts of the week (`assets.reasons`).
"""

from __future__ import annotations

from typing import Any

from assets.metadata import picture
from assets.workspace import Warehouse
from winback.contracts.tables import append_missing, read_table
from winback.reasons.note_labels import TextLabeller, label_rows, score_notes, telling, unlabelled, with_hashes
from winback.reasons.spell_families import early_notes, spell_families
from winback.survival.family_pictures import return_by_family_picture


def return_by_family(warehouse: Warehouse, labeller: TextLabeller) -> dict[str, Any]:
    """The picture as metadata; nothing where no family has enough lapses with a known reason.

    Notes of past lapses are labelled here, once, unless a chat endpoint labels: it is not asked about the past.
    """
    con = warehouse.con
    notes = with_hashes(early_notes(con))
    new = unlabelled(notes, read_table(con, "ledger_note_labels"), labeller.model_version)
    if new.height and not warehouse.settings.chat_labeller.is_enabled:
        append_missing(con, "ledger_note_labels", label_rows(new, labeller))
    ledger, human = read_table(con, "ledger_note_labels"), read_table(con, "asof_note_labels")
    spells = spell_families(notes, telling(score_notes(notes, ledger, human, labeller.model_version)))
    png = return_by_family_picture(spells)
    return {"time to return by reason": picture(png, "Kaplan-Meier by reason family")} if png else {}

"""Rewriting the archive without a subject.

Belongs here: which archived files hold the subject, their new copies under their new hash, and the ledger that follows. Does not
belong here: other files (`assets.erasure_files`).

A rewritten file is new bytes and so has a new name. It is written first, then the ledger follows in the transaction that deletes
the rows, then the old file is removed; the old names are noted beforehand, so that a killed erasure finds them again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from assets.erasure_files import put_file
from assets.inbox import archived_path, file_sha256
from assets.workspace import Warehouse
from data_contracts import load_contract
from winback.contracts.tables import transaction
from winback.errors import UnreadableFileError
from winback.privacy.delivered_file import records_of, text_without, without_mentions, write_without
from winback.privacy.marks import Marks
from winback.privacy.subject import Subject
from winback.privacy.warehouse import file_rows, forget_records, move_up, received_records

_SUFFIXES = (".csv", ".parquet", ".bin")
Entries = Sequence[tuple[int, str | None]]


@dataclass(frozen=True)
class Rewriting:
    """An archived file to be rewritten: its ledger entries, and the subject's records in it (first line: number of lines)."""

    path: Path
    entries: Entries
    records: dict[int, int]
    is_readable: bool


def find_rewritings(warehouse: Warehouse, subject: Subject, marks: Marks) -> list[Rewriting]:
    """Archived files that hold the subject, in the order of the ledger."""
    found = []
    for sha256, entries in file_rows(warehouse.con).items():
        paths = [archived_path(warehouse.workspace, sha256, suffix) for suffix in _SUFFIXES]
        for path in [p for p in paths if p.is_file()]:
            rewriting = _rewriting(warehouse, path, entries, subject, marks)
            if rewriting is not None:
                found.append(rewriting)
    return found


def rewrite_archive(
    warehouse: Warehouse, found: Sequence[Rewriting], marks: Marks, note_stale: Callable[[list[Path]], None]
) -> list[Path]:
    """Write the files anew and let the ledger follow; returns the old files, which are the caller's to remove.

    `note_stale` is called with them before the ledger changes.
    """
    for partial in warehouse.workspace.folder("archive").glob(
        ".*"
    ):  # left by a killed load; its source is still in the inbox
        partial.unlink()
    written = [(rewriting, _written(warehouse, rewriting, marks)) for rewriting in found]
    stale = [rewriting.path for rewriting, fresh in written if fresh != rewriting.path]
    note_stale(stale)
    with transaction(warehouse.con):
        for rewriting, fresh in written:
            lines = frozenset(rewriting.records)
            for file_id, table in rewriting.entries:
                forget_records(warehouse.con, file_id, table, lines, fresh.stem, fresh.stat().st_size)
                if fresh.suffix == ".parquet" and table is not None:
                    move_up(warehouse.con, file_id, table, lines)
    return stale


def _rewriting(warehouse: Warehouse, path: Path, entries: Entries, subject: Subject, marks: Marks) -> Rewriting | None:
    records: dict[int, int] = {}
    is_readable, has_words = False, False
    for file_id, table in entries:
        if table is None:
            continue
        contract = load_contract(table)
        try:
            records |= records_of(path, contract, subject.ids, marks)
            has_words = has_words or without_mentions(path, contract, marks) is not None
            is_readable = True
        except UnreadableFileError:
            continue
        for line in received_records(warehouse.con, table, file_id, subject) - records.keys():
            records[line] = 1
    if not is_readable:
        data = path.read_bytes()
        has_words = _unread_without(data, marks) != data
    return Rewriting(path, entries, records, is_readable) if records or has_words else None


def _written(warehouse: Warehouse, rewriting: Rewriting, marks: Marks) -> Path:
    """Write the file without the subject under its new hash.

    Of a file that was rejected nothing was ever loaded; one that is no text and mentions the subject leaves an empty one.
    """
    path = rewriting.path
    partial = warehouse.workspace.folder("archive") / f".erasing{path.suffix}"
    contract = next((load_contract(table) for _, table in rewriting.entries if table is not None), None)
    if rewriting.is_readable and contract is not None:
        write_without(path, contract, rewriting.records, partial)
        words = without_mentions(partial, contract, marks)
        if words is not None:
            partial.write_bytes(words)
    else:
        partial.write_bytes(_unread_without(path.read_bytes(), marks))
    kept = archived_path(warehouse.workspace, file_sha256(partial), path.suffix)
    kept.parent.mkdir(parents=True, exist_ok=True)
    put_file(kept, partial.read_bytes())
    partial.unlink()
    return kept


def _unread_without(data: bytes, marks: Marks) -> bytes:
    kept = text_without(data, marks)
    if kept is not None:
        return kept
    return b"" if marks.hints(data.decode("utf-8", "ignore")) else data

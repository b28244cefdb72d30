"""Load a batch of delivered files.

Belongs here: the order in which tables are loaded, one transaction per file, retrying held rows, versions, and finishing a batch
that was cut off. Does not belong here: finding the files or moving them away.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from data_contracts import load_contract
from winback.contracts.tables import transaction
from winback.errors import UnreadableFileError
from winback.load.ledger import ReceivedFile, RowSums, close_file, enter_file, is_known, move_held
from winback.load.receive import mark_superseded, open_source, receive_source, retry_held

_FIRST = ("accounts", "fx_rates")
_NOTHING = RowSums(0, 0, 0, 0)


@dataclass(frozen=True)
class InboxFile:
    """One delivered file: its ledger entry, where its bytes are, and its table, or why it has none."""

    entry: ReceivedFile
    path: Path
    table: str | None
    refusal: str | None = None


def load_batch(con: duckdb.DuckDBPyConnection, files: Sequence[InboxFile], batch: int, base_currency: str) -> int:
    """Enter `files` as `batch` and load them; returns how many there were."""
    enter_batch(con, files)
    finish_batch(con, files, batch, base_currency)
    return len(files)


def enter_batch(con: duckdb.DuckDBPyConnection, files: Sequence[InboxFile]) -> None:
    """Enter all files of a batch in the ledger at once, so that a load that is killed can be taken up."""
    with transaction(con):
        for file in files:
            enter_file(con, file.entry, file.table)


def finish_batch(con: duckdb.DuckDBPyConnection, files: Sequence[InboxFile], batch: int, base_currency: str) -> None:
    """Load those of an entered batch's files that are not loaded yet, then do what a batch does at its end.

    Accounts and rates come first, then the other tables by name; within a table files go by their date and their bytes,
    so that the order of arrival changes nothing. The end can be done again without changing anything.
    """
    for file in sorted(files, key=lambda f: (_table_order(f.table), f.entry.file_on, f.entry.sha256, f.entry.name)):
        _load_one(con, file)
    with transaction(con):
        retried = _retry_all_held(con, batch, base_currency)
        for table in sorted(retried | _tables_of(con, batch)):
            mark_superseded(con, load_contract(table), batch)


def _tables_of(con: duckdb.DuckDBPyConnection, batch: int) -> set[str]:
    query = "SELECT DISTINCT table_name FROM ledger_files WHERE batch = ? AND table_name IS NOT NULL"
    return {str(table) for (table,) in con.execute(query, [batch]).fetchall()}


def _load_one(con: duckdb.DuckDBPyConnection, file: InboxFile) -> None:
    entry, table = file.entry, file.table
    if table is None:
        _reject(con, file, file.refusal or "")
    elif is_known(con, load_contract(table), entry):
        n_rows = _rows_of(con, table, entry)
        repeated = RowSums(n_rows, 0, 0, n_rows)
        close_file(con, entry.file_id, "loaded", repeated, reason="the same file was loaded before")
    else:
        contract = load_contract(table)
        try:
            source = open_source(con, contract, file.path)
        except UnreadableFileError as error:
            _reject(con, file, str(error))
            return
        with transaction(con):
            received = receive_source(con, contract, source, entry)
            missing = f"required columns are missing: {', '.join(received.missing)}" if received.missing else None
            close_file(
                con,
                entry.file_id,
                "rejected" if missing else "loaded",
                received.sums,
                reason=missing,
                encoding=received.encoding,
                notes=received.notes,
                is_cut=received.is_cut,
            )


def _reject(con: duckdb.DuckDBPyConnection, file: InboxFile, reason: str) -> None:
    close_file(con, file.entry.file_id, "rejected", _NOTHING, reason=reason)


def _rows_of(con: duckdb.DuckDBPyConnection, table: str, entry: ReceivedFile) -> int:
    row = con.execute(
        "SELECT max(rows_received) FROM ledger_files WHERE table_name = ? AND sha256 = ? AND state = 'loaded'",
        [table, entry.sha256],
    ).fetchone()
    return int(row[0]) if row and row[0] else 0


def _retry_all_held(con: duckdb.DuckDBPyConnection, batch: int, base_currency: str) -> set[str]:
    """Try every held row again; returns the tables that had some."""
    held = con.execute(
        "SELECT DISTINCT f.file_id, f.file, f.table_name, f.sha256, f.size_bytes, f.file_on, f.received_on "
        "FROM ledger_quarantine AS q JOIN ledger_files AS f USING (file_id) WHERE q.is_held ORDER BY f.file_on, f.sha256, f.file_id"
    ).fetchall()
    for file_id, name, table, sha256, size_bytes, file_on, received_on in held:
        entry = ReceivedFile(file_id, name, sha256, size_bytes, batch, file_on, received_on, base_currency)
        sums = retry_held(con, load_contract(table), entry)
        move_held(con, file_id, sums.loaded, sums.duplicate)
    return {table for _, _, table, *_ in held}


def _table_order(table: str | None) -> tuple[int, str]:
    if table is None:
        return (len(_FIRST) + 1, "")
    return (_FIRST.index(table), table) if table in _FIRST else (len(_FIRST), table)

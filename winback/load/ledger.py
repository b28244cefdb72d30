"""The ledger of received files and what became of their rows.

Belongs here: the bookkeeping tables and the sums over them. Does not belong here: reading files.

A batch is entered as a whole before its first file is loaded. `is_in_inbox` is true of its files until the batch is loaded and
the inbox is cleared of them, so that a load that was killed is taken up where it stopped and no file is counted twice.

For every file: rows_received = rows_loaded + rows_quarantined + rows_duplicate, always. Rows of accounts and persons that were
erased count apart, as rows_suppressed: they are taken out of the file before it is kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import duckdb

from data_contracts import Contract, load_contract, table_names
from winback.contracts.ddl import raw_table_ddl
from winback.contracts.tables import widen_table

_LEDGER_DDL = """
CREATE TABLE IF NOT EXISTS ledger_files (
    file_id BIGINT PRIMARY KEY, file VARCHAR NOT NULL, table_name VARCHAR, sha256 VARCHAR NOT NULL, size_bytes BIGINT NOT NULL,
    batch BIGINT NOT NULL, file_on DATE NOT NULL, received_on DATE NOT NULL, state VARCHAR NOT NULL, reason VARCHAR,
    encoding VARCHAR, notes VARCHAR, rows_declared BIGINT, is_cut BOOLEAN NOT NULL DEFAULT false,
    rows_received BIGINT NOT NULL DEFAULT 0, rows_loaded BIGINT NOT NULL DEFAULT 0,
    rows_quarantined BIGINT NOT NULL DEFAULT 0, rows_duplicate BIGINT NOT NULL DEFAULT 0,
    rows_suppressed BIGINT NOT NULL DEFAULT 0, is_in_inbox BOOLEAN NOT NULL DEFAULT false,
    CHECK (rows_received = rows_loaded + rows_quarantined + rows_duplicate));
CREATE TABLE IF NOT EXISTS ledger_quarantine (
    file_id BIGINT NOT NULL, line_no BIGINT NOT NULL, rule VARCHAR NOT NULL, column_name VARCHAR, cell_value VARCHAR,
    record_text VARCHAR, is_held BOOLEAN NOT NULL);
"""


@dataclass(frozen=True)
class ReceivedFile:
    """One delivered file as it enters the ledger."""

    file_id: int
    name: str
    sha256: str
    size_bytes: int
    batch: int
    file_on: date
    received_on: date
    base_currency: str
    rows_declared: int | None = None
    rows_suppressed: int = 0


@dataclass(frozen=True)
class RowSums:
    """What became of the rows of one file."""

    received: int
    loaded: int
    quarantined: int
    duplicate: int


def create_ledger(con: duckdb.DuckDBPyConnection) -> None:
    """Create the ledger and an empty raw table per input contract, where they do not exist yet."""
    con.execute(_LEDGER_DDL)
    con.execute("ALTER TABLE ledger_files ADD COLUMN IF NOT EXISTS rows_suppressed BIGINT DEFAULT 0")
    con.execute("ALTER TABLE ledger_files ADD COLUMN IF NOT EXISTS is_in_inbox BOOLEAN DEFAULT false")
    for contract in map(load_contract, table_names("input")):
        con.execute(raw_table_ddl(contract))
        widen_table(con, f"raw_{contract.name}", {field.name: field.sql_type for field in contract.fields})


def next_file_id(con: duckdb.DuckDBPyConnection) -> int:
    """The number the next file gets."""
    return _one_int(con, "SELECT coalesce(max(file_id), 0) + 1 FROM ledger_files")


def last_batch(con: duckdb.DuckDBPyConnection) -> int:
    """The number of the last batch of files; 0 before the first."""
    return _one_int(con, "SELECT coalesce(max(batch), 0) FROM ledger_files")


def is_known(con: duckdb.DuckDBPyConnection, contract: Contract, file: ReceivedFile) -> bool:
    """Whether a file with these bytes was loaded into the table before.

    The bytes of a state table mean something else on another day, so there the file's day must be the same too.
    """
    query = "SELECT count(*) FROM ledger_files WHERE table_name = ? AND sha256 = ? AND state = 'loaded' AND (file_on = ? OR NOT ?)"
    return _one_int(con, query, [contract.name, file.sha256, file.file_on, contract.kind == "state"]) > 0


def enter_file(con: duckdb.DuckDBPyConnection, file: ReceivedFile, table: str | None) -> None:
    """Enter a file in the ledger, in state 'receiving', without rows and still in the inbox."""
    con.execute(
        "INSERT INTO ledger_files (file_id, file, table_name, sha256, size_bytes, batch, file_on, received_on, rows_declared, "
        "rows_suppressed, state, is_in_inbox) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'receiving', true)",
        [
            file.file_id,
            file.name,
            table,
            file.sha256,
            file.size_bytes,
            file.batch,
            file.file_on,
            file.received_on,
            file.rows_declared,
            file.rows_suppressed,
        ],
    )


@dataclass(frozen=True)
class UnclearedFile:
    """A file of a batch that was not finished: its entry, and whether its rows are loaded already."""

    entry: ReceivedFile
    is_closed: bool


def uncleared_files(con: duckdb.DuckDBPyConnection, base_currency: str) -> list[UnclearedFile]:
    """Files that a killed load left behind, all of one batch; empty after a load that came to its end."""
    rows = con.execute(
        "SELECT file_id, file, sha256, size_bytes, batch, file_on, received_on, rows_declared, rows_suppressed, "
        "state <> 'receiving' FROM ledger_files WHERE is_in_inbox ORDER BY file_id"
    ).fetchall()
    return [UnclearedFile(received_file(row[:-1], base_currency), row[-1]) for row in rows]


def received_file(row: tuple[Any, ...], base_currency: str) -> ReceivedFile:
    """An entry from its columns file_id, file, sha256, size_bytes, batch, file_on, received_on, rows_declared, rows_suppressed."""
    file_id, name, sha256, size_bytes, batch, file_on, received_on, declared, suppressed = row
    return ReceivedFile(file_id, name, sha256, size_bytes, batch, file_on, received_on, base_currency, declared, suppressed)


def withdraw_file(con: duckdb.DuckDBPyConnection, file_id: int) -> None:
    """Take back the entry of a file that left the inbox before it was loaded."""
    con.execute("DELETE FROM ledger_files WHERE file_id = ? AND state = 'receiving'", [file_id])


def mark_cleared(con: duckdb.DuckDBPyConnection) -> None:
    """Record that the inbox is clear of every file in the ledger."""
    con.execute("UPDATE ledger_files SET is_in_inbox = false WHERE is_in_inbox")


def close_file(
    con: duckdb.DuckDBPyConnection,
    file_id: int,
    state: str,
    sums: RowSums,
    *,
    reason: str | None = None,
    encoding: str | None = None,
    notes: str | None = None,
    is_cut: bool = False,
) -> None:
    """Write what became of a file: state 'loaded' or 'rejected', and its sums."""
    con.execute(
        "UPDATE ledger_files SET state = ?, reason = ?, encoding = ?, notes = ?, is_cut = ?, rows_received = ?, "
        "rows_loaded = ?, rows_quarantined = ?, rows_duplicate = ? WHERE file_id = ?",
        [state, reason, encoding, notes, is_cut, sums.received, sums.loaded, sums.quarantined, sums.duplicate, file_id],
    )


def move_held(con: duckdb.DuckDBPyConnection, file_id: int, loaded: int, duplicate: int) -> None:
    """Move rows of a file from quarantined to loaded and duplicate after a retry."""
    con.execute(
        "UPDATE ledger_files SET rows_quarantined = rows_quarantined - ?, rows_loaded = rows_loaded + ?, "
        "rows_duplicate = rows_duplicate + ? WHERE file_id = ?",
        [loaded + duplicate, loaded, duplicate, file_id],
    )


def _one_int(con: duckdb.DuckDBPyConnection, query: str, parameters: list[object] | None = None) -> int:
    row = con.execute(query, parameters or []).fetchone()
    if row is None:
        raise LookupError(query)
    return int(row[0])

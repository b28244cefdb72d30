"""SQLite records without a subject.

Belongs here: replacing mentions in every text of a SQLite file (Dagster keeps its history in some) and rewriting the file. Does
not belong here: which files these are.

The records stay, with what they say about the run; names, identifiers and whole lines of tables that tell the subject go.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

from winback.errors import RunFailedError
from winback.privacy.handed_out import redacted
from winback.privacy.marks import ERASED, Marks

_BUSY_SECONDS = 30.0


def clean_sqlite(path: Path, marks: Marks, *, is_dry: bool) -> int:
    """Replace mentions in a SQLite file, zero what they were, and pack the file; returns the number of records that had some.

    Raises RunFailedError where another process holds the file.
    """
    try:
        with closing(sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None)) as con:
            con.execute("PRAGMA secure_delete = ON")
            con.execute("BEGIN" if is_dry else "BEGIN IMMEDIATE")
            n_records = sum(_clean_table(con, table, marks, is_dry=is_dry) for table in _tables(con))
            con.execute("COMMIT")
            if not is_dry:
                con.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                if n_records:
                    con.execute("VACUUM")
                    con.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except sqlite3.OperationalError as error:
        raise RunFailedError(
            f"{path} cannot be rewritten ({error}); stop 'winback ui' and 'winback daemon' and run the same command again"
        ) from error
    return n_records


def _tables(con: sqlite3.Connection) -> list[str]:
    rows = con.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name")
    return [str(name) for (name,) in rows]


def _clean_table(con: sqlite3.Connection, table: str, marks: Marks, *, is_dry: bool) -> int:
    quoted = '"' + table.replace('"', '""') + '"'
    cursor = con.execute(f"SELECT rowid, * FROM {quoted}")
    names = [str(d[0]) for d in cursor.description][1:]
    changes = []
    for rowid, *cells in cursor:
        changed = {
            n: c
            for n, cell in zip(names, cells, strict=True)
            if isinstance(cell, str) and (c := _clean(cell, marks)) != cell
        }
        if changed:
            changes.append((rowid, changed))
    for rowid, changed in [] if is_dry else changes:
        assignments = ", ".join('"' + name.replace('"', '""') + '" = ?' for name in changed)
        con.execute(f"UPDATE {quoted} SET {assignments} WHERE rowid = ?", [*changed.values(), rowid])
    return len(changes)


def _clean(cell: str, marks: Marks) -> str:
    if cell[:1] in ("{", "["):
        try:
            document = json.loads(cell)
        except ValueError:
            return _clean_text(cell, marks)
        cleaned = redacted(_rows_out(document, marks), marks, is_close=True)
        return cell if cleaned == document else json.dumps(cleaned)
    return _clean_text(cell, marks)


def _clean_text(cell: str, marks: Marks) -> str:
    return marks.redact_closely(cell) if marks.hints(cell) else cell


def _rows_out(value: object, marks: Marks) -> object:
    """JSON data whose texts have lost those lines of Markdown tables that are the subject's."""
    if isinstance(value, str) and "|" in value:
        kept = [line for line in value.split("\n") if not _is_subject_line(line, marks)]
        return "\n".join(kept) or (ERASED if value else value)
    if isinstance(value, list):
        return [_rows_out(v, marks) for v in value]
    if isinstance(value, dict):
        return {k: _rows_out(v, marks) for k, v in value.items()}
    return value


def _is_subject_line(line: str, marks: Marks) -> bool:
    return line.lstrip().startswith("|") and (marks.has_id(line) or any(marks.is_id_cell(c) for c in line.split("|")))

"""The warehouse and the published databases without a subject.

Belongs here: deleting rows by identifying columns, replacing mentions in computed tables, keeping the ledger of files true, and
writing a database anew, since deleted text stays in a DuckDB file until it is rewritten. Does not belong here: which files these
are, or swapping them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

import duckdb
import polars as pl

from data_contracts import load_contract, table_names
from winback.contracts.identifiers import quote_name, quote_text
from winback.contracts.tables import registered
from winback.privacy.identifying import identifying_columns
from winback.privacy.marks import Marks
from winback.privacy.subject import Subject, condition, tables_with

_CODED = ("_id", "_key", "_code", "_sha256")
"""Endings of columns that hold no words."""
_ERASED_WEEKS = "CREATE TABLE IF NOT EXISTS ledger_erased_weeks (week_on DATE PRIMARY KEY)"


def rows_by_table(con: duckdb.DuckDBPyConnection, subject: Subject) -> dict[str, int]:
    """How many rows each table has of the subject; tables without any are left out."""
    counts = {}
    for table in _identified_tables(con):
        where, parameters = condition(_columns(con, table), subject.ids)
        row = con.execute(f"SELECT count(*) FROM {quote_name(table)} WHERE {where}", parameters).fetchone()
        if row and row[0]:
            counts[table] = int(row[0])
    return counts


def received_records(con: duckdb.DuckDBPyConnection, table: str, file_id: int, subject: Subject) -> set[int]:
    """Line numbers of the subject's records of a file, loaded or held back."""
    where, parameters = condition(load_contract(table).columns, subject.ids)
    raw = quote_name("raw_" + table)
    loaded = con.execute(f"SELECT _line FROM {raw} WHERE _file_id = ? AND {where}", [file_id, *parameters]).fetchall()
    told = " OR ".join(
        f"coalesce(json_extract_string(record_text, '$.{c}') IN (SELECT unnest(?)), false)"
        for c in identifying_columns()
        if subject.ids.get(c)
    )
    held = con.execute(
        f"SELECT line_no FROM ledger_quarantine WHERE file_id = ? AND json_valid(record_text) AND ({told})",
        [file_id, *(sorted(subject.ids[c]) for c in identifying_columns() if subject.ids.get(c))],
    ).fetchall()
    return {int(line) for (line,) in loaded + held}


def forget_records(
    con: duckdb.DuckDBPyConnection, file_id: int, table: str | None, lines: frozenset[int], sha256: str, size_bytes: int
) -> None:
    """Remove a file's records from raw table and quarantine, and let its ledger entry follow the rewritten file.

    Call inside a transaction. What is removed counts as suppressed, no longer as received.
    """
    gone = sorted(lines)
    n_loaded = 0
    if table is not None:
        raw = quote_name("raw_" + table)
        n_loaded = _deleted(con, f"DELETE FROM {raw} WHERE _file_id = ? AND _line IN (SELECT unnest(?))", [file_id, gone])
    query = "DELETE FROM ledger_quarantine WHERE file_id = ? AND line_no IN (SELECT unnest(?))"
    n_held = _deleted(con, query, [file_id, gone])
    con.execute(
        "UPDATE ledger_files SET sha256 = $sha256, size_bytes = $size, rows_loaded = rows_loaded - $loaded, "
        "rows_quarantined = rows_quarantined - $held, rows_declared = rows_declared - $n, rows_suppressed = rows_suppressed + $n, "
        "rows_duplicate = greatest(rows_duplicate - ($n - $loaded - $held), 0), "
        "rows_received = rows_loaded - $loaded + rows_quarantined - $held + greatest(rows_duplicate - ($n - $loaded - $held), 0) "
        "WHERE file_id = $file",
        {"sha256": sha256, "size": size_bytes, "loaded": n_loaded, "held": n_held, "n": len(gone), "file": file_id},
    )


def move_up(con: duckdb.DuckDBPyConnection, file_id: int, table: str, lines: frozenset[int]) -> None:
    """Number the remaining rows of a Parquet file as they now stand in it; call inside the same transaction."""
    for name, file, line in (("raw_" + table, "_file_id", "_line"), ("ledger_quarantine", "file_id", "line_no")):
        con.execute(
            f"UPDATE {quote_name(name)} SET {line} = {line} - len(list_filter($lines, lambda gone: gone < {line})) "
            f"WHERE {file} = $file",
            {"lines": sorted(lines), "file": file_id},
        )


def delete_rows(con: duckdb.DuckDBPyConnection, subject: Subject) -> None:
    """Delete the subject's rows from every table that has an identifying column; call inside a transaction."""
    for table in _identified_tables(con):
        where, parameters = condition(_columns(con, table), subject.ids)
        con.execute(f"DELETE FROM {quote_name(table)} WHERE {where}", parameters)


def replace_mentions(con: duckdb.DuckDBPyConnection, marks: Marks) -> int:
    """Replace mentions in the text columns of computed tables and of the ledger of files; returns the number of texts.

    What others delivered about others (raw tables) is left as it is. Call inside a transaction.
    """
    n_texts = 0
    ours = {*table_names("computed"), *table_names("output"), "ledger_files", "ledger_weeks"}
    rows = con.execute(
        "SELECT table_name, column_name FROM duckdb_columns() WHERE database_name = current_database() AND data_type = 'VARCHAR'"
    ).fetchall()
    tables = {name for (name,) in con.execute("SELECT table_name FROM duckdb_tables() WHERE NOT temporary").fetchall()}
    for table, column in sorted((t, c) for t, c in rows if t in ours & tables and not c.endswith(_CODED)):
        n_texts += _replace_in(con, table, column, marks)
    return n_texts


def create_erased_weeks(con: duckdb.DuckDBPyConnection) -> None:
    """Create the ledger of weeks somebody was erased from, where it does not exist yet."""
    con.execute(_ERASED_WEEKS)


def note_erased_weeks(con: duckdb.DuckDBPyConnection) -> None:
    """Record the weeks that are out already: whoever was in the data of one had a part in its figures, on a list or not."""
    create_erased_weeks(con)
    con.execute(
        "INSERT OR IGNORE INTO ledger_erased_weeks SELECT DISTINCT week_on FROM ledger_weeks WHERE n_lapsed IS NOT NULL"
    )


def is_erased_from(con: duckdb.DuckDBPyConnection, week_on: date) -> bool:
    """Whether somebody was erased after the week was published, so that it no longer comes out the same."""
    create_erased_weeks(con)
    return con.execute("SELECT 1 FROM ledger_erased_weeks WHERE week_on = ?", [week_on]).fetchone() is not None


def write_fresh(con: duckdb.DuckDBPyConnection, target: Path) -> None:
    """Write everything in the open database to a new file, so that nothing deleted is left in it."""
    target.unlink(missing_ok=True)
    row = con.execute("SELECT current_database()").fetchone()
    con.execute(f"ATTACH {quote_text(str(target))} AS fresh")
    try:
        con.execute(f"COPY FROM DATABASE {quote_name(str(row[0]) if row else '')} TO fresh")
    finally:
        con.execute("DETACH fresh")


def write_published_without(path: Path, target: Path, subject: Subject) -> int:
    """Write a published database without the subject's rows to `target`; returns how many there were, and writes nothing at 0."""
    with duckdb.connect() as con:
        con.execute(f"ATTACH {quote_text(str(path))} AS reader (READ_ONLY)")
        con.execute("USE reader")
        n_rows = sum(rows_by_table(con, subject).values())
        if not n_rows:
            return 0
        con.execute(f"ATTACH {quote_text(str(target))} AS fresh")
        for (table,) in con.execute("SELECT table_name FROM duckdb_tables() WHERE database_name = 'reader'").fetchall():
            where, parameters = condition(_columns(con, table), subject.ids)
            name = quote_name(table)
            con.execute(f"CREATE TABLE fresh.{name} AS SELECT * FROM reader.{name} WHERE NOT {where}", parameters)
    return n_rows


def _replace_in(con: duckdb.DuckDBPyConnection, table: str, column: str, marks: Marks) -> int:
    name, into = quote_name(column), quote_name(table)
    values = [str(v) for (v,) in con.execute(f"SELECT DISTINCT {name} FROM {into} WHERE {name} IS NOT NULL").fetchall()]
    cleaned = {v: marks.redact_closely(v) for v in values if marks.hints(v) or marks.quotes(v)}
    changed = {old: new for old, new in cleaned.items() if new != old}
    if changed:
        frame = pl.DataFrame({"old_text": list(changed), "new_text": list(changed.values())})
        with registered(con, "_changed", frame):
            con.execute(f"UPDATE {into} SET {name} = new_text FROM _changed WHERE {name} = old_text")
    return len(changed)


def _identified_tables(con: duckdb.DuckDBPyConnection) -> list[str]:
    return sorted({table for column in identifying_columns() for table in tables_with(con, (column,))})


def _columns(con: duckdb.DuckDBPyConnection, table: str) -> list[str]:
    query = "SELECT column_name FROM duckdb_columns() WHERE database_name = current_database() AND table_name = ?"
    return [str(c) for (c,) in con.execute(query, [table]).fetchall() if c in identifying_columns()]


def _deleted(con: duckdb.DuckDBPyConnection, query: str, parameters: list[object]) -> int:
    row = con.execute(query, parameters).fetchone()
    return int(row[0]) if row else 0


def file_rows(con: duckdb.DuckDBPyConnection) -> Mapping[str, list[tuple[int, str | None]]]:
    """Entries of the ledger of files, (file_id, table) by SHA-256."""
    found: dict[str, list[tuple[int, str | None]]] = {}
    for sha256, file_id, table in con.execute("SELECT sha256, file_id, table_name FROM ledger_files ORDER BY 2").fetchall():
        found.setdefault(str(sha256), []).append((int(file_id), table))
    return found

"""Looking for a subject in everything a workspace holds.

Belongs here: which files still mention the subject after an erasure, in decoded content. Does not belong here: rewriting them.

What may be left are others' notes that name the subject: they were written about somebody else, and who is meant by a name is a
person's decision.
"""

from __future__ import annotations

import gzip
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import duckdb

from assets.erasure_files import KEPT_STATE
from assets.workspace import Workspace
from winback.contracts.identifiers import quote_name, quote_text
from winback.load.decode import decode_bytes
from winback.privacy.marks import Marks

_CODED = ("_id", "_key", "_sha256")


def mentions_left(workspace: Workspace, marks: Marks) -> dict[str, int]:
    """Number of texts (cells, lines) that mention the subject, by file; files without any are left out."""
    left = {}
    for home, _, names in os.walk(workspace.root):
        for name in sorted(names):
            path = Path(home) / name
            if path.is_symlink() or not path.is_file() or name in KEPT_STATE:
                continue
            n_mentions = sum(marks.mentions(text) for text in _texts(path))
            if n_mentions:
                left[str(path.relative_to(workspace.root))] = n_mentions
    return left


def _texts(path: Path) -> list[str]:
    with path.open("rb") as stream:
        start = stream.read(16)
    try:
        if path.suffix == ".duckdb":
            return _database_texts(path)
        if path.suffix == ".parquet":
            return _parquet_texts(path)
    except duckdb.Error:
        pass  # a file that was rejected, since it is not what its name says: its bytes are looked at
    if start == b"SQLite format 3\0":
        return _sqlite_texts(path)
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return [line for line in decode_bytes(data).text.split("\n") if line]


def _parquet_texts(path: Path) -> list[str]:
    with duckdb.connect() as con:
        con.execute(f"CREATE VIEW file AS SELECT * FROM read_parquet({quote_text(str(path))})")
        return _column_texts(con, "file", "SELECT column_name, column_type FROM (DESCRIBE file)")


def _database_texts(path: Path) -> list[str]:
    texts = []
    with duckdb.connect(str(path), read_only=True) as con:
        for (table,) in con.execute("SELECT table_name FROM duckdb_tables()").fetchall():
            columns = f"SELECT column_name, data_type FROM duckdb_columns() WHERE table_name = {quote_text(table)}"
            texts += _column_texts(con, table, columns)
    return texts


def _column_texts(con: duckdb.DuckDBPyConnection, table: str, columns: str) -> list[str]:
    """Distinct texts of a table, without identifiers, whose rows were deleted by them."""
    texts = []
    for column, sql_type in con.execute(columns).fetchall():
        if sql_type == "VARCHAR" and not column.endswith(_CODED):
            name = quote_name(column)
            rows = con.execute(f"SELECT DISTINCT {name} FROM {quote_name(table)} WHERE {name} IS NOT NULL").fetchall()
            texts += [str(text) for (text,) in rows]
    return texts


def _sqlite_texts(path: Path) -> list[str]:
    texts = []
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as con:
        tables = con.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for (table,) in tables:
            for row in con.execute('SELECT * FROM "' + table.replace('"', '""') + '"'):
                texts += [cell for cell in row if isinstance(cell, str)]
    return texts

"""The ledgers beside the archived inputs: what a warehouse holds that cannot be made from the delivered files.

Belongs here: which tables these are, keeping them as Parquet files in a folder, and putting them back. Does not belong here:
loading the files again (`assets.rebuild`).

A table's file carries the SHA-256 of its bytes in its name, and `ledger.json`, which is swapped in last, says which files belong
together: a write that is killed leaves the ledgers as they were. Tables that did not change are not written again.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from winback.contracts.identifiers import quote_name, quote_text
from winback.errors import RunFailedError
from winback.load.receive import glob_safe

INDEX = "ledger.json"
_MADE_FROM_FILES = frozenset({"ledger_quarantine"})
_KEPT_OVER_WEEKS = ("track_reason_mix",)
"""Computed tables to which every week adds its rows."""


@dataclass(frozen=True)
class LedgerTable:
    """One archived table: its file's name and SHA-256, its number of rows, and a fingerprint of them."""

    file: str
    sha256: str
    n_rows: int
    fingerprint: str


def archive_ledger(con: duckdb.DuckDBPyConnection, folder: Path) -> list[str]:
    """Keep the ledgers of the open warehouse in `folder`; returns the tables that changed since the last time."""
    folder.mkdir(parents=True, exist_ok=True)
    known = _known(folder)
    prints = {table: _fingerprint(con, table) for table in ledger_tables(con)}
    changed = [
        t for t, (n, mark) in prints.items() if t not in known or (known[t].n_rows, known[t].fingerprint) != (n, mark)
    ]
    kept = {table: known[table] for table in prints if table not in changed}
    if changed or kept.keys() != known.keys():
        written = {table: _write(con, table, folder, *prints[table]) for table in changed}
        _write_index(folder, dict(sorted((kept | written).items())))
    _drop_others(folder)
    return changed


def _known(folder: Path) -> dict[str, LedgerTable]:
    """What is kept and whole; what is not is written anew from the warehouse."""
    try:
        tables = read_index(folder) if has_ledger(folder) else {}
    except RunFailedError:
        return {}
    return {name: table for name, table in tables.items() if (folder / table.file).is_file()}


def has_ledger(folder: Path) -> bool:
    """Whether ledgers were ever kept in `folder`."""
    return (folder / INDEX).is_file()


def read_index(folder: Path) -> dict[str, LedgerTable]:
    """The archived tables by name. Raises RunFailedError if the index cannot be read."""
    path = folder / INDEX
    try:
        tables: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))["tables"]
        return {name: LedgerTable(**entry) for name, entry in tables.items()}
    except (ValueError, KeyError, TypeError) as error:
        raise RunFailedError(f"{path} is damaged; put {folder} back from a backup") from error


def damaged_tables(folder: Path) -> list[Path]:
    """Files that the index names and that are missing or have other bytes."""
    paths = {folder / table.file: table.sha256 for table in read_index(folder).values()}
    return sorted(path for path, sha256 in paths.items() if not path.is_file() or _sha256(path) != sha256)


def attach_ledger(con: duckdb.DuckDBPyConnection, folder: Path, table: str, view: str) -> bool:
    """Make an archived table readable as the temporary view `view`; False if there is none of it."""
    known = read_index(folder).get(table)
    if known is None:
        return False
    con.execute(f"CREATE OR REPLACE TEMP VIEW {quote_name(view)} AS {_scan(folder / known.file)}")
    return True


def restore_ledger(con: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """Put every archived table in place of the rows of the table of its name, which is there; call inside a transaction."""
    for table, known in read_index(folder).items():
        con.execute(f"DELETE FROM {quote_name(table)}")
        con.execute(f"INSERT INTO {quote_name(table)} BY NAME {_scan(folder / known.file)}")


def ledger_tables(con: duckdb.DuckDBPyConnection) -> list[str]:
    """Names of the tables to keep, sorted."""
    rows = con.execute(
        "SELECT table_name FROM duckdb_tables() WHERE database_name = current_database() AND NOT temporary"
    ).fetchall()
    names = {str(name) for (name,) in rows}
    return sorted(n for n in names if (n.startswith("ledger_") or n in _KEPT_OVER_WEEKS) and n not in _MADE_FROM_FILES)


def _scan(path: Path) -> str:
    return f"SELECT * FROM read_parquet({quote_text(glob_safe(path))})"


def _fingerprint(con: duckdb.DuckDBPyConnection, table: str) -> tuple[int, str]:
    """Number of rows, and a mark that changes with them whatever their order."""
    name = quote_name(table)
    row = con.execute(f"SELECT count(*), bit_xor(hash(t)), sum(hash(t) % 2147483647) FROM {name} AS t").fetchone()
    return (int(row[0]), f"{row[1]}:{row[2]}") if row else (0, "")


def _write(con: duckdb.DuckDBPyConnection, table: str, folder: Path, n_rows: int, fingerprint: str) -> LedgerTable:
    partial = folder / f".{table}.part"
    con.execute(f"COPY (SELECT * FROM {quote_name(table)} ORDER BY ALL) TO {quote_text(str(partial))} (FORMAT parquet)")
    sha256 = _sha256(partial)
    file = f"{table}-{sha256[:16]}.parquet"
    _put(partial, folder / file)
    return LedgerTable(file, sha256, n_rows, fingerprint)


def _write_index(folder: Path, tables: dict[str, LedgerTable]) -> None:
    partial = folder / f".{INDEX}.part"
    document = {"tables": {name: vars(table) for name, table in tables.items()}}
    partial.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    _put(partial, folder / INDEX)


def _put(partial: Path, path: Path) -> None:
    with partial.open("rb") as stream:
        os.fsync(stream.fileno())
    os.replace(partial, path)


def _drop_others(folder: Path) -> None:
    """Remove what the index no longer names: it may hold somebody who was erased since."""
    named = {table.file for table in read_index(folder).values()} | {INDEX}
    for path in folder.iterdir():
        if path.name not in named:
            path.unlink()


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()

"""Making the warehouse anew from the archive.

Belongs here: loading the archived files again as the batches they were, comparing with what the ledger recorded, and swapping the
new warehouse in. Does not belong here: what the archived ledger is (`winback.publication.ledger_archive`), running a week.

The new warehouse is made aside. The old one stays as it is until the new one is whole and says the same of every file; then it is
set aside as `warehouse.corrupt-<n>.duckdb`, the owner's alone.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import count, groupby
from pathlib import Path

import duckdb

from assets.erasure import is_unfinished
from assets.inbox import archived_path, archived_paths, file_sha256
from assets.retention import removed_on
from assets.state import write_state
from assets.suppression import screened
from assets.workspace import (
    BEING_REBUILT,
    LEDGER_ARCHIVE,
    Warehouse,
    Workspace,
    open_warehouse,
    prepare_warehouse,
    workspace_lock,
)
from winback.contracts.tables import transaction
from winback.errors import RunFailedError
from winback.load.batch import InboxFile, load_batch
from winback.load.ledger import ReceivedFile, received_file
from winback.publication.ledger_archive import attach_ledger, damaged_tables, has_ledger, restore_ledger
from winback.publication.week_ledger import all_weeks

SUMS = ("rows_received", "rows_loaded", "rows_quarantined", "rows_duplicate")
_SHOWN = 10


@dataclass(frozen=True)
class FileSums:
    """What became of one file: recorded, and when it was loaded again (None where retention removed it)."""

    name: str
    recorded: tuple[str, int, int, int, int]
    again: tuple[str, int, int, int, int] | None


@dataclass(frozen=True)
class Rebuilt:
    """A rebuilt warehouse: the sums of its files, the weeks that are published, and where the old one lies."""

    files: Sequence[FileSums]
    published: Sequence[date] = ()
    set_aside: Path | None = None
    differing: Sequence[FileSums] = field(default=())


def rebuild(workspace: Workspace, today: date, wait_seconds: float) -> Rebuilt:
    """Make the warehouse anew and swap it in, unless a file comes out otherwise than recorded: then `differing` says which.

    Raises RunFailedError if the workspace is in use, was never archived, or something of the archive is missing.
    """
    ledger = workspace.folder("archive") / LEDGER_ARCHIVE
    with workspace_lock(workspace, wait_seconds):
        _require_whole(workspace, ledger)
        fresh = workspace.root / BEING_REBUILT
        _drop(fresh)
        try:
            files = _made_anew(workspace, ledger, fresh, today)
            differing = [file for file in files if file.again not in (None, file.recorded)]
            if differing:
                return Rebuilt(files, differing=differing)
            aside = _swap_in(workspace, fresh)
        finally:
            _drop(fresh)
    with open_warehouse(workspace, lambda: today, wait_seconds) as warehouse:
        write_state(warehouse)
        weeks = [week.week_on for week in all_weeks(warehouse.con) if week.state == "published"]
    return Rebuilt(files, weeks, aside)


def _require_whole(workspace: Workspace, ledger: Path) -> None:
    if not has_ledger(ledger):
        raise RunFailedError(
            f"{ledger} holds no ledger, so nobody knows which files make up the warehouse; put {workspace.folder('archive')} "
            "back from a backup"
        )
    damaged = damaged_tables(ledger)
    if damaged:
        raise RunFailedError(f"{_named(damaged)}: missing or damaged; put {ledger} back from a backup. Nothing was changed")


def _made_anew(workspace: Workspace, ledger: Path, fresh: Path, today: date) -> list[FileSums]:
    """Load every archived file into a new database, then put the ledgers in; returns the sums per file."""
    with duckdb.connect(str(fresh)) as con:
        fresh.chmod(0o600)
        prepare_warehouse(con, workspace)
        if not attach_ledger(con, ledger, "ledger_files", "_recorded"):
            raise RunFailedError(f"{ledger} has no list of files; put it back from a backup")
        removed = removed_on(workspace)
        files = _archived_files(con, workspace, removed)
        _require_nobody_erased(Warehouse(workspace, con, today), files)
        for batch, members in groupby(files, key=lambda file: file.entry.batch):
            load_batch(con, list(members), batch, workspace.settings.workspace.base_currency)
        sums = _sums(con)
        with transaction(con):
            restore_ledger(con, ledger)
        con.execute("CHECKPOINT")
    return sums


def _archived_files(con: duckdb.DuckDBPyConnection, workspace: Workspace, removed: dict[str, date]) -> list[InboxFile]:
    """Every recorded file that came to be loaded, by batch, with its archived bytes. Raises RunFailedError if one is gone."""
    rows = con.execute(
        "SELECT file_id, file, sha256, size_bytes, batch, file_on, received_on, rows_declared, rows_suppressed, table_name, reason "
        "FROM _recorded WHERE state <> 'receiving' ORDER BY batch, file_id"
    ).fetchall()
    files, missing = [], []
    for *entry, table, reason in rows:
        received = received_file(tuple(entry), workspace.settings.workspace.base_currency)
        path = _archived(workspace, received)
        if path is not None:
            files.append(InboxFile(received, path, table, reason))
        elif received.sha256 not in removed:
            missing.append(archived_path(workspace, received.sha256, "").with_name(f"{received.sha256} ({received.name})"))
    if missing:
        raise RunFailedError(f"{_named(missing)}: missing or damaged; put it back from a backup. Nothing was changed")
    return files


def _archived(workspace: Workspace, file: ReceivedFile) -> Path | None:
    """The file's bytes in the archive, None where they are gone or others; under its own ending first."""
    paths = sorted(archived_paths(workspace, file.sha256), key=lambda path: not file.name.lower().endswith(path.suffix))
    return next((path for path in paths if file_sha256(path) == file.sha256), None)


def _require_nobody_erased(warehouse: Warehouse, files: Sequence[InboxFile]) -> None:
    """An archive put back from before an erasure must not bring anybody back; while one is unfinished it is to be finished."""
    if is_unfinished(warehouse.workspace):
        return
    partial = warehouse.workspace.folder("archive") / ".screening"
    try:
        found = [file.path for file in files if screened(warehouse, file.path, file.table, partial)]
    finally:
        partial.unlink(missing_ok=True)
    if found:
        raise RunFailedError(
            f"{_named(found)}: with records of somebody who was erased, so this archive is older than the erasure; put the archive "
            "back as it was after it. Nothing was changed"
        )


def _sums(con: duckdb.DuckDBPyConnection) -> list[FileSums]:
    columns = ", ".join(f"{side}.{name}" for side in ("r", "f") for name in ("state", *SUMS))
    rows = con.execute(
        f"SELECT r.file, {columns} FROM _recorded AS r LEFT JOIN ledger_files AS f USING (file_id) "
        "WHERE r.state <> 'receiving' ORDER BY r.file_id"
    ).fetchall()
    return [FileSums(row[0], row[1:6], None if row[6] is None else row[6:]) for row in rows]


def _swap_in(workspace: Workspace, fresh: Path) -> Path | None:
    """Put the new warehouse in place of the old, which is set aside; returns where it lies, None if there was none."""
    path, aside = workspace.warehouse_path, None
    if path.exists():
        aside = _free_name(workspace.root)
        wal = path.with_name(f"{path.name}.wal")
        if wal.exists():  # it belongs to the old file and must not be replayed into the new one
            wal.chmod(0o600)
            wal.rename(aside.with_name(f"{aside.name}.wal"))
        os.link(path, aside)
        aside.chmod(0o600)
    os.replace(fresh, path)
    return aside


def _free_name(root: Path) -> Path:
    return next(p for n in count(1) if not (p := root / f"warehouse.corrupt-{n}.duckdb").exists())


def _drop(fresh: Path) -> None:
    for path in (fresh, fresh.with_name(f"{fresh.name}.wal")):
        path.unlink(missing_ok=True)


def _named(paths: Sequence[Path]) -> str:
    rest = f" and {len(paths) - _SHOWN:,} more" if len(paths) > _SHOWN else ""
    return ", ".join(map(str, paths[:_SHOWN])) + rest

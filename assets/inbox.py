"""The inbox and the archive.

Belongs here: finding delivered files, keeping their bytes, and clearing the inbox once they are in the ledger. Does not
belong here: what is in the files (`winback.load`).

Every delivered file is kept in `archive/` under the SHA-256 of its bytes. Sidecar files `<file>.meta.json` may declare the
number of rows (`rows`) and the day the file speaks of (`file_on`).

A file leaves the inbox last: when its rows are in the warehouse and its entry is in the archived ledger. Killed at any point
before, the next load finds it in the inbox and in the ledger and goes on from there; the file counts once.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import signal
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path, PurePath

from assets.delivery import take_in
from assets.suppression import screened
from assets.workspace import LEDGER_ARCHIVE, Warehouse, Workspace
from winback.contracts.tables import transaction
from winback.errors import PassingError, RunFailedError, UnreadableFileError
from winback.load.batch import InboxFile, enter_batch, finish_batch
from winback.load.ledger import (
    ReceivedFile,
    last_batch,
    mark_cleared,
    next_file_id,
    uncleared_files,
    withdraw_file,
)
from winback.load.sidecar import Declared, parse_sidecar
from winback.load.tables import date_in_name, table_of
from winback.publication.ledger_archive import archive_ledger

SIDECAR = ".meta.json"
SUFFIXES = (".csv", ".parquet", ".bin")
"""Endings of archived files."""
_LONGEST_NAME = 255
_LONGEST_STEM, _LONGEST_SUFFIX = 180, 20
Stamp = tuple[int, int, int]


def load_inbox(warehouse: Warehouse) -> int:
    """Load everything in the inbox, and what representatives returned, as one batch; returns the number of files.

    What a killed load left is finished first, as the batch it was. Loaded files leave the inbox; one that was written to meanwhile
    stays and counts as delivered again. Raises RunFailedError where the clock or a file in the inbox cannot be trusted yet.
    """
    _require_clock(warehouse)
    take_in(warehouse.workspace)
    inbox = warehouse.workspace.folder("inbox")
    _give_readable_names(inbox)
    n_files = _take_up(warehouse, inbox)
    paths = delivered_files(inbox)
    if not paths:
        return n_files
    _require_whole(paths)
    stamps = {path: _stamp(path) for path in paths}
    batch, first_id = last_batch(warehouse.con) + 1, next_file_id(warehouse.con)
    files = sorted((_archive(warehouse, inbox, path, batch) for path in paths), key=lambda f: (f.entry.sha256, f.entry.name))
    numbered = [_entered_as(file, replace(file.entry, file_id=first_id + n)) for n, file in enumerate(files)]
    enter_batch(warehouse.con, numbered)
    _finish(warehouse, numbered, batch, stamps)
    return n_files + len(numbered)


def _take_up(warehouse: Warehouse, inbox: Path) -> int:
    """Finish the batch that a killed load left; returns the number of its files still to be found in the inbox.

    A file that somebody took away or wrote anew since then was never delivered as it was entered, unless it is loaded already.
    """
    entries = uncleared_files(warehouse.con, warehouse.settings.workspace.base_currency)
    if not entries:
        return 0
    batch = entries[0].entry.batch
    stamps = {inbox / e.entry.name: _stamp(inbox / e.entry.name) for e in entries if (inbox / e.entry.name).is_file()}
    _require_whole(list(stamps))
    there = {path: _archive(warehouse, inbox, path, batch) for path in stamps}
    found = {(file.entry.name, file.entry.sha256): file for file in there.values()}
    waiting = []
    with transaction(warehouse.con):
        for known in entries:
            file = found.get((known.entry.name, known.entry.sha256))
            if file is None:
                stamps.pop(inbox / known.entry.name, None)
                withdraw_file(warehouse.con, known.entry.file_id)
            elif not known.is_closed:
                waiting.append(_entered_as(file, known.entry))
    _finish(warehouse, waiting, batch, stamps)
    return len(stamps)


def _finish(warehouse: Warehouse, files: Sequence[InboxFile], batch: int, stamps: dict[Path, Stamp]) -> None:
    """Load entered files, archive the ledger, and only then clear the inbox of those that are as they were."""
    finish_batch(warehouse.con, files, batch, warehouse.settings.workspace.base_currency)
    archive_ledger(warehouse.con, warehouse.workspace.folder("archive") / LEDGER_ARCHIVE)
    for path, stamp in stamps.items():
        if path.is_file() and _stamp(path) == stamp:
            path.unlink()
            if (sidecar := _sidecar_path(path)) is not None:
                sidecar.unlink(missing_ok=True)
    mark_cleared(warehouse.con)


def _stamp(path: Path) -> Stamp:
    stat = path.stat()
    return stat.st_ino, stat.st_size, stat.st_mtime_ns


def _require_clock(warehouse: Warehouse) -> None:
    """Rows dated after today are refused for good, so a clock that went back would lose them."""
    query = "SELECT max(spent_on) FROM raw_spend WHERE _superseded_batch IS NULL"
    (newest,) = warehouse.con.execute(query).fetchone() or (None,)
    if newest is not None and (newest - warehouse.today).days > 1:
        raise RunFailedError(
            f"this machine's clock says {warehouse.today}, but spend up to {newest} is loaded already; set the clock and run "
            "again. Nothing was taken from the inbox"
        )


def _require_whole(paths: Sequence[Path]) -> None:
    """Raises PassingError if another program still has a file open for writing, RunFailedError if a file cannot be read."""
    for path in paths:
        try:
            is_open = _is_open_for_writing(path)
        except OSError as error:
            raise RunFailedError(
                f"{path} cannot be read ({error.strerror}); give this user the file, or take it out of the inbox, and run again"
            ) from error
        if is_open:
            raise PassingError(
                f"{path} is still being written by another program; run again when it is whole. Nothing was taken from the inbox"
            )


def _is_open_for_writing(path: Path) -> bool:
    """Whether any process has the file open for writing: a read lease is granted only where none has.

    False where the file system knows no leases.
    """
    with path.open("rb") as stream:
        try:
            # Whoever opens the file while the lease holds makes the kernel signal us: by one that nobody minds, not by SIGIO.
            fcntl.fcntl(stream, fcntl.F_SETSIG, signal.SIGURG)
            fcntl.fcntl(stream, fcntl.F_SETLEASE, fcntl.F_RDLCK)
            fcntl.fcntl(stream, fcntl.F_SETLEASE, fcntl.F_UNLCK)
        except BlockingIOError:
            return True
        except (AttributeError, OSError):
            return False
    return False


def delivered_files(inbox: Path) -> list[Path]:
    """Files in the inbox and its folders, without hidden ones and sidecars."""
    return sorted(
        path
        for path in inbox.rglob("*")
        if path.is_file()
        and not path.name.endswith(SIDECAR)
        and not any(part.startswith(".") for part in path.relative_to(inbox).parts)
    )


def archived_path(workspace: Workspace, sha256: str, suffix: str) -> Path:
    """Where the bytes of a delivered file are kept."""
    return workspace.folder("archive") / sha256[:2] / f"{sha256}{suffix}"


def archived_paths(workspace: Workspace, sha256: str) -> list[Path]:
    """Where bytes are kept now; the same ones may have come under several endings."""
    return [path for suffix in SUFFIXES if (path := archived_path(workspace, sha256, suffix)).is_file()]


def _archive(warehouse: Warehouse, inbox: Path, path: Path, batch: int) -> InboxFile:
    """Keep the file's bytes, without the records of accounts and persons that were erased."""
    relative = PurePath(path.relative_to(inbox))
    table, refusal = _table_or_refusal(relative)
    try:
        declared = _sidecar(path)
    except UnreadableFileError as error:
        declared, table, refusal = Declared(), None, str(error)
    if path.is_symlink():
        table, refusal = None, "it is a link to a file elsewhere; put the file itself into the inbox"
    suffix = path.suffix.lower() if path.suffix.lower() in SUFFIXES else ".bin"
    partial = warehouse.workspace.folder("archive") / f".arriving{suffix}"
    n_suppressed = screened(warehouse, path, table, partial)
    if not n_suppressed:
        _copy(path, partial)
    sha256 = file_sha256(partial)
    kept = archived_path(warehouse.workspace, sha256, suffix)
    kept.parent.mkdir(parents=True, exist_ok=True)
    with partial.open("rb") as stream:
        os.fsync(stream.fileno())
    os.replace(partial, kept)
    entry = ReceivedFile(
        file_id=0,
        name=str(relative),
        sha256=sha256,
        size_bytes=kept.stat().st_size,
        batch=batch,
        file_on=_file_date(warehouse, path, declared),
        received_on=warehouse.today,
        base_currency=warehouse.settings.workspace.base_currency,
        rows_declared=None if declared.rows is None else declared.rows - n_suppressed,
        rows_suppressed=n_suppressed,
    )
    return InboxFile(entry, kept, table, refusal)


def _entered_as(file: InboxFile, entry: ReceivedFile) -> InboxFile:
    return replace(file, entry=entry)


def _table_or_refusal(relative: PurePath) -> tuple[str | None, str | None]:
    try:
        return table_of(relative), None
    except UnreadableFileError as error:
        return None, str(error)


def _file_date(warehouse: Warehouse, path: Path, declared: Declared) -> date:
    if declared.file_on is not None:
        return declared.file_on
    changed_on = datetime.fromtimestamp(path.stat().st_mtime, warehouse.settings.zone).date()
    return date_in_name(path.stem) or min(changed_on, warehouse.today)


def _copy(path: Path, target: Path) -> None:
    """A file's bytes; of a link only where it leads, since whoever may put links here may not read everything this user may."""
    if path.is_symlink():
        target.write_bytes(os.fsencode(path.readlink()))
    else:
        shutil.copyfile(path, target)


def _sidecar(path: Path) -> Declared:
    sidecar = _sidecar_path(path)
    return parse_sidecar(sidecar.read_bytes()) if sidecar is not None and sidecar.is_file() else Declared()


def _sidecar_path(path: Path) -> Path | None:
    """Where the file's sidecar would be; None where its name would be longer than file systems take."""
    name = path.name + SIDECAR
    return path.with_name(name) if len(os.fsencode(name)) <= _LONGEST_NAME else None


def _give_readable_names(inbox: Path) -> None:
    """Rename what has a name that is no UTF-8: neither the warehouse nor a terminal could hold it."""
    for path in sorted(inbox.rglob("*"), key=lambda p: len(p.parts), reverse=True):
        readable = os.fsencode(path.name).decode("utf-8", "backslashreplace")
        if readable != path.name:
            name = PurePath(readable)
            target = path.with_name(name.stem[:_LONGEST_STEM] + name.suffix[:_LONGEST_SUFFIX])
            while target.exists():
                target = target.with_name(f"{target.stem}_{target.suffix}")
            path.rename(target)


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()

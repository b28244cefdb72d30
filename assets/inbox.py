"""The inbox and the archive.

Belongs here: finding delivered files, keeping their bytes, and clearing the inbox once they are in the ledger. Does not
belong here: what is in the files (`winback.load`).

Every delivered file is kept in `archive/` under the SHA-256 of its bytes. Sidecar files `<file>.meta.json` may declare the
number of rows (`rows`) and the day the file speaks of (`file_on`).
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from datetime import date, datetime
from pathlib import Path, PurePath
from typing import Any

from assets.delivery import take_in
from assets.suppression import screened
from assets.workspace import Warehouse, Workspace
from winback.errors import UnreadableFileError
from winback.load.batch import InboxFile, load_batch
from winback.load.ledger import ReceivedFile, last_batch, next_file_id
from winback.load.tables import date_in_name, table_of

SIDECAR = ".meta.json"


def load_inbox(warehouse: Warehouse) -> int:
    """Load everything in the inbox, and what representatives returned, as one batch; returns the number of files.

    Loaded files leave the inbox.
    """
    take_in(warehouse.workspace)
    inbox = warehouse.workspace.folder("inbox")
    paths = delivered_files(inbox)
    if not paths:
        return 0
    batch = last_batch(warehouse.con) + 1
    first_id = next_file_id(warehouse.con)
    files = [_archive(warehouse, inbox, path, batch) for path in paths]
    files.sort(key=lambda f: (f.entry.sha256, f.entry.name))
    numbered = [_numbered(file, first_id + offset) for offset, file in enumerate(files)]
    return load_batch(warehouse.con, numbered, batch, lambda file: _clear(inbox, file))


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


def _archive(warehouse: Warehouse, inbox: Path, path: Path, batch: int) -> InboxFile:
    """Keep the file's bytes, without the records of accounts and persons that were erased."""
    relative = PurePath(path.relative_to(inbox))
    table, refusal = _table_or_refusal(relative)
    suffix = path.suffix.lower() if path.suffix.lower() in (".csv", ".parquet") else ".bin"
    partial = warehouse.workspace.folder("archive") / f".arriving{suffix}"
    n_suppressed = screened(warehouse, path, table, partial)
    if not n_suppressed:
        shutil.copyfile(path, partial)
    sha256 = file_sha256(partial)
    kept = archived_path(warehouse.workspace, sha256, suffix)
    kept.parent.mkdir(parents=True, exist_ok=True)
    os.replace(partial, kept)
    declared = _sidecar(path)
    rows_declared = declared.get("rows")
    entry = ReceivedFile(
        file_id=0,
        name=str(relative),
        sha256=sha256,
        size_bytes=kept.stat().st_size,
        batch=batch,
        file_on=_file_date(warehouse, path, declared),
        received_on=warehouse.today,
        base_currency=warehouse.settings.workspace.base_currency,
        rows_declared=None if rows_declared is None else rows_declared - n_suppressed,
        rows_suppressed=n_suppressed,
    )
    return InboxFile(entry, kept, table, refusal)


def _numbered(file: InboxFile, file_id: int) -> InboxFile:
    entry = file.entry
    return InboxFile(ReceivedFile(**{**entry.__dict__, "file_id": file_id}), file.path, file.table, file.refusal)


def _table_or_refusal(relative: PurePath) -> tuple[str | None, str | None]:
    try:
        return table_of(relative), None
    except UnreadableFileError as error:
        return None, str(error)


def _file_date(warehouse: Warehouse, path: Path, declared: dict[str, Any]) -> date:
    if "file_on" in declared:
        return date.fromisoformat(declared["file_on"])
    changed_on = datetime.fromtimestamp(path.stat().st_mtime, warehouse.settings.zone).date()
    return date_in_name(path.stem) or min(changed_on, warehouse.today)


def _sidecar(path: Path) -> dict[str, Any]:
    sidecar = path.with_name(path.name + SIDECAR)
    if not sidecar.is_file():
        return {}
    declared: dict[str, Any] = json.loads(sidecar.read_text(encoding="utf-8"))
    return declared


def _clear(inbox: Path, file: InboxFile) -> None:
    path = inbox / file.entry.name
    path.unlink()
    path.with_name(path.name + SIDECAR).unlink(missing_ok=True)


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()

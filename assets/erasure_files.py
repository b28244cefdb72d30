"""Rewriting the workspace's files without a subject.

Belongs here: published weeks, representatives' folders, the inbox, logs and Dagster's records - everything but warehouse and
archive. Does not belong here: what a file is without them (`winback.privacy`), or the order of the steps (`assets.erasure`).

Every function returns how many files or records mention the subject; with `is_dry` nothing is written.
"""

from __future__ import annotations

import gzip
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path, PurePath

from assets.delivery import delivery_files
from assets.inbox import SIDECAR, delivered_files
from assets.publish import PLAYBOOKS, READER_DATABASE
from assets.workspace import BEING_REBUILT, SET_ASIDE, Workspace
from data_contracts import load_contract
from winback.errors import UnreadableFileError
from winback.load.tables import table_of
from winback.privacy.delivered_file import records_of, text_without, without_mentions, write_without
from winback.privacy.handed_out import renewed_manifest, without_subject
from winback.privacy.marks import Marks
from winback.privacy.sqlite_records import clean_sqlite
from winback.privacy.subject import Subject
from winback.privacy.warehouse import write_published_without

MANIFEST = "manifest.json"
_SQLITE = b"SQLite format 3\0"
_APART = ("archive", "inbox", "published", "outbox", "models", "templates")
KEPT_STATE = ("suppression.key", "suppressed.jsonl", "access_log.jsonl", "erasures.jsonl", "erasure_pending.json")


def clean_published_week(folder: Path, subject: Subject, marks: Marks, *, is_dry: bool) -> int:
    """Rewrite a published week's files; the manifest, which says so, comes last."""
    playbooks = folder / PLAYBOOKS
    changed, files = 0, {}
    for path in _files(playbooks):
        if path.name != MANIFEST:
            name = str(path.relative_to(playbooks))
            files[name] = without_subject(path.name, path.read_bytes(), subject, marks)
            changed += _put(path, files[name], is_dry=is_dry)
    database = folder / READER_DATABASE
    if database.is_file():
        changed += _clean_database(database, subject, is_dry=is_dry)
    manifest = playbooks / MANIFEST
    if changed and manifest.is_file():
        _put(manifest, renewed_manifest(manifest.read_bytes(), files), is_dry=is_dry)
    return changed


def clean_delivery_folders(workspace: Workspace, subject: Subject, marks: Marks, *, is_dry: bool) -> int:
    """Rewrite the lists in representatives' own folders."""
    return sum(
        _put(path, without_subject(path.name, path.read_bytes(), subject, marks), is_dry=is_dry)
        for path in delivery_files(workspace)
    )


def clean_inbox(workspace: Workspace, subject: Subject, marks: Marks, *, is_dry: bool) -> int:
    """Rewrite files that wait in the inbox, and what their sidecars declare."""
    inbox = workspace.folder("inbox")
    if not is_dry:
        for partial in (inbox / "outcomes").glob(
            ".*.csv"
        ):  # left by a kill; its source is still in the representative's folder
            partial.unlink()
    return sum(
        _clean_waiting(path, PurePath(path.relative_to(inbox)), subject, marks, is_dry=is_dry)
        for path in delivered_files(inbox)
    )


def clean_logs(workspace: Workspace, subject: Subject, marks: Marks, *, is_dry: bool) -> int:
    """Rewrite logs and everything else that is no table of ours: text without the lines, SQLite without the words."""
    changed = 0
    for path in _files(workspace.root):
        top = path.relative_to(workspace.root).parts
        if top[0] in _APART or path.name in KEPT_STATE or path.name.startswith("warehouse.") or path.suffix == ".toml":
            continue
        if path.suffix in (".parquet", ".lock") or path.name.endswith(("-wal", "-shm")) or path.name == "status.json":
            continue
        with path.open("rb") as stream:
            is_sqlite = stream.read(len(_SQLITE)) == _SQLITE
        if is_sqlite:
            changed += clean_sqlite(path, marks, is_dry=is_dry)
        elif path.suffix == ".gz":
            changed += _put(path, _gzip_without(path, marks), is_dry=is_dry)
        else:
            changed += _put(path, without_subject(path.name, path.read_bytes(), subject, marks), is_dry=is_dry)
    return changed


def clean_set_aside(workspace: Workspace, _: Subject, __: Marks, *, is_dry: bool) -> int:
    """Remove warehouses that a rebuild set aside: they are damaged, so nobody can be taken out of them."""
    found = sorted(workspace.root.glob(SET_ASIDE)) + sorted(workspace.root.glob(f"{BEING_REBUILT}*"))
    for path in found if not is_dry else []:
        path.unlink()
    return len(found)


def put_file(path: Path, data: bytes) -> None:
    """Write a file in place of another at once, with its mode and group."""
    fresh = path.with_name(f".{path.name}.fresh")
    with fresh.open("wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
    swap_in(fresh, path)


def swap_in(fresh: Path, path: Path) -> None:
    """Put a finished file in place of another, with its mode and group."""
    if path.exists():
        shutil.copymode(path, fresh)
        if fresh.stat().st_gid != path.stat().st_gid:
            os.chown(fresh, -1, path.stat().st_gid)
    os.replace(fresh, path)


def _put(path: Path, data: bytes, *, is_dry: bool) -> int:
    if path.read_bytes() == data:
        return 0
    if not is_dry:
        put_file(path, data)
    return 1


def _clean_database(path: Path, subject: Subject, *, is_dry: bool) -> int:
    fresh = path.with_name(f".{path.name}.fresh")
    fresh.unlink(missing_ok=True)
    n_rows = write_published_without(path, fresh, subject)
    if n_rows and not is_dry:
        swap_in(fresh, path)
    fresh.unlink(missing_ok=True)
    return int(n_rows > 0)


def _clean_waiting(path: Path, relative: PurePath, subject: Subject, marks: Marks, *, is_dry: bool) -> int:
    try:
        contract = load_contract(table_of(relative))
        records = records_of(path, contract, subject.ids, marks)
    except UnreadableFileError:
        return _put(path, text_without(path.read_bytes(), marks) or path.read_bytes(), is_dry=is_dry)
    if records and not is_dry:
        fresh = path.with_name(f".{path.name}.fresh")
        write_without(path, contract, records, fresh)
        shutil.copystat(path, fresh)
        swap_in(fresh, path)
        _declare_fewer(path, len(records))
    words = without_mentions(path, contract, marks)
    return max(int(bool(records)), _put(path, words, is_dry=is_dry) if words is not None else 0)


def _declare_fewer(path: Path, n_rows: int) -> None:
    sidecar = path.with_name(path.name + SIDECAR)
    if sidecar.is_file():
        declared = json.loads(sidecar.read_text(encoding="utf-8"))
        if "rows" in declared:
            put_file(sidecar, (json.dumps(declared | {"rows": declared["rows"] - n_rows}) + "\n").encode())


def _gzip_without(path: Path, marks: Marks) -> bytes:
    packed = path.read_bytes()
    plain = gzip.decompress(packed)
    kept = text_without(plain, marks)
    return packed if kept is None or kept == plain else gzip.compress(kept, mtime=0)


def _files(folder: Path) -> Iterator[Path]:
    """Regular files under a folder, in order, through no link."""
    for home, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            path = Path(home) / name
            if path.is_file() and not path.is_symlink():
                yield path

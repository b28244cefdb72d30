"""Putting a finished week where people find it.

Belongs here: building the week's folder aside, making it current by swapping links, and telling whether it is whole. Does not
belong here: what is in the folder (`winback.publication.folder`).
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import duckdb

from assets.delivery import hand_out
from assets.list_mails import mail_lists
from assets.pages import manager_sections_of
from assets.workspace import Warehouse, Workspace
from winback.contracts.tables import count_rows, transaction
from winback.errors import RunFailedError
from winback.privacy.handed_out import renewed_manifest
from winback.privacy.warehouse import is_erased_from
from winback.publication.folder import deliveries, manifest, write_reader_database
from winback.publication.week_ledger import Week, record_publication

PLAYBOOKS = "playbooks"
READER_DATABASE = "winback.duckdb"
MANIFEST = "manifest.json"


def publish_week(warehouse: Warehouse, week: Week) -> Path:
    """Publish the computed week and return its folder.

    A week that is published already must come out the same, byte for byte; then nothing is written but missing links, and a folder
    that was damaged on the disk. After an erasure it cannot: the folder stays as the erasure left it, and a week that is built
    again says so in its manifest. Raises RunFailedError if it does not.
    """
    target = warehouse.workspace.folder("published") / week.folder_name
    is_there = False
    if target.is_dir():
        contents = _contents(warehouse, week)
        if week.state == "published":
            if not is_erased_from(warehouse.con, week.week_on):
                _require_same(target, contents, week)
            if is_whole(target):
                return _brought_out(warehouse, week, target)
        # A killed run may have left the very same week behind; readers may have it open, so it stays.
        is_there = not _changed(target, contents) and is_whole(target)
    if not is_there:
        _put_in_place(_built_aside(warehouse, week), target)
    with transaction(warehouse.con):
        record_publication(warehouse.con, week)
    return _brought_out(warehouse, week, target)


def _contents(warehouse: Warehouse, week: Week) -> dict[str, bytes]:
    """Every file of the week by name, the manifest among them."""
    con = warehouse.con
    files = deliveries(con, warehouse.settings, manager_sections_of(warehouse, week.week_on))
    contents = {name: file.data for name, file in files.items()} | {MANIFEST: manifest(con, week, files, warehouse.settings)}
    if is_erased_from(con, week.week_on):
        contents[MANIFEST] = renewed_manifest(contents[MANIFEST], contents)
    return contents


def is_out(workspace: Workspace, week_on: date) -> bool:
    """Whether the outbox, the last thing to be linked, shows the week whole, and readers have a current one that is whole."""
    folders = (workspace.folder("outbox") / week_on.isoformat(), workspace.folder("published") / "current" / PLAYBOOKS)
    return all(folder.is_dir() and is_whole(folder.resolve().parent) for folder in folders)


def is_whole(folder: Path) -> bool:
    """Whether a published folder holds what its manifest says: every file's bytes, and the rows of the readers' database."""
    try:
        document = json.loads((folder / PLAYBOOKS / MANIFEST).read_bytes())
        paths = {folder / PLAYBOOKS / name: file["sha256"] for name, file in document["files"].items()}
        if any(hashlib.sha256(path.read_bytes()).hexdigest() != sha256 for path, sha256 in paths.items()):
            return False
        with duckdb.connect(str(folder / READER_DATABASE), read_only=True) as con:
            rows = {table: count_rows(con, table) for table in document["tables"]}
    except (OSError, ValueError, KeyError, duckdb.Error):
        return False
    return document.get("is_erased_from", False) or rows == document["tables"]


def _built_aside(warehouse: Warehouse, week: Week) -> Path:
    """The finished folder under another name. Its files are made while DuckDB writes the readers' database, which takes as long."""
    partial = warehouse.workspace.folder("published") / f".{week.folder_name}.part"
    shutil.rmtree(partial, ignore_errors=True)
    (partial / PLAYBOOKS).mkdir(parents=True)
    with warehouse.con.cursor() as cursor, ThreadPoolExecutor(1) as pool:
        database = pool.submit(write_reader_database, cursor, partial / READER_DATABASE)
        contents = _contents(warehouse, week)
        database.result()
    for name, data in contents.items():
        with (partial / PLAYBOOKS / name).open("wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
    return partial


def _put_in_place(partial: Path, target: Path) -> None:
    """Rename the finished folder into place; what was there is moved away first, since a folder cannot be replaced at once."""
    old = target.with_name(f".{target.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if target.is_dir():
        target.rename(old)
    partial.rename(target)
    shutil.rmtree(old, ignore_errors=True)


def _brought_out(warehouse: Warehouse, week: Week, target: Path) -> Path:
    """Show the week to everybody; the outbox comes last, so that a week it shows needs nothing more but the mails."""
    workspace = warehouse.workspace
    _point_current(workspace, week, is_back=False)
    hand_out(workspace, target / PLAYBOOKS, week.week_on.isoformat())
    _point_outbox(workspace, week)
    mail_lists(warehouse, week, target / PLAYBOOKS)
    return target


def _require_same(target: Path, contents: Mapping[str, bytes], week: Week) -> None:
    """Files that are not what their own manifest says were damaged; a readable manifest that says otherwise is another week."""
    changed = _changed(target, contents)
    if MANIFEST in changed and _is_readable(target / PLAYBOOKS / MANIFEST):
        raise RunFailedError(
            f"week {week.week_on} is published and would now come out differently ({', '.join(changed)}), because the "
            f"settings, the code or the files changed. It was left as it is; to publish a revision run: "
            f"winback run --week {week.week_on} --reopen"
        )


def _is_readable(path: Path) -> bool:
    try:
        json.loads(path.read_bytes())
    except (OSError, ValueError):
        return False
    return True


def _changed(target: Path, contents: Mapping[str, bytes]) -> list[str]:
    """Names of published files that differ from `contents`, are missing, or are too many."""
    playbooks = target / PLAYBOOKS
    published = {path.name: path.read_bytes() for path in playbooks.iterdir()} if playbooks.is_dir() else {}
    return sorted(name for name in contents.keys() | published.keys() if contents.get(name) != published.get(name))


def make_current(workspace: Workspace, week: Week) -> None:
    """Point `published/current` and `outbox/<week>` at the week, whatever later week is out."""
    _point_current(workspace, week, is_back=True)
    _point_outbox(workspace, week)


def _point_current(workspace: Workspace, week: Week, *, is_back: bool) -> None:
    """Point `published/current` at the week if no later one is current, or `is_back`."""
    current = workspace.folder("published") / "current"
    if is_back or not current.is_dir() or current.readlink().name[:10] <= week.week_on.isoformat():
        _swap_link(current, Path(week.folder_name))


def _point_outbox(workspace: Workspace, week: Week) -> None:
    link = workspace.folder("outbox") / week.week_on.isoformat()
    _swap_link(link, Path("..") / "published" / week.folder_name / PLAYBOOKS)


def _swap_link(link: Path, target: Path) -> None:
    fresh = link.with_name(f".{link.name}.new")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(target)
    os.replace(fresh, link)

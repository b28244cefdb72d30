"""Putting a finished week where people find it.

Belongs here: building the week's folder aside and making it current by swapping links. Does not belong here: what is in
the folder (`winback.publication.folder`).
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from assets.delivery import hand_out
from assets.workspace import Warehouse, Workspace
from winback.contracts.tables import transaction
from winback.errors import RunFailedError
from winback.privacy.handed_out import renewed_manifest
from winback.privacy.warehouse import is_erased_from
from winback.publication.folder import deliveries, manifest, write_reader_database
from winback.publication.week_ledger import Week, record_publication

PLAYBOOKS = "playbooks"
READER_DATABASE = "winback.duckdb"


def publish_week(warehouse: Warehouse, week: Week) -> Path:
    """Publish the computed week and return its folder.

    A week that is published already must come out the same, byte for byte; then nothing is written but missing links. After an
    erasure it cannot: the folder stays as the erasure left it, and a week that is built again says so in its manifest.
    Raises RunFailedError if it does not.
    """
    workspace, con = warehouse.workspace, warehouse.con
    target = workspace.folder("published") / week.folder_name
    files = deliveries(con, warehouse.settings)
    contents = {name: file.data for name, file in files.items()} | {
        "manifest.json": manifest(con, week, files, warehouse.settings)
    }
    is_erased = is_erased_from(con, week.week_on)
    if is_erased:
        contents["manifest.json"] = renewed_manifest(contents["manifest.json"], contents)
    if week.state == "published" and target.is_dir():
        if not is_erased:
            _require_same(target, contents, week)
        return _brought_out(workspace, week, target)
    partial = workspace.folder("published") / f".{week.folder_name}.part"
    shutil.rmtree(partial, ignore_errors=True)
    (partial / PLAYBOOKS).mkdir(parents=True)
    for name, data in contents.items():
        (partial / PLAYBOOKS / name).write_bytes(data)
    write_reader_database(con, partial / READER_DATABASE)
    shutil.rmtree(target, ignore_errors=True)
    partial.rename(target)
    with transaction(con):
        record_publication(con, week)
    return _brought_out(workspace, week, target)


def _brought_out(workspace: Workspace, week: Week, target: Path) -> Path:
    make_current(workspace, week)
    hand_out(workspace, target / PLAYBOOKS, week.week_on.isoformat())
    return target


def _require_same(target: Path, contents: dict[str, bytes], week: Week) -> None:
    published = {path.name: path.read_bytes() for path in (target / PLAYBOOKS).iterdir()}
    changed = sorted(name for name in contents.keys() | published.keys() if contents.get(name) != published.get(name))
    if changed:
        raise RunFailedError(
            f"week {week.week_on} is published and would now come out differently ({', '.join(changed)}), because the "
            f"settings, the code or the files changed. It was left as it is; to publish a revision run: "
            f"winback run --week {week.week_on} --reopen"
        )


def make_current(workspace: Workspace, week: Week, *, is_back: bool = False) -> None:
    """Point `outbox/<week>` at the week, and `published/current` if no later week is, or `is_back`."""
    published = workspace.folder("published")
    _swap_link(
        workspace.folder("outbox") / week.week_on.isoformat(), Path("..") / "published" / week.folder_name / PLAYBOOKS
    )
    current = published / "current"
    if is_back or not current.is_symlink() or current.readlink().name[:10] <= week.week_on.isoformat():
        _swap_link(current, Path(week.folder_name))


def _swap_link(link: Path, target: Path) -> None:
    fresh = link.with_name(f".{link.name}.new")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(target)
    os.replace(fresh, link)

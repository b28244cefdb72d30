"""The representatives' own folders: where their lists are put, and where they leave them filled in.

Belongs here: `<delivery folder>/<rep>/to_do` and `.../returned`, with the group and mode that were set. Does not belong here:
what is in the files, or loading them (`assets.inbox`).

A returned file is moved to `inbox/outcomes/`. It is left for the next time while it may still be being written.
"""

from __future__ import annotations

import grp
import hashlib
import os
import shutil
import tempfile
from pathlib import Path

from assets.workspace import Workspace, write_atomically
from winback.errors import RunFailedError, UsageError
from winback.playbook.file_names import home_of

TO_DO, RETURNED = "to_do", "returned"
QUIET_SECONDS = 10.0
"""A file that was written to more recently than this may not be whole yet."""


def hand_out(workspace: Workspace, playbooks: Path, week: str) -> list[Path]:
    """Put every representative's files of a published week into their own folder; nothing without a delivery folder.

    Raises UsageError if the group does not exist, RunFailedError if the folder cannot be written.
    """
    root = _root(workspace)
    if root is None:
        return []
    written = []
    try:
        for file in sorted(playbooks.glob("rep_*")):
            home = root / home_of(file.stem)
            for folder in (home, home / TO_DO, home / RETURNED):
                _make_folder(workspace, folder)
            target = home / TO_DO / f"{week}_{file.name}"
            write_atomically(target, file.read_bytes())
            _hand_over(workspace, target, is_folder=False)
            written.append(target)
    except OSError as error:
        raise RunFailedError(
            f"the lists of {week} are published but could not be put into {root}: {error.strerror}; mend it and run "
            f"winback run --week {week} again"
        ) from error
    return written


def take_in(workspace: Workspace) -> list[Path]:
    """Move what representatives returned to the inbox; returns where it lies now."""
    inbox = workspace.folder("inbox") / "outcomes"
    moved = []
    for file in returned_files(workspace):
        if _touched_now(file.parent) - file.stat().st_mtime < QUIET_SECONDS:
            continue
        content = hashlib.sha256(file.read_bytes()).hexdigest()[:12]
        inbox.mkdir(exist_ok=True)
        target = inbox / f"{file.parent.parent.name}-{content}{file.suffix.lower()}"
        partial = target.with_name(f".{target.name}")
        shutil.copyfile(file, partial)
        shutil.copystat(file, partial)
        os.replace(partial, target)
        file.unlink()
        moved.append(target)
    return moved


def _touched_now(folder: Path) -> float:
    """The time as the folder's own file system tells it, which may be another machine's."""
    with tempfile.NamedTemporaryFile(dir=folder, prefix=".now") as probe:
        return Path(probe.name).stat().st_mtime


def returned_files(workspace: Workspace) -> list[Path]:
    """Files that representatives left in their folders, without those a spreadsheet program hides."""
    root = _root(workspace)
    found = sorted(root.glob(f"rep_*/{RETURNED}/*")) if root is not None and root.is_dir() else []
    return [f for f in found if f.is_file() and not f.is_symlink() and not f.name.startswith((".", "~"))]


def delivery_files(workspace: Workspace) -> list[Path]:
    """Every file in the representatives' folders, handed out or returned."""
    root = _root(workspace)
    found = sorted(root.glob("rep_*/*/*")) if root is not None and root.is_dir() else []
    return [f for f in found if f.is_file() and not f.is_symlink()]


def _root(workspace: Workspace) -> Path | None:
    folder = workspace.settings.delivery.folder
    return (workspace.root / folder).resolve() if folder else None


def _make_folder(workspace: Workspace, folder: Path) -> None:
    if not folder.is_dir():
        folder.mkdir(parents=True)
        _hand_over(workspace, folder, is_folder=True)


def _hand_over(workspace: Workspace, path: Path, *, is_folder: bool) -> None:
    """Give a path the group and mode that were set; a folder can be entered by whoever may read it."""
    settings = workspace.settings.delivery
    mode = int(settings.file_mode, 8)
    if settings.group:
        try:
            os.chown(path, -1, grp.getgrnam(settings.group).gr_gid)
        except KeyError as error:
            raise UsageError(f"[delivery] group: there is no group '{settings.group}' on this machine") from error
    path.chmod(mode | (mode & 0o444) >> 2 if is_folder else mode)

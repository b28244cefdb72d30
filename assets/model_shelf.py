"""Fitted models as files in the workspace.

Belongs here: where a model's files lie (`models/<name>/<Monday it was trained for>/`), which one a week uses, and writing one
whole or not at all. Does not belong here: what is in the files.

A week uses the newest model trained for it or an earlier week, as long as that is not older than `retrain_after_days`; else it
trains its own. A model of a later week is never used, so an old week run again finds the model it had. The SHA-256 of its files
lies beside the folder: a flipped byte would still be a model, only another one.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path

from assets.workspace import Workspace, write_atomically
from winback.errors import RunFailedError


def current_model(workspace: Workspace, name: str, week_on: date) -> Path | None:
    """The folder of the model that `week_on` uses, or None where it has to train one.

    Raises RunFailedError if its files are not those that were stored.
    """
    oldest = week_on - timedelta(days=workspace.settings.models.retrain_after_days)
    days = sorted(_trained_on(workspace, name))
    usable = [day for day in days if oldest < day <= week_on]
    if not usable:
        return None
    folder = _shelf(workspace, name) / usable[-1].isoformat()
    _require_undamaged(folder)
    return folder


def store_model(workspace: Workspace, name: str, week_on: date, files: Mapping[str, bytes]) -> Path:
    """Write a model's files as the one trained for `week_on`, in place of an earlier one; returns their folder."""
    folder = _shelf(workspace, name) / week_on.isoformat()
    partial = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    for file, data in sorted(files.items()):
        (partial / file).write_bytes(data)
    shutil.rmtree(folder, ignore_errors=True)
    hashes = {file: hashlib.sha256(data).hexdigest() for file, data in sorted(files.items())}
    write_atomically(_hashes_of(folder), (json.dumps(hashes, indent=2) + "\n").encode())
    partial.rename(folder)
    return folder


def _require_undamaged(folder: Path) -> None:
    path = _hashes_of(folder)
    hashes: dict[str, str] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    for name, sha256 in hashes.items():
        file = folder / name
        if not file.is_file() or hashlib.sha256(file.read_bytes()).hexdigest() != sha256:
            raise RunFailedError(
                f"the model in {folder} is damaged ({name}); put it back from a backup, or delete the folder: then the week trains "
                "its own"
            )


def _hashes_of(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}.sha256.json")


def _shelf(workspace: Workspace, name: str) -> Path:
    return workspace.folder("models") / name


def _trained_on(workspace: Workspace, name: str) -> list[date]:
    shelf = _shelf(workspace, name)
    names = [p.name for p in shelf.iterdir() if not p.name.startswith(".")] if shelf.is_dir() else []
    return [date.fromisoformat(n) for n in names]

"""Fitted models as files in the workspace.

Belongs here: where a model's files lie (`models/<name>/<Monday it was trained for>/`), which one a week uses, and writing one
whole or not at all. Does not belong here: what is in the files.

A week uses the newest model trained for it or an earlier week, as long as that is not older than `retrain_after_days`; else it
trains its own. A model of a later week is never used, so an old week run again finds the model it had.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path

from assets.workspace import Workspace


def current_model(workspace: Workspace, name: str, week_on: date) -> Path | None:
    """The folder of the model that `week_on` uses, or None where it has to train one."""
    oldest = week_on - timedelta(days=workspace.settings.models.retrain_after_days)
    days = sorted(_trained_on(workspace, name))
    usable = [day for day in days if oldest < day <= week_on]
    return _shelf(workspace, name) / usable[-1].isoformat() if usable else None


def store_model(workspace: Workspace, name: str, week_on: date, files: Mapping[str, bytes]) -> Path:
    """Write a model's files as the one trained for `week_on`, in place of an earlier one; returns their folder."""
    folder = _shelf(workspace, name) / week_on.isoformat()
    partial = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    for file, data in sorted(files.items()):
        (partial / file).write_bytes(data)
    shutil.rmtree(folder, ignore_errors=True)
    partial.rename(folder)
    return folder


def _shelf(workspace: Workspace, name: str) -> Path:
    return workspace.folder("models") / name


def _trained_on(workspace: Workspace, name: str) -> list[date]:
    shelf = _shelf(workspace, name)
    names = [p.name for p in shelf.iterdir() if not p.name.startswith(".")] if shelf.is_dir() else []
    return [date.fromisoformat(n) for n in names]

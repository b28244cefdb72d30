"""What a look at a workspace and its surroundings finds.

Belongs here: one small function per thing looked at, each with what to do about it. Does not belong here: printing.
"""

from __future__ import annotations

import grp
import importlib.metadata
import os
import shutil
import stat
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal

from filelock import FileLock, Timeout
from packaging.requirements import Requirement

from assets.erasure import is_unfinished
from assets.inbox import delivered_files
from assets.workspace import FOLDERS, Workspace
from data_contracts import load_contract, table_names

Level = Literal["ok", "warn", "fail"]
LEAST_FREE_GB = 2.0


@dataclass(frozen=True)
class Finding:
    """One thing looked at: how it stands, what was seen, and what to do where it does not stand well."""

    subject: str
    level: Level
    seen: str
    fix: str = ""


def examine(workspace: Workspace, state: dict[str, Any], now: datetime) -> list[Finding]:
    """Every finding, in the order in which things depend on each other.

    `state` is the workspace's status document, `now` the time in its zone.
    """
    today = now.date()
    looks: tuple[Callable[[], Iterator[Finding]], ...] = (
        _python,
        _packages,
        lambda: _folders(workspace),
        lambda: _modes(workspace),
        lambda: _locks(workspace),
        lambda: _disk(workspace),
        lambda: _erasure(workspace),
        lambda: _clock(workspace, now),
        _contracts,
        lambda: _inbox(workspace),
        lambda: _weeks(state),
        lambda: _freshness(workspace, state, today),
        lambda: _delivery(workspace),
    )
    return [finding for look in looks for finding in look()]


def _python() -> Iterator[Finding]:
    seen = ".".join(map(str, sys.version_info[:3]))
    is_enough = sys.version_info >= (3, 11)
    yield Finding("Python", "ok" if is_enough else "fail", seen, "" if is_enough else "use Python 3.11 or newer")


def _packages() -> Iterator[Finding]:
    needed = [Requirement(text) for text in importlib.metadata.requires("winback") or []]
    wrong = []
    for requirement in needed:
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
            continue
        try:
            version = importlib.metadata.version(requirement.name)
        except importlib.metadata.PackageNotFoundError:
            wrong.append(f"{requirement.name} is missing")
            continue
        if not requirement.specifier.contains(version, prereleases=True):
            wrong.append(f"{requirement.name} is {version}, needed is {requirement.specifier}")
    seen = "; ".join(wrong) or f"winback {importlib.metadata.version('winback')}, all packages in their ranges"
    yield Finding("Packages", "fail" if wrong else "ok", seen, "make the environment anew: make env" if wrong else "")


def _folders(workspace: Workspace) -> Iterator[Finding]:
    wrong = [name for name in FOLDERS if not os.access(workspace.folder(name), os.R_OK | os.W_OK | os.X_OK)]
    if wrong:
        yield Finding(
            "Workspace", "fail", f"cannot write {', '.join(wrong)} in {workspace.root}", "give this user the folders"
        )
    else:
        yield Finding("Workspace", "ok", str(workspace.root))


def _modes(workspace: Workspace) -> Iterator[Finding]:
    """Names, notes and phones lie in the workspace: nobody else on the machine should read it."""
    open_to_others = [
        str(path.relative_to(workspace.root)) or "."
        for path in (workspace.root, *(workspace.folder(name) for name in FOLDERS), workspace.warehouse_path)
        if path.exists() and stat.S_IMODE(path.stat().st_mode) & 0o007
    ]
    if open_to_others:
        fix = f"chmod -R o-rwx {workspace.root}"
        yield Finding("File modes", "warn", f"other users may enter {', '.join(open_to_others)}", fix)
    else:
        yield Finding("File modes", "ok", "other users of this machine see nothing")


def _locks(workspace: Workspace) -> Iterator[Finding]:
    path = workspace.folder("state") / "workspace.lock"
    try:
        with FileLock(path, timeout=0):
            yield Finding("Lock", "ok", "no run is at work")
    except Timeout:
        holder = path.with_name("workspace_holder.txt")
        who = holder.read_text(encoding="utf-8").strip() if holder.is_file() else "another process"
        yield Finding(
            "Lock", "warn", f"a run is at work: {who}", "wait for it; a process that died gives the lock back itself"
        )


def _disk(workspace: Workspace) -> Iterator[Finding]:
    free_gb = shutil.disk_usage(workspace.root).free / 1e9
    warehouse = workspace.warehouse_path
    wanted_gb = max(LEAST_FREE_GB, 2 * warehouse.stat().st_size / 1e9 if warehouse.exists() else 0)
    is_enough = free_gb >= wanted_gb
    seen = f"{free_gb:.1f} GB free, {wanted_gb:.1f} GB wanted"
    yield Finding("Disk", "ok" if is_enough else "fail", seen, "" if is_enough else "make room before the next run")


def _erasure(workspace: Workspace) -> Iterator[Finding]:
    if is_unfinished(workspace):
        yield Finding("Erasure", "fail", "one was cut off before its end", "finish it: winback erase --continue")


def _clock(workspace: Workspace, now: datetime) -> Iterator[Finding]:
    settings = workspace.settings.workspace
    yield Finding("Time", "ok", f"{now:%Y-%m-%d %H:%M} in {settings.timezone}; weeks follow {settings.clock}")
    newest = max((p.name[:10] for p in workspace.folder("published").iterdir() if not p.is_symlink()), default="")
    if settings.clock == "today" and newest[:4].isdigit() and newest > now.date().isoformat():
        yield Finding("Clock", "fail", f"week {newest} is published, but today is {now.date()}", "set this machine's clock")


def _contracts() -> Iterator[Finding]:
    names = [load_contract(name).name for name in table_names()]
    yield Finding("Contracts", "ok", f"{len(names)} tables")


def _inbox(workspace: Workspace) -> Iterator[Finding]:
    n = len(delivered_files(workspace.folder("inbox")))
    yield Finding("Inbox", "warn" if n else "ok", f"{n} file(s) waiting", "load them with: winback run" if n else "")


def _weeks(state: dict[str, Any]) -> Iterator[Finding]:
    weeks = state["weeks"]
    if not weeks:
        yield Finding("Weeks", "warn", "none was run yet", "put files into the inbox and run: winback run")
        return
    last = weeks[-1]
    if last["state"] in ("published", "withdrawn"):
        yield Finding("Weeks", "ok", f"{len(weeks)} run; the last, {last['week']}, is {last['state']}")
    else:
        yield Finding(
            "Weeks", "fail", f"{last['week']} is {last['state']}: {last['reason']}", "mend the cause and run again"
        )


def _freshness(workspace: Workspace, state: dict[str, Any], today: date) -> Iterator[Finding]:
    newest = state["newest_spend_on"]
    if newest is None or workspace.settings.workspace.clock == "data":
        return
    age_days = (today - date.fromisoformat(newest)).days
    limit = workspace.settings.feed_gate.max_spend_age_days
    is_fresh = age_days <= limit
    fix = "" if is_fresh else "deliver newer spend; lists are withheld until then"
    yield Finding("Freshness", "ok" if is_fresh else "fail", f"newest spend is {age_days} days old, at most {limit}", fix)


def _delivery(workspace: Workspace) -> Iterator[Finding]:
    delivery = workspace.settings.delivery
    if not delivery.folder:
        return
    root = (workspace.root / delivery.folder).resolve()
    if delivery.group and delivery.group not in {g.gr_name for g in grp.getgrall()}:
        yield Finding(
            "Delivery", "fail", f"no group '{delivery.group}'", "make it, or change [delivery] group in winback.toml"
        )
    elif not os.access(_nearest(root), os.W_OK):
        yield Finding("Delivery", "fail", f"cannot write {root}", "give this user the folder")
    else:
        yield Finding("Delivery", "ok", str(root))


def _nearest(path: Path) -> Path:
    """The nearest folder above that exists."""
    return path if path.exists() else _nearest(path.parent)

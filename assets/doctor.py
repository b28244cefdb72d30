"""What a look at a workspace and its surroundings finds.

Belongs here: one small function per thing looked at, each with what to do about it. Does not belong here: printing.
"""

from __future__ import annotations

import grp
import os
import shutil
import stat
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from assets import doctor_records as records
from assets.doctor_environment import examine_environment
from assets.erasure import is_unfinished
from assets.finding import Finding
from assets.inbox import delivered_files
from assets.storage_faults import REBUILD
from assets.workspace import FOLDERS, LEDGER_ARCHIVE, SET_ASIDE, Workspace, who_is_at_work
from winback.publication.ledger_archive import has_ledger

LEAST_FREE_GB = 2.0
SILENT_DAEMON = timedelta(minutes=5)
"""A daemon says every half minute that it is there."""


def examine(
    workspace: Workspace, state: dict[str, Any], now: datetime, secrets: Mapping[str, str] | None = None
) -> list[Finding]:
    """Every finding, in the order in which things depend on each other.

    `state` is the workspace's status document, `now` the time in its zone, `secrets` where the channels' secrets are looked up.
    """
    today = now.date()
    looks: tuple[Callable[[], Iterator[Finding]], ...] = (
        lambda: _folders(workspace),
        lambda: _modes(workspace),
        lambda: _locks(workspace),
        lambda: _warehouse(workspace),
        lambda: _disk(workspace),
        lambda: records.state_file(workspace),
        lambda: records.links(workspace),
        lambda: _erasure(workspace),
        lambda: records.suppression(workspace),
        lambda: _clock(workspace, now),
        lambda: _daemon(workspace, state, now),
        lambda: records.dagster_settings(workspace),
        lambda: records.alerts(workspace, secrets or {}),
        lambda: _inbox(workspace),
        lambda: _weeks(state),
        lambda: _freshness(workspace, state, today),
        lambda: _delivery(workspace),
        lambda: records.retention(workspace),
    )
    return examine_environment() + [finding for look in looks for finding in look()]


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
    who = who_is_at_work(workspace)
    if who is None:
        yield Finding("Lock", "ok", "no run is at work")
    else:
        fix = "wait for it; a process that died gives the lock back itself"
        yield Finding("Lock", "warn", f"a run is at work: {who}", fix)


def _warehouse(workspace: Workspace) -> Iterator[Finding]:
    path = workspace.warehouse_path
    if not path.exists() and not has_ledger(workspace.folder("archive") / LEDGER_ARCHIVE):
        return
    try:
        if not path.exists() or not path.stat().st_size:
            raise duckdb.IOException("it is missing or empty")
        with duckdb.connect(str(path), read_only=True):
            yield Finding("Warehouse", "ok", "can be opened")
    except duckdb.Error as error:
        why = str(error).splitlines()[0]
        if "lock on file" in why:  # a run has it open
            return
        yield Finding("Warehouse", "fail", why, REBUILD)
    aside = sorted(workspace.root.glob(SET_ASIDE))
    if aside:
        names = ", ".join(found.name for found in aside)
        yield Finding("Warehouse", "warn", f"set aside by a rebuild: {names}", "delete them when you are done with them")


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


def _daemon(workspace: Workspace, state: dict[str, Any], now: datetime) -> Iterator[Finding]:
    """A daemon that was never started is no fault: weeks may be run by hand, or by another scheduler."""
    heard_at = state.get("daemon_heard_at")
    if heard_at is None:
        yield Finding("Daemon", "ok", "never started here; weeks run when somebody runs them")
    elif is_daemon_alive(heard_at, now):
        yield Finding("Daemon", "ok", f"alive, heard at {heard_at.astimezone(workspace.settings.zone):%Y-%m-%d %H:%M}")
    else:
        seen = f"not heard since {heard_at.astimezone(workspace.settings.zone):%Y-%m-%d %H:%M}; nothing runs by itself"
        yield Finding("Daemon", "fail", seen, f"start it: winback daemon --workspace {workspace.root}")


def is_daemon_alive(heard_at: datetime, now: datetime) -> bool:
    """Whether a daemon last heard at `heard_at` can be taken to run; both times know their zone."""
    return now - heard_at <= SILENT_DAEMON


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
    if newest is None:
        return
    if workspace.settings.workspace.clock == "data":
        yield Finding("Freshness", "ok", f"newest spend is of {newest}; weeks follow the data")
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

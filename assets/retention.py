"""Removing what `[retention]` keeps no longer.

Belongs here: finding it on disk and removing it, with a note that stays. Does not belong here: what is past
(`winback.publication.retention`), or erasing somebody (`assets.erasure`).

What goes is noted first: in the ledger of files, in `archive/removed.jsonl` for a rebuild that has lost the ledger, and in the
access log. A prune that was cut off is finished by the next. Nothing here names a person.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING

from assets.access_log import log_access
from assets.delivery import TO_DO, delivery_files
from assets.inbox import archived_paths
from assets.state import write_state
from assets.workspace import Warehouse, Workspace, append_lines, write_atomically
from winback.contracts.tables import transaction
from winback.publication.retention import (
    archive_past,
    archived_files,
    day_before_which,
    note_removed,
    oldest_kept_week,
    weeks_past,
)

if TYPE_CHECKING:
    from dagster import DagsterInstance

REMOVED = "removed.jsonl"
ARCHIVE, WEEKS, DAYS, LISTS, LOGS, RUNS = (
    "archived files",
    "published weeks",
    "days between the weeks",
    "lists in representatives' folders",
    "log lines and error logs",
    "Dagster's run records",
)


@dataclass(frozen=True)
class Pruned:
    """How many things of each kind went (or would), their bytes, and the archived files that are old enough but needed."""

    counts: dict[str, int]
    n_bytes: int
    n_needed: int


@dataclass(frozen=True)
class _Past:
    """What is past: archived files by SHA-256, paths by kind, alert lines, runs by id."""

    archived: dict[str, list[Path]]
    n_needed: int
    paths: dict[str, list[Path]]
    n_alerts: int
    runs: list[str]


def prune(warehouse: Warehouse, *, is_dry: bool = False) -> Pruned:
    """Remove what is past, or with `is_dry` only count it."""
    workspace = warehouse.workspace
    past = _find(warehouse)
    paths = {ARCHIVE: [path for found in past.archived.values() for path in found]} | past.paths
    counts = {kind: len(found) for kind, found in paths.items()} | {RUNS: len(past.runs)}
    counts[LOGS] += past.n_alerts
    pruned = Pruned(counts, sum(map(_size, (path for found in paths.values() for path in found))), past.n_needed)
    if is_dry or not any(counts.values()):
        return pruned
    _note(warehouse, past, pruned)
    for path in (path for found in paths.values() for path in found):
        _remove(path)
    _drop_alerts(workspace, day_before_which(warehouse.today, workspace.settings.retention.log_days))
    _remove_runs(workspace, past.runs)
    write_state(warehouse)
    return pruned


def removed_on(workspace: Workspace) -> dict[str, date]:
    """SHA-256 of every archived file that retention removed, with the day."""
    path = workspace.folder("archive") / REMOVED
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    return {line["sha256"]: date.fromisoformat(line["on"]) for line in map(json.loads, lines)}


def _find(warehouse: Warehouse) -> _Past:
    workspace, today, settings = warehouse.workspace, warehouse.today, warehouse.settings.retention
    folders = _week_folders(workspace)
    current = _current_week(workspace)
    weeks = set(weeks_past(folders, current, settings))
    window_from = oldest_kept_week(folders, current, settings)
    files = archived_files(warehouse.con) if settings.archive_days else []  # it reads every raw table
    archived = {f.sha256: archived_paths(workspace, f.sha256) for f in archive_past(files, today, settings)}
    old_enough = archive_past(files, today, settings.model_copy(update={"is_rebuild_kept": False}))
    log_before = day_before_which(today, settings.log_days)
    paths = {
        WEEKS: [path for week in sorted(weeks) for path in folders[week]],
        DAYS: _dated_before(_daily_folders(workspace), window_from),
        LISTS: _dated_before((f for f in delivery_files(workspace) if f.parent.name == TO_DO), window_from),
        LOGS: _logs_before(warehouse, log_before),
    }
    runs = _runs_before(warehouse, day_before_which(today, settings.run_record_days), current)
    n_needed = sum(bool(archived_paths(workspace, f.sha256)) for f in old_enough if f.sha256 not in archived)
    archived = {sha256: found for sha256, found in archived.items() if found}
    return _Past(archived, n_needed, paths, len(_alerts(workspace, log_before)[0]), runs)


def _week_folders(workspace: Workspace) -> dict[date, list[Path]]:
    """Folders of every revision by week."""
    folders: dict[date, list[Path]] = {}
    for path in workspace.week_folders():
        day = _leading_day(path.name)
        if day is not None:
            folders.setdefault(day, []).append(path)
    return folders


def _current_week(workspace: Workspace) -> date | None:
    link = workspace.folder("published") / "current"
    return _leading_day(link.readlink().name) if link.is_symlink() else None


def _daily_folders(workspace: Workspace) -> Iterator[Path]:
    daily = workspace.folder("outbox") / "daily"
    return daily.iterdir() if daily.is_dir() else iter(())


def _dated_before(paths: Iterable[Path], before: date | None) -> list[Path]:
    """Those whose name begins with a day before `before`."""
    if before is None:
        return []
    dated = ((path, _leading_day(path.name)) for path in paths)
    return sorted(path for path, day in dated if day is not None and day < before)


def _leading_day(name: str) -> date | None:
    try:
        return date.fromisoformat(name[:10])
    except ValueError:
        return None


def _logs_before(warehouse: Warehouse, before: date | None) -> list[Path]:
    """Error logs last written to before the day."""
    if before is None:
        return []
    logs = warehouse.workspace.folder("state").glob("*.log")
    zone = warehouse.settings.zone
    return sorted(p for p in logs if datetime.fromtimestamp(p.stat().st_mtime, zone).date() < before)


def _alerts(workspace: Workspace, before: date | None) -> tuple[list[str], list[str]]:
    """Lines of the alerts' file that are past, and the others."""
    path = workspace.folder("state") / "alerts.jsonl"
    lines = path.read_text(encoding="utf-8").splitlines() if before is not None and path.is_file() else []
    past = [line for line in lines if date.fromisoformat(json.loads(line)["on"]) < before] if before is not None else []
    return past, [line for line in lines if line not in set(past)]


def _drop_alerts(workspace: Workspace, before: date | None) -> None:
    past, kept = _alerts(workspace, before)
    if past:
        text = "".join(line + "\n" for line in kept)
        write_atomically(workspace.folder("state") / "alerts.jsonl", text.encode("utf-8"))


def _note(warehouse: Warehouse, past: _Past, pruned: Pruned) -> None:
    """Say what goes before it goes."""
    workspace, today = warehouse.workspace, warehouse.today
    known = removed_on(workspace)
    fresh = [sha256 for sha256 in past.archived if sha256 not in known]
    lines = [{"sha256": sha256, "on": today.isoformat()} for sha256 in fresh]
    append_lines(workspace.folder("archive") / REMOVED, lines)
    with transaction(warehouse.con):
        note_removed(warehouse.con, past.archived, today)
    counts = {"n_" + kind.replace("'", "").replace(" ", "_"): count for kind, count in pruned.counts.items() if count}
    log_access(workspace, today, "prune", **counts, n_bytes=pruned.n_bytes)


def _remove(path: Path) -> None:
    """Remove a file, or a folder with the link in the outbox that leads into it."""
    if not path.is_dir():
        path.unlink()
        return
    outbox = path.parent.with_name("outbox") / path.name[:10]
    if outbox.is_symlink() and outbox.readlink().parent.name == path.name:
        outbox.unlink()
    shutil.rmtree(path)


def _size(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() else (path,)
    return sum(f.stat().st_size for f in files if f.is_file() and not f.is_symlink())


def _runs_before(warehouse: Warehouse, before: date | None, current: date | None) -> list[str]:
    """Ids of runs that ended and began before the day, without those of the current week."""
    if before is None:
        return []
    from dagster import DagsterRunStatus, RunsFilter

    ended = [DagsterRunStatus.SUCCESS, DagsterRunStatus.FAILURE, DagsterRunStatus.CANCELED]
    since = datetime.combine(before, time(), warehouse.settings.zone).astimezone(UTC)
    with _instance(warehouse.workspace) as instance:
        runs = instance.get_runs(RunsFilter(statuses=ended, created_before=since))
    return sorted(run.run_id for run in runs if current is None or run.tags.get("dagster/partition") != current.isoformat())


def _remove_runs(workspace: Workspace, runs: list[str]) -> None:
    """Remove the records of runs, their events, and the files in which Dagster kept them."""
    if not runs:
        return
    home = workspace.folder("dagster")
    with _instance(workspace) as instance:
        for run_id in runs:
            instance.delete_run(run_id)
    for run_id in runs:
        shutil.rmtree(home / "storage" / run_id, ignore_errors=True)
        for path in (home / "history" / "runs").glob(f"{run_id}.db*"):
            path.unlink()


@contextmanager
def _instance(workspace: Workspace) -> Iterator[DagsterInstance]:
    from dagster import DagsterInstance

    with DagsterInstance.from_config(str(workspace.folder("dagster"))) as instance:
        yield instance

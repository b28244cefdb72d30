"""A workspace on disk.

Belongs here: where things lie, taking the workspace's lock, and opening the warehouse. Does not belong here: what is in it.

One writer at a time by design: whoever opens the warehouse holds the workspace's file lock for as long. Readers never open
it; they read the published folders and `state/`.
"""

from __future__ import annotations

import json
import os
import socket
import tempfile
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

import duckdb
from filelock import FileLock, Timeout
from threadpoolctl import threadpool_limits

from assets.storage_faults import REBUILD, storage_fault
from data_contracts import table_names
from winback.config import Settings, parse_settings
from winback.contracts.tables import create_empty_tables
from winback.errors import RunFailedError, UsageError
from winback.load.ledger import create_ledger
from winback.privacy.warehouse import create_erased_weeks
from winback.publication.ledger_archive import has_ledger
from winback.publication.week_ledger import create_week_ledger

_Made = TypeVar("_Made")

FOLDERS = ("inbox", "templates", "archive", "models", "published", "outbox", "dagster", "state")
LEDGER_ARCHIVE = "ledger"
"""Folder of the archive with the ledgers, beside the delivered files."""
WAIT_SECONDS = 1800.0
"""How long a command waits for another that is at work, where nobody says otherwise."""
SET_ASIDE, BEING_REBUILT = "warehouse.corrupt-*.duckdb*", "warehouse.rebuilding.duckdb"
"""Warehouses that a rebuild put away, and the one that it is making."""


@dataclass(frozen=True)
class Workspace:
    """A workspace folder and its settings."""

    root: Path
    settings: Settings

    def folder(self, name: str) -> Path:
        """One of the workspace's folders."""
        return self.root / name

    @property
    def warehouse_path(self) -> Path:
        """The DuckDB file that only runs open."""
        return self.root / "warehouse.duckdb"

    def week_folders(self) -> list[Path]:
        """Folders of every revision of every published week, oldest first; not the link, nor what is being built."""
        folders = self.folder("published").iterdir()
        return sorted(p for p in folders if p.is_dir() and not p.is_symlink() and not p.name.startswith("."))


def open_workspace(root: Path) -> Workspace:
    """The workspace in `root`. Raises UsageError if there is none or its settings are wrong."""
    path = root / "winback.toml"
    if not path.is_file():
        raise UsageError(f"{root} is no workspace: it has no winback.toml. Make one with: winback init {root}")
    workspace = Workspace(root.resolve(), parse_settings(path.read_text(encoding="utf-8"), str(path)))
    for name in FOLDERS:
        workspace.folder(name).mkdir(exist_ok=True)
    return workspace


@dataclass(frozen=True)
class Warehouse:
    """An open warehouse: the workspace, its connection, the day the run takes for today, and where secrets are looked up.

    `kept` holds what a step of the run made and a later one uses again (`once`); it ends with the run.
    """

    workspace: Workspace
    con: duckdb.DuckDBPyConnection
    today: date
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    kept: dict[Hashable, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def settings(self) -> Settings:
        """The workspace's settings."""
        return self.workspace.settings

    def once(self, asked: Hashable, make: Callable[[], _Made]) -> _Made:
        """What `make` gives, made the first time it is `asked` for and kept for the rest of the run."""
        if asked not in self.kept:
            self.kept[asked] = make()
        made: _Made = self.kept[asked]
        return made


@contextmanager
def open_warehouse(
    workspace: Workspace, today: Callable[[], date], wait_seconds: float, secrets: Mapping[str, str] | None = None
) -> Iterator[Warehouse]:
    """Take the workspace's lock, open the warehouse with its ledgers in place, and close both afterwards.

    Raises RunFailedError that names the holder if the lock is not free within `wait_seconds`, or if the warehouse is damaged.
    """
    with workspace_lock(workspace, wait_seconds):
        con = _connect(workspace)
        try:
            # Models multiply matrices too small to share out among threads, and their last digits hang on the number of them.
            with threadpool_limits(1, user_api="blas"):
                yield Warehouse(workspace, con, today(), secrets or {})
        finally:
            con.close()


@contextmanager
def workspace_lock(workspace: Workspace, wait_seconds: float) -> Iterator[None]:
    """Hold the lock without which nobody opens the warehouse. Raises RunFailedError that names the holder."""
    with _held(workspace, "workspace", wait_seconds):
        yield


@contextmanager
def run_turn(workspace: Workspace, wait_seconds: float) -> Iterator[None]:
    """Wait for other commands that bring out weeks of this workspace, so that one computes and the next finds it done.

    Raises RunFailedError that names the holder if the turn does not come within `wait_seconds`.
    """
    with _held(workspace, "run", wait_seconds):
        yield


def who_is_at_work(workspace: Workspace) -> str | None:
    """Who holds the lock of `open_warehouse`, None if it is free."""
    try:
        with FileLock(_lock_path(workspace, "workspace"), timeout=0):
            return None
    except Timeout:
        return _holder(workspace, "workspace")


@contextmanager
def _held(workspace: Workspace, name: str, wait_seconds: float) -> Iterator[None]:
    """Hold `state/<name>.lock`; who holds it is written beside it."""
    lock = FileLock(_lock_path(workspace, name))
    try:
        lock.acquire(timeout=wait_seconds)
    except Timeout as error:
        who = _holder(workspace, name)
        raise RunFailedError(
            f"the workspace {workspace.root} is in use by {who}; wait for it, or run with a longer --wait"
        ) from error
    try:
        write_atomically(_holder_path(workspace, name), f"process {os.getpid()} on {socket.gethostname()}\n".encode())
        yield
    finally:
        lock.release()


def _lock_path(workspace: Workspace, name: str) -> Path:
    return workspace.folder("state") / f"{name}.lock"


def _holder_path(workspace: Workspace, name: str) -> Path:
    return workspace.folder("state") / f"{name}_holder.txt"


def _holder(workspace: Workspace, name: str) -> str:
    path = _holder_path(workspace, name)
    return path.read_text(encoding="utf-8").strip() if path.is_file() else "another process"


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file so that readers see either the old one or the whole new one."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(name, path)
    except OSError:
        Path(name).unlink()
        raise


def append_lines(path: Path, entries: Iterable[Mapping[str, Any]]) -> None:
    """Add one JSON object a line to a file that is the owner's alone; on the disk when this returns."""
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    with os.fdopen(handle, "a", encoding="utf-8") as stream:
        stream.writelines(json.dumps(entry, ensure_ascii=False) + "\n" for entry in entries)
        stream.flush()
        os.fsync(stream.fileno())


def _connect(workspace: Workspace) -> duckdb.DuckDBPyConnection:
    path = workspace.warehouse_path
    is_there = path.is_file() and path.stat().st_size > 0
    if not is_there and has_ledger(workspace.folder("archive") / LEDGER_ARCHIVE):
        raise RunFailedError(f"the warehouse {path} is {'empty' if path.is_file() else 'missing'}; {REBUILD}")
    try:
        con = duckdb.connect(str(path))
    except duckdb.Error as error:
        raise RunFailedError(_why_closed(path, str(error).splitlines()[0])) from error
    prepare_warehouse(con, workspace)
    return con


def prepare_warehouse(con: duckdb.DuckDBPyConnection, workspace: Workspace) -> None:
    """Set up a connection to a warehouse and create the ledgers and every table that lies in one, where they do not exist yet."""
    con.execute("SET TimeZone = 'UTC'")
    con.execute("SET enable_progress_bar = false")
    con.execute("SET memory_limit = ?", [f"{workspace.settings.workspace.warehouse_memory_gb}GB"])
    con.execute("SET temp_directory = ?", [str(workspace.folder("state") / "duckdb_tmp")])
    create_ledger(con)
    create_week_ledger(con)
    create_erased_weeks(con)
    create_empty_tables(con, table_names("computed") + table_names("output"))


def _why_closed(path: Path, why: str) -> str:
    if "lock on file" in why:
        return f"the warehouse {path} is open in another program: {why}; close it there and run again"
    fault = storage_fault(why)
    return fault or f"the warehouse {path} cannot be opened ({why}); {REBUILD}"

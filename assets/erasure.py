"""Removing an account or a person from a workspace.

Belongs here: the order of the steps, and the receipt. Does not belong here: the steps (`assets.erasure_files`,
`assets.erasure_archive`, `winback.privacy`).

The order makes a killed erasure safe to run again: who is meant is written down first (`state/erasure_pending.json`, the owner's
alone), then they are suppressed, then the files are rewritten, the warehouse last, and only then comes the receipt and the note
is removed. Until then the same command takes it up.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from assets.access_log import log_access
from assets.erasure_archive import find_rewritings, rewrite_archive
from assets.erasure_files import (
    clean_delivery_folders,
    clean_inbox,
    clean_logs,
    clean_published_week,
    clean_set_aside,
    swap_in,
)
from assets.erasure_search import mentions_left
from assets.state import write_state
from assets.suppression import load_suppression, suppress
from assets.workspace import LEDGER_ARCHIVE, Warehouse, Workspace, write_atomically
from winback.contracts.tables import transaction
from winback.errors import UsageError
from winback.privacy.marks import Marks
from winback.privacy.subject import Subject, find_subject, subject_from_json
from winback.privacy.warehouse import delete_rows, note_erased_weeks, replace_mentions, rows_by_table, write_fresh
from winback.publication.ledger_archive import archive_ledger

PENDING, RECEIPTS = "erasure_pending.json", "erasures.jsonl"
KINDS = {"account_id": "account", "person_id": "person"}


@dataclass(frozen=True)
class Erasure:
    """What an erasure found: rows by table of the warehouse, files and records by place, places that still mention the subject.

    `left` is by file, relative to the workspace; what stands there is others' free text, or a file that cannot be rewritten.
    """

    receipt: int
    rows: Mapping[str, int]
    places: Mapping[str, int]
    weeks: tuple[str, ...]
    left: Mapping[str, int]


def look(warehouse: Warehouse, column: str, value: str) -> Erasure:
    """What `erase` would find, with nothing changed. Raises UsageError where nothing of them is known."""
    return _look(warehouse, _subject(warehouse, column, value))


def erase(warehouse: Warehouse, column: str, value: str) -> Erasure:
    """Remove an account (`account_id`) or person (`person_id`) everywhere and keep them out; closes the warehouse's connection.

    Raises UsageError where nothing of them is known or another erasure was begun, RunFailedError where another process holds a
    file; run it again then.
    """
    workspace = warehouse.workspace
    pending = _pending(workspace)
    if pending is None:
        subject = _subject(warehouse, column, value)
        found = _look(warehouse, subject)
        pending = {"subject": subject.as_json(), "stale": [], "found": asdict(found)}
        _note(workspace, pending)
    elif [column, value] != [pending["subject"]["column"], pending["subject"]["value"]]:
        raise UsageError("another erasure was begun and not finished; finish it first with: winback erase --continue")
    return _carry_out(warehouse, pending)


def take_up(warehouse: Warehouse) -> Erasure:
    """Finish an erasure that was begun. Raises UsageError if there is none."""
    pending = _pending(warehouse.workspace)
    if pending is None:
        raise UsageError("no erasure was begun that is not finished")
    return _carry_out(warehouse, pending)


def _look(warehouse: Warehouse, subject: Subject) -> Erasure:
    marks = Marks(subject)
    places, weeks = _clean_files(warehouse.workspace, subject, marks, is_dry=True)
    places["archive"] = len(find_rewritings(warehouse, subject, marks))
    rows = rows_by_table(warehouse.con, subject)
    return Erasure(_next_receipt(warehouse.workspace), rows, places, weeks, {})


def _carry_out(warehouse: Warehouse, pending: dict[str, Any]) -> Erasure:
    workspace = warehouse.workspace
    subject, found = subject_from_json(pending["subject"]), Erasure(**pending["found"])
    marks = Marks(subject)
    suppress(workspace, subject.ids, warehouse.today)
    _clean_files(workspace, subject, marks, is_dry=False)
    rewritings = find_rewritings(warehouse, subject, marks)
    rewrite_archive(warehouse, rewritings, marks, lambda stale: _note_stale(workspace, pending, stale))
    _clean_warehouse(warehouse, subject, marks)
    # Before the old files go: until then the archived ledger names them, and a rebuild finds what it names.
    archive_ledger(warehouse.con, workspace.folder("archive") / LEDGER_ARCHIVE)
    for path in pending["stale"]:
        (workspace.root / path).unlink(missing_ok=True)
    if "raw_note_labels" in found.rows:
        _drop_own_labellers(workspace)
    write_state(warehouse)
    _swap_warehouse(warehouse)
    done = replace(found, left=mentions_left(workspace, marks))
    _finish(warehouse, KINDS[subject.column], done)
    return done


def _clean_warehouse(warehouse: Warehouse, subject: Subject, marks: Marks) -> None:
    with transaction(warehouse.con):
        delete_rows(warehouse.con, subject)
        replace_mentions(warehouse.con, marks)
        note_erased_weeks(warehouse.con)


def _subject(warehouse: Warehouse, column: str, value: str) -> Subject:
    """Who is meant; somebody erased before may be erased again, so that what came by another way goes too."""
    try:
        return find_subject(warehouse.con, column, value, warehouse.settings.workspace.phone_region)
    except UsageError:
        known = load_suppression(warehouse.workspace)
        if known is None or not known.holds(column, value):
            raise
        return Subject(column, value, {column: frozenset({value})})


def _clean_files(
    workspace: Workspace, subject: Subject, marks: Marks, *, is_dry: bool
) -> tuple[dict[str, int], tuple[str, ...]]:
    """Rewrite every file but archive and warehouse; counts by place, and names of the published weeks that lost rows."""
    places = {"published": 0}
    weeks = []
    for folder in sorted(workspace.folder("published").iterdir()):
        if folder.is_symlink() or not folder.is_dir():
            continue
        if folder.name.startswith("."):
            if not is_dry:
                shutil.rmtree(folder)
            continue
        changed = clean_published_week(folder, subject, marks, is_dry=is_dry)
        places["published"] += changed
        if changed:
            weeks.append(folder.name)
    for name, clean in (
        ("representatives' folders", clean_delivery_folders),
        ("inbox", clean_inbox),
        ("logs and Dagster's records", clean_logs),
        ("warehouses set aside", clean_set_aside),
    ):
        places[name] = clean(workspace, subject, marks, is_dry=is_dry)
    return places, tuple(weeks)


def _drop_own_labellers(workspace: Workspace) -> None:
    """A labeller fitted on the erased notes is fitted anew by the next run, from those that remain."""
    for path in workspace.folder("models").glob("labeller-*.npz"):
        path.unlink()


def _swap_warehouse(warehouse: Warehouse) -> None:
    path = warehouse.workspace.warehouse_path
    fresh = path.with_name(f"{path.name}.fresh")
    write_fresh(warehouse.con, fresh)
    warehouse.con.close()
    swap_in(fresh, path)
    path.with_name(f"{path.name}.wal").unlink(missing_ok=True)
    shutil.rmtree(warehouse.workspace.folder("state") / "duckdb_tmp", ignore_errors=True)


def _finish(warehouse: Warehouse, kind: str, erasure: Erasure) -> None:
    """Leave a receipt that names nobody, enter the access log, and remove the note of who it was."""
    state = warehouse.workspace.folder("state")
    receipt = {
        "receipt": erasure.receipt,
        "on": warehouse.today.isoformat(),
        "kind": kind,
        "rows": sum(erasure.rows.values()),
        "places": dict(erasure.places),
        "weeks": list(erasure.weeks),
        "files_that_still_mention": len(erasure.left),
    }
    known = [line for line in _receipts(warehouse.workspace) if line["receipt"] != erasure.receipt]
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in [*known, receipt])
    write_atomically(state / RECEIPTS, text.encode("utf-8"))
    log_access(
        warehouse.workspace, warehouse.today, "erase", kind=kind, receipt=erasure.receipt, n_rows=sum(erasure.rows.values())
    )
    (state / PENDING).unlink()


def _receipts(workspace: Workspace) -> list[dict[str, Any]]:
    path = workspace.folder("state") / RECEIPTS
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.is_file() else []


def _next_receipt(workspace: Workspace) -> int:
    return 1 + max((line["receipt"] for line in _receipts(workspace)), default=0)


def is_unfinished(workspace: Workspace) -> bool:
    """Whether an erasure was cut off and waits for `winback erase --continue`."""
    return (workspace.folder("state") / PENDING).is_file()


def _pending(workspace: Workspace) -> dict[str, Any] | None:
    path = workspace.folder("state") / PENDING
    if not path.is_file():
        return None
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return document


def _note(workspace: Workspace, pending: Mapping[str, Any]) -> None:
    path = workspace.folder("state") / PENDING
    write_atomically(path, json.dumps(pending, ensure_ascii=False).encode("utf-8"))


def _note_stale(workspace: Workspace, pending: dict[str, Any], stale: list[Path]) -> None:
    pending["stale"] += [str(path.relative_to(workspace.root)) for path in stale]
    _note(workspace, pending)

"""Who must not come back with the next file.

Belongs here: the key (`state/suppression.key`) and the list (`state/suppressed.jsonl`) of keyed hashes, both the owner's alone, and
screening a delivered file before it is archived. Does not belong here: the hashes themselves (`winback.privacy.suppression`).

Whoever has the key can tell whether somebody is on the list, so it stays in this folder; without it the list tells nothing. If it
is lost the list is worthless: back up both.
"""

from __future__ import annotations

import json
import secrets
from collections import defaultdict
from collections.abc import Mapping
from datetime import date
from pathlib import Path

from assets.workspace import Warehouse, Workspace, write_atomically
from data_contracts import load_contract
from winback.errors import RunFailedError, UnreadableFileError
from winback.load.receive import open_source
from winback.privacy.delivered_file import records_of, write_without
from winback.privacy.suppression import KEY_BYTES, Suppression, digest, suppressed_in

KEY, LIST = "suppression.key", "suppressed.jsonl"


def load_suppression(workspace: Workspace) -> Suppression | None:
    """The workspace's suppression list, None while nobody was erased. Raises RunFailedError if there is a list but no key."""
    state = workspace.folder("state")
    if not (state / LIST).is_file():
        return None
    digests = defaultdict[str, set[str]](set)
    for line in (state / LIST).read_text(encoding="utf-8").splitlines():
        entry = json.loads(line)
        digests[entry["column"]].add(entry["digest"])
    return Suppression(_key(state), {column: frozenset(values) for column, values in digests.items()})


def suppress(workspace: Workspace, ids: Mapping[str, frozenset[str]], today: date) -> None:
    """Put identifiers on the list; those on it already stay as they are."""
    state = workspace.folder("state")
    known = load_suppression(workspace)
    key = known.key if known else _new_key(state)
    lines = (state / LIST).read_bytes() if known else b""
    for column, values in sorted(ids.items()):
        for hashed in sorted(digest(key, column, value) for value in values):
            if known is None or hashed not in known.digests.get(column, frozenset()):
                lines += (json.dumps({"column": column, "digest": hashed, "on": today.isoformat()}) + "\n").encode()
    write_atomically(state / LIST, lines)


def screened(warehouse: Warehouse, path: Path, table: str | None, target: Path) -> int:
    """Write a delivered file without the records of those on the list to `target`; returns how many, and writes nothing at 0."""
    suppression = load_suppression(warehouse.workspace)
    if suppression is None or table is None:
        return 0
    contract = load_contract(table)
    try:
        source = open_source(warehouse.con, contract, path)
        found = {
            column: set(values) for column, values in suppressed_in(warehouse.con, contract, source, suppression).items()
        }
    except UnreadableFileError:
        return 0
    for (text,) in warehouse.con.execute("SELECT record_text FROM _broken").fetchall() if source.n_broken else []:
        for cell in _cells(text):
            for column in suppression.digests:
                if suppression.holds(column, cell):
                    found.setdefault(column, set()).add(cell)
    ids = {column: frozenset(values) for column, values in found.items()}
    records = records_of(path, contract, ids) if ids else {}
    if records:
        write_without(path, contract, records, target)
    return len(records)


def _cells(text: str) -> set[str]:
    return {cell.strip(' \t\r"') for delimiter in ",;\t" for cell in text.split(delimiter)} - {""}


def _key(state: Path) -> bytes:
    path = state / KEY
    if not path.is_file():
        raise RunFailedError(
            f"{path} is missing, so that nobody can tell who was erased and must not come back; put it back from a backup"
        )
    return bytes.fromhex(path.read_text(encoding="ascii").strip())


def _new_key(state: Path) -> bytes:
    """The key that is there (an erasure may have been killed before it wrote the list), else a new one."""
    if (state / KEY).is_file():
        return _key(state)
    key = secrets.token_bytes(KEY_BYTES)
    write_atomically(state / KEY, key.hex().encode("ascii"))
    return key

"""Faults of the disk in one sentence.

Belongs here: telling from an error's text that the disk is full, cannot be written, or holds a damaged warehouse, and what to do.
Does not belong here: catching errors.

The text is looked at, not the type: Dagster hands errors on as text, and DuckDB and SQLite have errors of their own.
"""

from __future__ import annotations

REBUILD = "make it anew from the archive with: winback rebuild"
_FULL = ("No space left on device", "disk is full", "Disk quota exceeded", "File too large", "disk I/O error")
_CLOSED = ("Read-only file system", "readonly database", "Permission denied", "Operation not permitted")
_RECORDS = ("file is not a database", "database disk image is malformed")
_DAMAGED = (
    "Corrupt database file",
    "not a valid DuckDB database",
    "does not match stored checksum",
    "Failed to load metadata",
)


def storage_fault(text: str) -> str | None:
    """What an error's text says of the disk, and what to do; None if it is about something else."""
    known = (*_FULL, *_CLOSED, *_RECORDS, *_DAMAGED)
    line = next((line.strip() for line in text.splitlines() if any(words in line for words in known)), None)
    if line is None:
        return None
    if any(words in line for words in _DAMAGED):
        return f"the warehouse is damaged ({line}); {REBUILD}"
    if any(words in line for words in _RECORDS):
        return (
            f"Dagster's records of earlier runs are damaged ({line}); nothing else is kept there. Move the folders history, "
            "schedules and storage out of the workspace's dagster folder, and run again"
        )
    stays = "the last published week stays as it was and nothing received is lost"
    if any(words in line for words in _FULL):
        return f"the disk is full ({line}); {stays}. Make room, 'winback doctor' says how much is wanted, and run again"
    return (
        f"the workspace cannot be written ({line}); {stays}. Give this user the folder, or mount it writable, and run again"
    )

"""The day between the weeks.

Belongs here: loading what came, and putting the day's files where people find them. Does not belong here: what is in them
(`winback.publication.day`).
"""

from __future__ import annotations

from pathlib import Path

from assets.delivery import hand_out
from assets.inbox import load_inbox
from assets.retention import prune
from assets.state import write_state
from assets.workspace import Warehouse, write_atomically
from winback.load.ledger import last_batch
from winback.publication.day import day_files


def bring_out_day(warehouse: Warehouse) -> Path:
    """Load the inbox and write the day's files to `outbox/daily/<date>/`, representatives' promises also into their own folders.

    A second run on a day replaces the first. At the end what `[retention]` keeps no longer is removed. Returns the folder.
    Raises UsageError before the first week.
    """
    load_inbox(warehouse)
    write_state(warehouse)
    day = warehouse.today
    files = day_files(warehouse.con, warehouse.settings, day, last_batch(warehouse.con))
    folder = warehouse.workspace.folder("outbox") / "daily" / day.isoformat()
    folder.mkdir(parents=True, exist_ok=True)
    for old in set(folder.iterdir()) - {folder / name for name in files}:
        old.unlink()
    for name, data in files.items():
        write_atomically(folder / name, data)
    hand_out(warehouse.workspace, folder, day.isoformat())
    prune(warehouse)
    return folder

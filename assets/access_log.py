"""The log of what operators did to published weeks and to persons' data.

Belongs here: appending one line to `state/access_log.jsonl`. Does not belong here: personal data; a line names weeks and counts.
"""

from __future__ import annotations

import getpass
import json
import os
from datetime import date

from assets.workspace import Workspace


def log_access(workspace: Workspace, today: date, action: str, **detail: str | int) -> None:
    """Append one line: the day, the user of this machine, what was done and to what."""
    line = {"on": today.isoformat(), "user": getpass.getuser(), "action": action} | detail
    path = workspace.folder("state") / "access_log.jsonl"
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    with os.fdopen(handle, "a", encoding="utf-8") as stream:
        stream.write(json.dumps(line, ensure_ascii=False) + "\n")
        stream.flush()
        os.fsync(stream.fileno())

"""The log of what operators did to published weeks and to persons' data.

Belongs here: appending one line to `state/access_log.jsonl`. Does not belong here: personal data; a line names weeks and counts.
"""

from __future__ import annotations

import getpass
from datetime import date

from assets.workspace import Workspace, append_lines


def log_access(workspace: Workspace, today: date, action: str, **detail: str | int) -> None:
    """Append one line: the day, the user of this machine, what was done and to what."""
    line = {"on": today.isoformat(), "user": getpass.getuser(), "action": action} | detail
    append_lines(workspace.folder("state") / "access_log.jsonl", [line])

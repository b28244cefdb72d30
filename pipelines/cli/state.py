"""What a workspace tells without its warehouse being opened.

Belongs here: reading the state files that runs leave behind. Does not belong here: showing them.
"""

from __future__ import annotations

import json
from typing import Any

from assets.workspace import Workspace
from winback.errors import RunFailedError

EMPTY: dict[str, Any] = {
    "newest_spend_on": None,
    "files": [],
    "totals": {
        "rows_received": 0,
        "rows_loaded": 0,
        "rows_quarantined": 0,
        "rows_duplicate": 0,
        "rows_suppressed": 0,
    },
    "weeks": [],
}
"""What is known before the first run."""


def read_state(workspace: Workspace) -> dict[str, Any]:
    """Files, totals and weeks as the last run left them; `EMPTY` before the first.

    Raises RunFailedError if they cannot be read.
    """
    path = workspace.folder("state") / "status.json"
    if not path.is_file():
        return dict(EMPTY)
    try:
        state: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise RunFailedError(f"{path} cannot be read ({error}); delete it, the next winback run writes it anew") from error
    return state

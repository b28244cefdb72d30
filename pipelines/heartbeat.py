"""When the daemon was last heard of.

Belongs here: reading the heartbeat that Dagster's daemon leaves in the workspace. Does not belong here: judging it
(`assets.doctor`), or showing it.
"""

from __future__ import annotations

from datetime import UTC, datetime

import dagster as dg

from assets.workspace import Workspace

_SCHEDULER = "SCHEDULER"


def daemon_heard_at(workspace: Workspace) -> datetime | None:
    """The last sign of life of the thread that starts scheduled runs, in UTC; None where no daemon ever ran."""
    home = workspace.folder("dagster")
    if not (home / "history" / "runs.db").is_file():
        return None
    with dg.DagsterInstance.from_config(str(home)) as instance:
        heartbeat = instance.get_daemon_heartbeats().get(_SCHEDULER)
    return None if heartbeat is None else datetime.fromtimestamp(heartbeat.timestamp, UTC)

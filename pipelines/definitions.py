"""The definitions that Dagster's tools load.

Belongs here: reading from the environment which workspace to serve. Does not belong here: building anything.

`WINBACK_WORKSPACE` names the workspace; `winback ui` sets it. Without it the definitions load all the same, and only a
run fails, with what to do.
"""

import os
from pathlib import Path

import dagster as dg

from assets.workspace import Workspace, open_workspace
from pipelines.build import build_defs
from pipelines.clock import today_in
from pipelines.schedules import weekly_freshness
from winback.config import Settings
from winback.errors import UsageError

WORKSPACE_VARIABLE = "WINBACK_WORKSPACE"


def _workspace() -> Workspace:
    root = os.environ.get(WORKSPACE_VARIABLE)
    if not root:
        raise UsageError(f"{WORKSPACE_VARIABLE} is not set; start the web UI with: winback ui --workspace DIR")
    return open_workspace(Path(root))


@dg.definitions
def defs() -> dg.Definitions:
    """Definitions on the workspace of the environment."""
    settings = _workspace().settings if os.environ.get(WORKSPACE_VARIABLE) else Settings()
    timezone = settings.workspace.timezone
    return build_defs(
        timezone=timezone,
        workspace=_workspace,
        today=today_in(settings.zone),
        secrets=os.environ,
        freshness=weekly_freshness(timezone) if settings.workspace.clock == "today" else None,
    )

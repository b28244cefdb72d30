"""Making a workspace, and putting imported logs into its inbox.

Belongs here: folders, settings file, templates, Dagster's own settings, imported files. Does not belong here: opening the
warehouse.
"""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl

from assets.inbox import SIDECAR
from assets.workspace import FOLDERS, Workspace, open_workspace, write_atomically
from data_contracts import load_contract, table_names
from winback.config import Settings, settings_text
from winback.contracts.templates import template_csv
from winback.errors import UsageError
from winback.importers.imported import ImportedLog

DAGSTER_SETTINGS = """# Dagster's settings for this workspace: no telemetry, no newsletter.
telemetry:
  enabled: false
nux:
  enabled: false
# One run at a time works on the workspace, by its own lock, whoever starts it; weeks of a backfill wait for their turn in a queue.
run_coordinator:
  module: pipelines.run_queue
  class: OneWeekAtATime
# A run whose process died is tried again from its start. One that failed is not, unless what stopped it may pass.
run_retries:
  enabled: true
  max_retries: 2
  retry_on_asset_or_op_failure: false
# The daemon looks whether assets are as fresh as they promise.
freshness:
  enabled: true
"""


def create_workspace(root: Path, settings: Settings) -> Workspace:
    """Make a workspace in `root`, which must not be one yet. Raises UsageError if it is, or is a file."""
    if (root / "winback.toml").exists():
        raise UsageError(f"{root} is a workspace already")
    if root.exists() and not root.is_dir():
        raise UsageError(f"{root} is a file, not a folder")
    for name in FOLDERS:
        (root / name).mkdir(parents=True, exist_ok=True)
    (root / "dagster" / "dagster.yaml").write_text(DAGSTER_SETTINGS, encoding="utf-8")
    for table in table_names("input"):
        (root / "templates" / f"{table}.csv").write_bytes(template_csv(load_contract(table)))
    write_atomically(root / "winback.toml", settings_text(settings).encode("utf-8"))
    return open_workspace(root)


def put_in_inbox(workspace: Workspace, log: ImportedLog) -> list[Path]:
    """Write an imported log's tables and its source note; returns the files in the inbox."""
    (workspace.root / f"SOURCE_{log.name}.md").write_text(log.source_note, encoding="utf-8")
    return write_tables(workspace, log.tables, log.name)


def write_tables(workspace: Workspace, tables: dict[str, pl.DataFrame], suffix: str) -> list[Path]:
    """Write frames to the inbox as `<table>_<suffix>.csv`, each with a sidecar that declares its rows."""
    inbox, written = workspace.folder("inbox"), []
    for table, rows in sorted(tables.items()):
        path = inbox / f"{table}_{suffix}.csv"
        rows.write_csv(path)
        sidecar = json.dumps({"rows": rows.height}) + "\n"
        path.with_name(path.name + SIDECAR).write_text(sidecar, encoding="utf-8")
        written.append(path)
    return written

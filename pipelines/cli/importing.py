"""`winback import`: public logs as workspaces.

Belongs here: one command per source. Does not belong here: reading the source (`winback.importers`).
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Annotated

import polars as pl
import typer

from assets.workspace import Workspace, open_workspace
from assets.workspace_files import create_workspace, put_in_inbox
from pipelines.cli.console import output
from winback.errors import UsageError
from winback.importers.cdnow import read_cdnow
from winback.importers.imported import ImportedLog

app = typer.Typer(help="Bring a public log into a workspace (made if it does not exist).", no_args_is_help=True)

Folder = Annotated[Path, typer.Argument(help="Folder of the workspace; made if it does not exist.")]


@app.callback()
def importing() -> None:
    """Bring a public log into a workspace (made if it does not exist)."""


@app.command("cdnow")
def cdnow(folder: Folder) -> None:
    """CDNOW: 23,570 real customers of a music shop, 69,659 purchases, 1997-98."""
    _bring_in(read_cdnow(_packaged_text("lifetimes", "datasets/CDNOW_master.txt", extra="data")), folder)


def real_logs() -> dict[str, pl.DataFrame]:
    """Spend frames (account_id, spent_on, amount) of the real logs that installed packages ship, by name."""
    if importlib.util.find_spec("lifetimes") is None:
        return {}
    spend = read_cdnow(_packaged_text("lifetimes", "datasets/CDNOW_master.txt", extra="data")).tables["spend"]
    return {"CDNOW": spend.select("account_id", "spent_on", pl.col("amount").cast(pl.Decimal(18, 4)))}


def _bring_in(log: ImportedLog, folder: Path) -> None:
    workspace = _workspace_for(folder, log)
    written = put_in_inbox(workspace, log)
    rows = ", ".join(f"{frame.height:,} {table}" for table, frame in sorted(log.tables.items()))
    output.print(f"{log.name}: {log.n_source_rows:,} source rows → {rows}; origin and licence in SOURCE_{log.name}.md")
    for reason, count in log.left_out.items():
        output.print(f"  left out: {count:,} {reason}")
    output.print(f"  {len(written)} files in {workspace.folder('inbox')}", soft_wrap=True)


def _workspace_for(folder: Path, log: ImportedLog) -> Workspace:
    if not (folder / "winback.toml").exists():
        return create_workspace(folder, log.settings)
    workspace = open_workspace(folder)
    if workspace.settings.workspace.clock != "data":
        raise UsageError(f'{folder} lives in the present (clock = "today"); import a past log into a folder of its own')
    return workspace


def _packaged_text(package: str, path: str, extra: str) -> str:
    """Text of a data file shipped in an installed package, without importing the package."""
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise UsageError(f"the package '{package}', which ships this log, is not installed; install winback[{extra}]")
    return (Path(next(iter(spec.submodule_search_locations))) / path).read_text(encoding="utf-8")

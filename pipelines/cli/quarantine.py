"""`winback quarantine`: the rows held back, and why; the cells of returned lists that were edited and ignored.

Belongs here: the command. Does not belong here: the rules (`winback.contracts.row_rules`), finding edits (`assets.edited_cells`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import polars as pl
import typer

from assets.edited_cells import edits_of
from assets.workspace import Workspace, open_workspace
from data_contracts import load_contract, table_names
from pipelines.cli.console import WorkspaceOption, output, plain, print_json, table
from pipelines.cli.state import read_state
from winback.contracts.row_rules import explain_rule
from winback.errors import UsageError


def quarantine(
    workspace: WorkspaceOption = Path("workspace"),
    file: Annotated[str | None, typer.Option(help="Only this file.")] = None,
    edited: Annotated[
        bool,
        typer.Option("--edited", help="Instead the cells of returned lists that are not for writing back and were edited."),
    ] = False,
    limit: Annotated[int, typer.Option(min=1, help="Most rows to list.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="Every row, one JSON object a line.")] = False,
) -> None:
    """List the rows held back, with file, line, rule and value, and say in words what to mend."""
    place = open_workspace(workspace)
    if edited:
        _show_edited(place, file, limit, as_json=as_json)
        return
    rows = _rows(place, file)
    if as_json:
        for row in rows.iter_rows(named=True):
            print_json(row | {"explanation": _explain(row["table_name"], row["rule"], row["column_name"])}, indent=None)
        return
    if rows.height == 0:
        output.print("Nothing is held back.")
        return
    _show_rules(rows)
    listed = table("Rows", "file", "line", "rule", "column", "value", numbers=("line",))
    for row in rows.head(limit).iter_rows(named=True):
        listed.add_row(
            plain(row["file"]), str(row["line_no"]), row["rule"], row["column_name"] or "", _printable(row["cell_value"])
        )
    output.print(listed)
    if rows.height > limit:
        output.print(f"{rows.height - limit:,} more; --limit {rows.height} or --json shows them all")


def _rows(place: Workspace, file: str | None) -> pl.DataFrame:
    path = place.folder("state") / "quarantine.parquet"
    rows = pl.read_parquet(path) if path.is_file() else pl.DataFrame(schema={"file": pl.String})
    if file is None:
        return rows
    if file not in rows["file"]:
        raise UsageError(f"no row of a file '{file}' is held back; 'winback status' lists the files")
    return rows.filter(pl.col("file") == file)


def _show_edited(place: Workspace, file: str | None, limit: int, *, as_json: bool) -> None:
    files = [entry for entry in read_state(place)["files"] if file is None or entry["file"] == file]
    if file is not None and not files:
        raise UsageError(f"no file '{file}' was received; 'winback status' lists the files")
    edits = edits_of(place, files)
    if as_json:
        for row in edits.iter_rows(named=True):
            print_json(row, indent=None)
        return
    if edits.height == 0:
        output.print("No cell that was handed out came back edited.")
        return
    listed = table("Edited and ignored", "file", "row", "column", "handed out", "came back")
    for name, key, column, ours, theirs in edits.head(limit).iter_rows():
        listed.add_row(_printable(name), _printable(key), column, _printable(ours), _printable(theirs))
    output.print(listed)
    if edits.height > limit:
        output.print(f"{edits.height - limit:,} more; --limit {edits.height} or --json shows them all")


def _show_rules(rows: pl.DataFrame) -> None:
    summary = table("Held back, by rule", "file", "rows", "what is wrong", numbers=("rows",))
    counts = rows.group_by("file", "table_name", "rule", "column_name").len().sort("file", "len", descending=[False, True])
    for name, table_name, rule, column, count in counts.iter_rows():
        summary.add_row(plain(name), f"{count:,}", _explain(table_name, rule, column))
    output.print(summary)


def _explain(table_name: str, rule: str, column: str | None) -> str:
    contract = load_contract(table_name) if table_name in table_names("input") else None
    return explain_rule(rule, column, contract)


def _printable(value: str | None) -> str:
    """A cell without control characters, which could otherwise steer the terminal."""
    return plain((value or "")[:60])

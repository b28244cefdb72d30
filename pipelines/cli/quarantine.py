"""`winback quarantine`: the rows held back, and why.

Belongs here: the command. Does not belong here: the rules (`winback.contracts.row_rules`).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import polars as pl
import typer

from assets.workspace import Workspace, open_workspace
from data_contracts import load_contract, table_names
from pipelines.cli.console import WorkspaceOption, output, table
from winback.contracts.row_rules import explain_rule
from winback.errors import UsageError


def quarantine(
    workspace: WorkspaceOption = Path("workspace"),
    file: Annotated[str | None, typer.Option(help="Only this file.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="Most rows to list.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="Every row, one JSON object a line.")] = False,
) -> None:
    """List the rows held back, with file, line, rule and value, and say in words what to mend."""
    rows = _rows(open_workspace(workspace), file)
    if as_json:
        for row in rows.iter_rows(named=True):
            typer.echo(
                json.dumps(
                    row | {"explanation": _explain(row["table_name"], row["rule"], row["column_name"])}, ensure_ascii=False
                )
            )
        return
    if rows.height == 0:
        output.print("Nothing is held back.")
        return
    _show_rules(rows)
    listed = table("Rows", "file", "line", "rule", "column", "value", numbers=("line",))
    for row in rows.head(limit).iter_rows(named=True):
        listed.add_row(
            row["file"], str(row["line_no"]), row["rule"], row["column_name"] or "", _printable(row["cell_value"])
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


def _show_rules(rows: pl.DataFrame) -> None:
    summary = table("Held back, by rule", "file", "rows", "what is wrong", numbers=("rows",))
    counts = rows.group_by("file", "table_name", "rule", "column_name").len().sort("file", "len", descending=[False, True])
    for name, table_name, rule, column, count in counts.iter_rows():
        summary.add_row(name, f"{count:,}", _explain(table_name, rule, column))
    output.print(summary)


def _explain(table_name: str, rule: str, column: str | None) -> str:
    contract = load_contract(table_name) if table_name in table_names("input") else None
    return explain_rule(rule, column, contract)


def _printable(value: str | None) -> str:
    """A cell without control characters, which could otherwise steer the terminal."""
    return "".join(c if c.isprintable() else "�" for c in (value or ""))[:60].replace("[", "\\[")

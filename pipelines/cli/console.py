"""Terminals to print on.

Belongs here: the consoles and small ways of showing and writing that several commands share. Does not belong here: commands.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from winback.errors import UsageError

_WIDTH_IN_FILES = 160

output = Console(highlight=False, width=None if sys.stdout.isatty() else _WIDTH_IN_FILES)
errors = Console(stderr=True, highlight=False)

WorkspaceOption = Annotated[Path, typer.Option("--workspace", "-w", help="Folder of the workspace.")]


def write_text(path: Path, text: str) -> None:
    """Write a file that the user named. Raises UsageError where it cannot be written."""
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from error


def table(title: str, *columns: str, numbers: tuple[str, ...] = ()) -> Table:
    """An empty table whose columns in `numbers` are right-aligned."""
    drawn = Table(title=title, title_justify="left", header_style="bold", box=None, pad_edge=False)
    for column in columns:
        drawn.add_column(column, justify="right" if column in numbers else "left", overflow="fold")
    return drawn

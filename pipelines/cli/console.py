"""Terminals to print on.

Belongs here: the consoles and small ways of showing and writing that several commands share. Does not belong here: commands.
"""

from __future__ import annotations

import json
import sys
import unicodedata
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from winback.errors import UsageError

_WIDTH_IN_FILES = 160

output = Console(highlight=False, emoji=False, width=None if sys.stdout.isatty() else _WIDTH_IN_FILES)
errors = Console(stderr=True, highlight=False, emoji=False)

WorkspaceOption = Annotated[Path, typer.Option("--workspace", "-w", help="Folder of the workspace.")]


def write_text(path: Path, text: str) -> None:
    """Write a file that the user named. Raises UsageError where it cannot be written."""
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from error


def plain(value: object, *, keeps_lines: bool = False) -> str:
    """`value` for a console: it can neither steer the terminal, nor turn its direction, nor be taken for markup.

    Characters that are not shown become �; line breaks, too, unless they are kept.
    """
    text = "" if value is None else str(value)
    return escape("".join(c if _is_shown(c) or (c == "\n" and keeps_lines) else "�" for c in text))


def print_json(document: Any, indent: int | None = 2) -> None:
    """Print a document as JSON in which characters that could steer a terminal are written as escapes."""
    text = json.dumps(document, indent=indent, ensure_ascii=False)
    typer.echo("".join(c if _is_shown(c) or c == "\n" else json.dumps(c)[1:-1] for c in text))


def _is_shown(character: str) -> bool:
    """Printable characters, blanks of any width, and the joiners inside emoji and words."""
    return character.isprintable() or character in "\u200c\u200d" or unicodedata.category(character) == "Zs"


def table(title: str, *columns: str, numbers: tuple[str, ...] = ()) -> Table:
    """An empty table whose columns in `numbers` are right-aligned."""
    drawn = Table(title=title, title_justify="left", header_style="bold", box=None, pad_edge=False)
    for column in columns:
        drawn.add_column(column, justify="right" if column in numbers else "left", overflow="fold")
    return drawn

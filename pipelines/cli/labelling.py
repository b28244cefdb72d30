"""`winback label`: why an account left, for a file of notes.

Belongs here: the command, reading and writing JSON lines. Does not belong here: the labeller (`winback.reasons`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer

from pipelines.cli.console import errors, write_text
from winback.errors import UsageError

_BATCH = 512


def label(
    file: Annotated[Path, typer.Argument(help="JSON lines with id, text and optionally date.")],
    out: Annotated[Path | None, typer.Option("--out", help="File to write; default: standard output.")] = None,
) -> None:
    """Label contact notes with the reason for leaving, with the words that say so.

    Writes JSON lines: id, code, confidence, abstained, evidence, start, end, secondary, language. `code` is the likeliest
    reason even where `abstained` is true.
    """
    notes = _read_notes(file)
    from winback.reasons.labeller import load_labeller, to_json_line

    labeller = load_labeller()
    lines: list[str] = []
    remaining = iter(notes)
    while part := list(islice(remaining, _BATCH)):
        labels = labeller.label([text for _, text in part])
        lines += [
            json.dumps(to_json_line(note_id, found), ensure_ascii=False)
            for (note_id, _), found in zip(part, labels, strict=True)
        ]
    text = "".join(line + "\n" for line in lines)
    if out is None:
        typer.echo(text, nl=False)
        return
    write_text(out, text)
    errors.print(f"{len(lines):,} labels written to {out}", soft_wrap=True)


def _read_notes(file: Path) -> list[tuple[str, str]]:
    if not file.is_file():
        raise UsageError(f"there is no file {file}")
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"{file} is not UTF-8 (byte {error.start}); save it as UTF-8") from error
    notes, problems = [], []
    for number, line in _numbered_lines(text):
        try:
            notes.append(_note(json.loads(line)))
        except ValueError as error:
            problems.append(f"line {number}: {error}")
    if problems:
        shown = "\n".join(f"  {problem}" for problem in problems[:5])
        raise UsageError(f"{len(problems)} of {len(notes) + len(problems)} lines of {file} are no notes:\n{shown}")
    return notes


def _numbered_lines(text: str) -> Iterator[tuple[int, str]]:
    return ((number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip())


def _note(record: Any) -> tuple[str, str]:
    if not isinstance(record, dict):
        raise ValueError("not a JSON object")
    missing = [name for name in ("id", "text") if name not in record]
    if missing:
        raise ValueError(f"'{missing[0]}' is missing")
    if not isinstance(record["text"], str):
        raise ValueError("'text' is not a text")
    return str(record["id"]), record["text"]

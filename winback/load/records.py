"""From text to records, losing none.

Belongs here: splitting delimited text into records so that one broken line costs one record, and matching headers to a
contract. Does not belong here: what a cell means.

A record is a logical row: a quoted cell may hold line breaks where the contract allows them. A physical line that cannot be
part of any record counts as one unparseable record, and reading goes on with the next line, so a stray quote never
swallows its successors.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass

from data_contracts import Contract
from winback.errors import UnreadableFileError

DELIMITERS = (",", ";", "\t")
_MAX_LINES_A_RECORD = 2_000

csv.field_size_limit(1 << 27)


@dataclass(frozen=True)
class Header:
    """Header of a delimited file: its delimiter, and per position the contract's column or None where it has none."""

    delimiter: str
    columns: tuple[str | None, ...]
    unknown: tuple[str, ...]


@dataclass(frozen=True)
class Records:
    """Records of a text: line numbers and cells of the good ones; number, text and rule of lines that are none."""

    lines: list[int]
    cells: list[list[str]]
    broken: list[tuple[int, str, str]]


def read_header(line: str, contract: Contract) -> Header:
    """The header in `line`, matched to `contract` by column name or by its Chinese or English title, whatever the case.

    Raises UnreadableFileError if no column is known or one comes twice.
    """
    known = _names_of(contract)
    best: tuple[int, str, list[str]] | None = None
    for delimiter in DELIMITERS:
        cells = _split(line, delimiter)
        if cells is None:
            continue
        hits = sum(_normalise(c) in known for c in cells)
        if best is None or hits > best[0]:
            best = (hits, delimiter, cells)
    if best is None or best[0] == 0:
        raise UnreadableFileError(
            f"the first line names none of the columns of '{contract.name}' ({', '.join(contract.columns[:6])}, …)"
        )
    _, delimiter, cells = best
    columns, unknown = match_columns(cells, contract)
    return Header(delimiter, columns, unknown)


def match_columns(names: list[str], contract: Contract) -> tuple[tuple[str | None, ...], tuple[str, ...]]:
    """Per received name the contract's column (None where it has none), and the names that it does not know.

    Raises UnreadableFileError if a column comes twice.
    """
    known = _names_of(contract)
    columns = tuple(known.get(_normalise(name)) for name in names)
    doubled = sorted({c for c in columns if c is not None and columns.count(c) > 1})
    if doubled:
        raise UnreadableFileError(f"the header names {', '.join(doubled)} more than once")
    return columns, tuple(name for name, column in zip(names, columns, strict=True) if column is None)


def split_records(text: str, header: Header, multiline: frozenset[str], invalid_lines: frozenset[int]) -> Records:
    """Records of `text`, whose first non-blank line is the header.

    `multiline` names the columns whose cells may hold line breaks (those the contract does not know may); `invalid_lines` are
    lines with undecodable bytes.
    Blank lines are no records.
    """
    physical = text.split("\n")
    start = first_line_index(physical) + 1
    records = Records([], [], [])
    index = start
    while index < len(physical):
        line = physical[index]
        if not line.strip(header.delimiter + " \t\r"):
            index += 1
            continue
        if index + 1 in invalid_lines:
            records.broken.append((index + 1, line, "encoding"))
            index += 1
            continue
        cells, used = _record_at(physical, index, header, multiline, invalid_lines)
        if cells is None:
            records.broken.append((index + 1, line, "unparseable"))
        else:
            records.lines.append(index + 1)
            records.cells.append(cells)
        index += used
    return records


def first_line_index(physical: list[str]) -> int:
    """Index of the first line that is not blank. Raises UnreadableFileError if there is none."""
    for index, line in enumerate(physical):
        if line.strip():
            return index
    raise UnreadableFileError("the file is empty: it has not even a header line")


def _record_at(
    physical: list[str], index: int, header: Header, multiline: frozenset[str], invalid_lines: frozenset[int]
) -> tuple[list[str] | None, int]:
    text = physical[index]
    cells = _split(text, header.delimiter)
    last = min(len(physical), index + _MAX_LINES_A_RECORD)
    used, n_quotes = 1, text.count('"')
    while cells is None and n_quotes % 2 and index + used < last and index + used + 1 not in invalid_lines:
        n_quotes += physical[index + used].count('"')
        used += 1
    if cells is None and used > 1 and n_quotes % 2 == 0:
        cells = _split("\n".join(physical[index : index + used]), header.delimiter)
    if cells is not None and len(cells) == len(header.columns) + 1 and cells[-1] == "":
        cells = cells[:-1]  # one delimiter too many at the end of a line says nothing
    if cells is None or len(cells) != len(header.columns):
        return None, 1
    for name, cell in zip(header.columns, cells, strict=True):
        if "\n" in cell and name is not None and name not in multiline:
            return None, 1
    return cells, used


def _split(text: str, delimiter: str) -> list[str] | None:
    if '"' not in text:
        return text.split(delimiter)
    try:
        return next(csv.reader([text], delimiter=delimiter, strict=True))
    except csv.Error:
        return None


def _names_of(contract: Contract) -> dict[str, str]:
    names = {_normalise(title): f.name for f in contract.fields for title in (f.title_zh, f.title_en)}
    return names | {f.name: f.name for f in contract.fields}


def _normalise(cell: str) -> str:
    return cell.strip().strip("\ufeff").lower()

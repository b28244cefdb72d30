"""A log of someone's own, read by a mapping.

Belongs here: finding and splitting the files that a mapping names, and the accounts where only spend is mapped. Does not
belong here: what a cell becomes (`mapping`).
"""

from __future__ import annotations

import csv
from pathlib import Path

import polars as pl

from data_contracts import load_contract
from winback.config import Settings
from winback.errors import UnreadableFileError, UsageError
from winback.importers.imported import ImportedLog
from winback.importers.mapping import Mapping, TableMapping, apply_mapping
from winback.load.decode import DecodedText, decode_bytes
from winback.load.records import DELIMITERS, Header, first_line_index, split_records


def read_mapped(mapping: Mapping, folder: Path) -> ImportedLog:
    """The log that `mapping` describes, its files looked up in `folder`.

    Cells stay text for the row rules to judge; lines that cannot be split into cells are counted in `left_out`. If `spend` is
    mapped and `accounts` is not, accounts are made from it. Raises UsageError if a file is missing or has none of the columns.
    """
    parts: dict[str, list[pl.DataFrame]] = {}
    left_out: dict[str, int] = {}
    for table_mapping in mapping.tables:
        paths = _files(table_mapping, folder)
        for path in paths:
            cells, n_broken = read_cells(path.read_bytes(), table_mapping, path.name)
            source = f"{path.stem}-" if len(paths) > 1 or _is_pattern(table_mapping.file) else ""
            parts.setdefault(table_mapping.table, []).append(apply_mapping(cells, table_mapping, source))
            if n_broken:
                left_out[f"lines of {path.name} that cannot be split into its columns"] = n_broken
    tables = {table: _stacked(table, frames) for table, frames in parts.items()}
    n_rows = sum(frame.height for frame in tables.values())
    derived: tuple[str, ...] = ()
    if "spend" in tables and "accounts" not in tables:
        tables["accounts"] = derive_accounts(tables["spend"])
        derived = ("accounts",)
    note = f"# {mapping.name}\n\n{mapping.source or 'The mapping file does not say where this is from.'}\n"
    n_source_rows = n_rows + sum(left_out.values())
    settings = Settings(workspace=mapping.workspace)
    return ImportedLog(mapping.name, tables, settings, note, n_source_rows, left_out, derived=derived)


def derive_accounts(spend: pl.DataFrame) -> pl.DataFrame:
    """Accounts from rows of `spend` as text: every account id, opened and known from the day of its first spend."""
    day = pl.col("spent_on").str.replace_all("/", "-", literal=True).str.replace("[ T].*$", "")
    spent_on = pl.coalesce(day.str.to_date("%Y-%m-%d", strict=False), day.str.to_date("%Y%m%d", strict=False))
    possible = pl.when(spent_on >= pl.date(1970, 1, 1)).then(spent_on)
    return (
        spend.drop_nulls("account_id")
        .group_by("account_id")
        .agg(opened_on=possible.min())
        .with_columns(valid_from_on=pl.col("opened_on"))
        .sort("account_id")
    )


def read_cells(data: bytes, table_mapping: TableMapping, name: str) -> tuple[pl.DataFrame, int]:
    """The cells of a delimited file as text under its own headers, and how many lines cannot be split into them.

    Raises UsageError if the file is empty, names a column twice, or is not in the encoding that the mapping gives.
    """
    decoded = _decoded(data, table_mapping.encoding, name)
    physical = decoded.text.replace("\r\n", "\n").split("\n")
    try:
        first = physical[first_line_index(physical)]
    except UnreadableFileError as error:
        raise UsageError(f"{name}: {error}") from error
    delimiter = table_mapping.delimiter or max((*DELIMITERS, "|"), key=first.count)
    headers = [cell.strip() for cell in next(csv.reader([first], delimiter=delimiter))]
    doubled = sorted({h for h in headers if headers.count(h) > 1})
    if doubled:
        raise UsageError(f"{name}: the header names {', '.join(doubled)} more than once")
    records = split_records(decoded.text, Header(delimiter, tuple(headers), ()), frozenset(headers), decoded.invalid_lines)
    frame = pl.DataFrame(
        {h: [cells[i] for cells in records.cells] for i, h in enumerate(headers)}, schema=dict.fromkeys(headers, pl.String)
    )
    return frame, len(records.broken)


def _decoded(data: bytes, encoding: str | None, name: str) -> DecodedText:
    if encoding is None:
        return decode_bytes(data)
    try:
        return DecodedText(data.decode(encoding).removeprefix("\ufeff"), encoding, frozenset())
    except UnicodeDecodeError as error:
        raise UsageError(f"{name} is not in the encoding {encoding} that the mapping gives: {error.reason}") from error


def _files(table_mapping: TableMapping, folder: Path) -> list[Path]:
    plain = folder / table_mapping.file
    if plain.is_file():
        return [plain]
    found = (
        [] if Path(table_mapping.file).is_absolute() else sorted(p for p in folder.glob(table_mapping.file) if p.is_file())
    )
    if not found:
        raise UsageError(f"there is no file {table_mapping.file} in {folder}")
    return found


def _is_pattern(file: str) -> bool:
    return any(c in file for c in "*?[")


def _stacked(table: str, frames: list[pl.DataFrame]) -> pl.DataFrame:
    stacked = pl.concat(frames, how="diagonal")
    return stacked.select(c for c in load_contract(table).columns if c in stacked.columns)

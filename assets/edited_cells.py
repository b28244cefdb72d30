"""Returned lists beside the delivered ones.

Belongs here: finding, for every returned file, what had been handed out under its row keys. Does not belong here: when a cell
counts as edited (`winback.playbook.edited`), showing it.

Nothing is kept but the number of cells per file: the cells are read again from the archive and the published weeks when they are
asked for, so an erasure reaches them there.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import polars as pl

from assets.inbox import archived_path
from assets.workspace import Workspace
from data_contracts import Contract, load_contract
from winback.errors import UnreadableFileError
from winback.load.decode import decode_bytes
from winback.load.records import first_line_index, read_header, split_records
from winback.playbook.csv_file import read_csv_bytes
from winback.playbook.edited import EDITED, edited_cells
from winback.playbook.file_names import is_promises_file

_DELIVERED = ("out_playbook", "out_promises")


def edits_of(workspace: Workspace, files: Iterable[Mapping[str, Any]]) -> pl.DataFrame:
    """Edited cells of returned `files` (entries of `state/status.json`), with the file's name before each.

    Files that are no longer kept, are no returned lists, or are of weeks that are no longer kept, have none.
    """
    delivered = _Delivered(workspace)
    found = [
        _edits(delivered, entry["sha256"]).select(pl.lit(entry["file"]).alias("file"), *EDITED)
        for entry in files
        if _is_returned(entry)
    ]
    return pl.concat(found) if found else pl.DataFrame(schema={"file": pl.String} | EDITED)


def count_edits(workspace: Workspace, files: list[dict[str, Any]]) -> None:
    """Put `edited_cells` into every entry of returned files; what an earlier run counted is not counted again."""
    path = workspace.folder("state") / "status.json"
    before = json.loads(path.read_text(encoding="utf-8"))["files"] if path.is_file() else []
    known = {f["sha256"]: f["edited_cells"] for f in before if f.get("edited_cells") is not None and "sha256" in f}
    delivered = _Delivered(workspace)
    for entry in filter(_is_returned, files):
        sha256 = entry["sha256"]
        entry["edited_cells"] = known[sha256] if sha256 in known else _edits(delivered, sha256).height


class _Delivered:
    """Cells of the published weeks' lists; each file is read once."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self._read: dict[tuple[Path, str], pl.DataFrame] = {}

    def rows(self, row_keys: pl.Series, contract: Contract) -> pl.DataFrame:
        """The delivered rows with these keys, `version` telling apart the weeks and revisions they were in.

        A list's key is in one week, a promise's in many.
        """
        wanted = row_keys.drop_nulls().str.strip_chars().unique()
        found = [pl.DataFrame(schema=dict.fromkeys([*contract.columns, "version"], pl.String))]
        for folders in _weeks(self.workspace):
            found += [self._cells(folder, contract).filter(pl.col("row_key").is_in(wanted.implode())) for folder in folders]
            if contract.name == "out_playbook" and set(wanted) <= {key for frame in found for key in frame["row_key"]}:
                break
        return pl.concat(found, how="diagonal")

    def _cells(self, folder: Path, contract: Contract) -> pl.DataFrame:
        if (folder, contract.name) not in self._read:
            is_wanted = contract.name == "out_promises"
            paths = [p for p in sorted((folder / "playbooks").glob("rep_*.csv")) if is_promises_file(p.name) == is_wanted]
            cells = [read_csv_bytes(path.read_bytes(), contract) for path in paths]
            whole = pl.concat(cells, how="diagonal") if cells else pl.DataFrame(schema={"row_key": pl.String})
            self._read[folder, contract.name] = whole.with_columns(version=pl.lit(folder.name))
        return self._read[folder, contract.name]


def _weeks(workspace: Workspace) -> Iterator[list[Path]]:
    """Folders of the published weeks, the newest week first, revisions of one week together."""
    for _, of_week in itertools.groupby(reversed(workspace.week_folders()), key=lambda folder: folder.name[:10]):
        yield list(of_week)


def _is_returned(entry: Mapping[str, Any]) -> bool:
    return bool(entry["table"] == "outcomes" and entry["state"] == "loaded" and entry.get("sha256"))


def _edits(delivered: _Delivered, sha256: str) -> pl.DataFrame:
    kept = archived_path(delivered.workspace, sha256, ".csv")
    returned = _returned_cells(kept) if kept.is_file() else None
    if returned is None:
        return pl.DataFrame(schema=EDITED)
    cells, contract = returned
    handed_out = delivered.rows(cells["row_key"], contract)
    return pl.DataFrame(schema=EDITED) if handed_out.is_empty() else edited_cells(cells, handed_out, contract)


def _returned_cells(path: Path) -> tuple[pl.DataFrame, Contract] | None:
    """The cells of a returned list and the contract it was delivered by; None for a file of outcomes made otherwise."""
    decoded = decode_bytes(path.read_bytes())
    physical = decoded.text.split("\n")
    first = physical[first_line_index(physical)]
    best: tuple[int, pl.DataFrame, Contract] | None = None
    for contract in map(load_contract, _DELIVERED):
        try:
            header = read_header(first, contract)
        except UnreadableFileError:
            continue
        names = [name for name in header.columns if name is not None]
        ours = set(names) - set(load_contract("outcomes").columns)
        if "row_key" not in names or not ours or (best is not None and best[0] >= len(ours)):
            continue
        records = split_records(decoded.text, header, frozenset(contract.columns), decoded.invalid_lines)
        columns = {n: [cells[i] for cells in records.cells] for i, n in enumerate(header.columns) if n is not None}
        frame = pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String))
        best = (len(ours), frame.with_columns(pl.all().replace("", None)), contract)
    return None if best is None else (best[1], best[2])

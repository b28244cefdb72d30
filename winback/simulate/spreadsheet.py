"""A filled write-back as a spreadsheet program would save it.

Belongs here: the ways office programs save a CSV: encoding, separator, dates of the country, blank lines at the end. Does
not belong here: what is in the cells (`write_back`).
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import polars as pl


@dataclass(frozen=True)
class Saving:
    """One way of saving a sheet."""

    encoding: str
    separator: str
    has_local_dates: bool
    n_blank_lines: int


SAVINGS = (
    Saving("utf-8-sig", ",", has_local_dates=False, n_blank_lines=0),
    Saving("gb18030", ";", has_local_dates=True, n_blank_lines=0),
    Saving("utf-8-sig", ",", has_local_dates=True, n_blank_lines=3),
    Saving("gb18030", ",", has_local_dates=False, n_blank_lines=2),
)


def spreadsheet_bytes(frame: pl.DataFrame, *, seed: int) -> bytes:
    """`frame` as the bytes of a CSV file saved by a spreadsheet; the way of saving is chosen by `seed`.

    Dates read 2026-03-07 or 2026/3/7, truth values TRUE and FALSE; blank lines at the end hold separators only.
    """
    saving = SAVINGS[seed % len(SAVINGS)]
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=saving.separator, lineterminator="\r\n")
    writer.writerow(frame.columns)
    writer.writerows([_cell(value, saving) for value in row] for row in frame.iter_rows())
    text.write((saving.separator * (frame.width - 1) + "\r\n") * saving.n_blank_lines)
    return text.getvalue().encode(saving.encoding)


def _cell(value: Any, saving: Saving) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, date) and not isinstance(value, datetime):
        return f"{value.year}/{value.month}/{value.day}" if saving.has_local_dates else value.isoformat()
    return str(value)

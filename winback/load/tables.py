"""Which table a delivered file is for.

Belongs here: telling the table from the file's folder or name, and the day the file speaks of. Does not belong here: its
contents.
"""

from __future__ import annotations

import re
from datetime import date
from pathlib import PurePath

from data_contracts import table_names
from winback.errors import UnreadableFileError

SUFFIXES = (".csv", ".parquet")
_DATE = re.compile(r"(?<!\d)(\d{4})[-_.]?(\d{2})[-_.]?(\d{2})(?!\d)")


def table_of(relative_path: PurePath) -> str:
    """The input table of a file in the inbox, from its folder or from the longest table name its own name begins with.

    Raises UnreadableFileError if there is none or the file is neither CSV nor Parquet.
    """
    if relative_path.suffix.lower() not in SUFFIXES:
        raise UnreadableFileError(
            f"only {' and '.join(SUFFIXES)} files are read, not '{relative_path.suffix or 'no suffix'}'"
        )
    inputs = table_names("input")
    if len(relative_path.parts) > 1 and relative_path.parts[0].lower() in inputs:
        return relative_path.parts[0].lower()
    name = relative_path.name.lower()
    matches = [t for t in inputs if name.startswith(t)]
    if not matches:
        raise UnreadableFileError(
            f"the name begins with none of the tables: {', '.join(inputs)}; name the file <table>.csv or <table>_<anything>.csv"
        )
    return max(matches, key=len)


def date_in_name(name: str) -> date | None:
    """The last date written in a file's name (2026-03-02, 20260302 …), or None."""
    for year, month, day in reversed(_DATE.findall(name)):
        try:
            return date(int(year), int(month), int(day))
        except ValueError:
            continue
    return None

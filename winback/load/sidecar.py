"""What a delivered file's sidecar declares.

Belongs here: reading `<file>.meta.json`. Does not belong here: finding it (assets), or comparing the declared rows with the file's.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from typing import Any

from winback.errors import UnreadableFileError

MOST_ROWS = 10**15


@dataclass(frozen=True)
class Declared:
    """The number of rows and the day of a file as whoever delivered it says; None where nothing is said."""

    rows: int | None = None
    file_on: date | None = None


def parse_sidecar(data: bytes) -> Declared:
    """The declaration in a sidecar; what else it holds is passed over. Raises UnreadableFileError where it cannot be understood."""
    try:
        document = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise UnreadableFileError("the file's .meta.json is not valid JSON in UTF-8") from error
    if not isinstance(document, dict):
        raise UnreadableFileError("the file's .meta.json is no JSON object")
    return Declared(_rows(document.get("rows")), _day(document.get("file_on")))


def _rows(value: Any) -> int | None:
    if value is None:
        return None
    if type(value) is not int or not 0 <= value <= MOST_ROWS:
        raise UnreadableFileError("'rows' in the file's .meta.json is no number of rows")
    return value


def _day(value: Any) -> date | None:
    if value is None:
        return None
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise UnreadableFileError("'file_on' in the file's .meta.json is no day written as YYYY-MM-DD") from error

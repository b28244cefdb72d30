"""CSV templates from input contracts.

Belongs here: the header line of an empty file, and a description of its columns. Does not belong here: writing files.
"""

from __future__ import annotations

from data_contracts import Contract


def template_csv(contract: Contract) -> bytes:
    """An empty CSV with the contract's column names, UTF-8 with byte order mark so that spreadsheets keep Chinese intact."""
    return b"\xef\xbb\xbf" + (",".join(contract.columns) + "\r\n").encode("utf-8")

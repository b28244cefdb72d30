"""Who must not come back, without saying who.

Belongs here: keyed hashes of identifiers, in Python and in SQL. Does not belong here: where the key and the list are kept
(`assets.suppression`).

A hash is HMAC-SHA256 (RFC 2104) over the column's name and the identifier; without the key it tells nothing, while plain hashes
of short identifiers can be guessed by trying them all.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field

import duckdb

from data_contracts import Contract
from winback.contracts.identifiers import quote_name
from winback.load.receive import Source
from winback.privacy.identifying import identifying_columns, typed_id

KEY_BYTES = 32
_BLOCK_BYTES = 64


@dataclass(frozen=True)
class Suppression:
    """The key, and the keyed hashes (hex) of the identifiers to be kept out, by column."""

    key: bytes = field(repr=False)
    digests: Mapping[str, frozenset[str]]

    def holds(self, column: str, value: str) -> bool:
        """Whether an identifier is to be kept out."""
        return digest(self.key, column, value) in self.digests.get(column, frozenset())


def digest(key: bytes, column: str, value: str) -> str:
    """Keyed hash of an identifier, as 64 hexadecimal digits."""
    return hmac.digest(key, f"{column}\x1f{value}".encode(), "sha256").hex()


def suppressed_in(
    con: duckdb.DuckDBPyConnection, contract: Contract, source: Source, suppression: Suppression
) -> dict[str, frozenset[str]]:
    """Identifiers to be kept out that an opened file has, by column; hashed in the database, since files may be large."""
    found = {}
    inner, outer = (bytes(b ^ pad for b in suppression.key.ljust(_BLOCK_BYTES, b"\0")) for pad in (0x36, 0x5C))
    for column in identifying_columns():
        digests = suppression.digests.get(column)
        if column not in source.types or not digests:
            continue
        value = typed_id(contract, column, source.types[column])
        hashed = "sha256($outer || unhex(sha256($inner || encode($column || chr(31) || value))))"
        rows = con.execute(
            f"SELECT value FROM (SELECT DISTINCT {value} AS value FROM {quote_name(source.name)}) "
            f"WHERE value IS NOT NULL AND {hashed} IN (SELECT unnest($digests))",
            {"inner": inner, "outer": outer, "column": column, "digests": sorted(digests)},
        ).fetchall()
        if rows:
            found[column] = frozenset(str(value) for (value,) in rows)
    return found

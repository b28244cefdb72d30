"""The set-based transforms: `sql/<layer>/<table>.sql`, one SELECT per file, the file's name being the table's.

Belongs here: the SELECTs and this loader. Does not belong here: anything that runs them.

Dialect: DuckDB's, kept to what turns into Spark SQL. A file that cannot says so in its header (`-- not portable: why`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib import resources

_COMMENT = re.compile(r"--[^\n]*")
_WORD = re.compile(r"[a-z_][a-z0-9_]*")


@dataclass(frozen=True)
class Query:
    """One SELECT: the table it makes, its layer, its text, and every word in it that could name a table."""

    table: str
    layer: str
    text: str
    words: frozenset[str]

    def reads(self, tables: frozenset[str]) -> tuple[str, ...]:
        """Those of `tables` that the query reads, sorted."""
        return tuple(sorted((self.words & tables) - {self.table}))


@cache
def queries() -> dict[str, Query]:
    """All queries by table name. Raises ValueError if two files would make the same table."""
    found: dict[str, Query] = {}
    layers = sorted(entry.name for entry in resources.files(__name__).iterdir() if entry.is_dir())
    for layer in layers:
        for entry in (resources.files(__name__) / layer).iterdir():
            if not entry.name.endswith(".sql"):
                continue
            table = entry.name.removesuffix(".sql")
            if table in found:
                raise ValueError(f"two files make the table '{table}'")
            text = entry.read_text(encoding="utf-8")
            words = frozenset(_WORD.findall(_COMMENT.sub(" ", text)))
            found[table] = Query(table, layer, text, words)
    return dict(sorted(found.items()))

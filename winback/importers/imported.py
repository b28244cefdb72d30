"""What an importer hands over.

Belongs here: the shape all importers share. Does not belong here: any one data set.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

from winback.config import Settings


@dataclass(frozen=True)
class ImportedLog:
    """Input tables made from a log, settings that suit it, and where it is from.

    `tables` maps an input table to its rows; `source_note` is Markdown with origin, licence and citation. Every one of the
    `n_source_rows` rows became a row of a table that is not among `derived` (those are made from rows counted elsewhere),
    is counted in `left_out` under the reason it is in no table, or in `taken_in` under what it became instead of a row.
    """

    name: str
    tables: dict[str, pl.DataFrame]
    settings: Settings
    source_note: str
    n_source_rows: int
    left_out: dict[str, int] = field(default_factory=dict)
    taken_in: dict[str, int] = field(default_factory=dict)
    derived: tuple[str, ...] = ()

    @property
    def n_accounted(self) -> int:
        """Source rows whose whereabouts are told; equals `n_source_rows` in a sound import."""
        in_tables = sum(frame.height for table, frame in self.tables.items() if table not in self.derived)
        return in_tables + sum(self.left_out.values()) + sum(self.taken_in.values())

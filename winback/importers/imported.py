"""What an importer hands over.

Belongs here: the shape all importers share. Does not belong here: any one data set.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

from winback.config import Settings


@dataclass(frozen=True)
class ImportedLog:
    """Input tables made from a public log, settings that suit it, and where it is from.

    `tables` maps an input table to its rows; `source_note` is Markdown with origin, licence and citation; `left_out`
    counts source rows by the reason they are not in `tables`.
    """

    name: str
    tables: dict[str, pl.DataFrame]
    settings: Settings
    source_note: str
    n_source_rows: int
    left_out: dict[str, int] = field(default_factory=dict)

"""One system's import file from the week's rows.

Belongs here: filling a system's columns and writing the CSV. Does not belong here: which columns there are (`systems.yaml`).
"""

from __future__ import annotations

import polars as pl

from winback.crm.systems import PLACEHOLDER, CrmColumn, CrmSystem
from winback.playbook.cells import guard_column

_CONTROLS = r"[\x00-\x08\x0b-\x1f\x7f-\x{9f}]"


def import_file(rows: pl.DataFrame, system: CrmSystem) -> bytes:
    """The file as UTF-8 without a byte order mark, comma, CRLF, one title row, a row per playbook row by row key.

    `rows` has the columns of `out_playbook`. Dates are YYYY-MM-DD; text that a spreadsheet would take for a formula gets an
    apostrophe in front. The same rows give the same bytes, and a row keeps its key, so importing twice makes nothing twice
    where the system updates by it.
    """
    columns = [_guarded(_filled(column)).alias(name) for name, column in system.columns.items()]
    return rows.sort("row_key").select(columns).write_csv(line_terminator="\r\n").encode("utf-8")


def _filled(column: CrmColumn) -> pl.Expr:
    if column.column is not None:
        return pl.col(column.column).cast(pl.String)
    if column.by is not None:
        return pl.col(column.by).replace_strict(column.values, default=column.otherwise, return_dtype=pl.String)
    if column.text is not None:
        parts = [pl.col(name).fill_null("") for name in PLACEHOLDER.findall(column.text)]
        filled = pl.format(PLACEHOLDER.sub("{}", column.text), *parts)
        return filled.str.strip_chars().str.slice(0, column.longest)
    return pl.lit(column.fixed)


def _guarded(column: pl.Expr) -> pl.Expr:
    return guard_column(column.str.replace_all(_CONTROLS, ""))

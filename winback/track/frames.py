"""Rows of figures as a frame of a table's contract.

Belongs here: columns and types of computed tables as polars has them. Does not belong here: what the figures are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import polars as pl

from data_contracts import load_contract

_TYPES: dict[str, Any] = {
    "string": pl.String,
    "date": pl.Date,
    "integer": pl.Int64,
    "double": pl.Float64,
    "decimal": pl.Decimal(18, 4),
    "boolean": pl.Boolean,
}


def contract_frame(table: str, rows: Iterable[Mapping[str, Any]]) -> pl.DataFrame:
    """The rows with exactly the columns of the table's contract, null where a row lacks one, sorted by the key (nulls first).

    Amounts may come as floats; they are rounded to the four digits of the contract. Raises KeyError for a column that the contract
    does not have.
    """
    contract = load_contract(table)
    listed = list(rows)
    strange = sorted({name for row in listed for name in row} - set(contract.columns))
    if strange:
        raise KeyError(f"contract '{table}' has no column {', '.join(strange)}")
    wanted = {f.name: _TYPES[f.type] for f in contract.fields}
    loose = {name: pl.Float64 if isinstance(kind, pl.Decimal) else kind for name, kind in wanted.items()}
    frame = pl.DataFrame([{name: row.get(name) for name in wanted} for row in listed], schema=loose)
    amounts = [pl.col(name).round(4).cast(kind) for name, kind in wanted.items() if isinstance(kind, pl.Decimal)]
    return frame.with_columns(amounts).sort(*contract.key, nulls_last=False)

"""What would become of imported tables, without a workspace.

Belongs here: loading tables into a ledger in memory, by the same code that receives delivered files, and saying what it
would hold back. Does not belong here: making the tables, or printing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import duckdb
import polars as pl

from data_contracts import Contract, load_contract
from winback.contracts.row_rules import explain_rule
from winback.contracts.tables import registered
from winback.load.ledger import ReceivedFile, create_ledger
from winback.load.receive import Source, receive_source

_FIRST = ("accounts", "fx_rates")
_HELD_SCHEMA = {
    "rule": pl.String,
    "column": pl.String,
    "meaning": pl.String,
    "n_rows": pl.Int64,
    "first_row": pl.Int64,
    "first_value": pl.String,
}


@dataclass(frozen=True)
class TablePreview:
    """One table in a dry run: how many rows there are, are good, are held back, and repeat another row by their key.

    `first` are its first rows; `held` has a row for each rule broken: rule, column, meaning in words, n_rows, and number (from
    1) and value of the first such row. `missing` names required columns without which no row can be loaded.
    """

    table: str
    n_rows: int
    n_good: int
    n_held: int
    n_duplicates: int
    missing: tuple[str, ...]
    first: pl.DataFrame
    held: pl.DataFrame


def preview(
    tables: Mapping[str, pl.DataFrame], *, base_currency: str, received_on: date, n_first: int = 5
) -> tuple[TablePreview, ...]:
    """What loading `tables` into an empty workspace would do, accounts and rates first; nothing is written.

    `base_currency` is the workspace's; `received_on` the day on which the files would arrive: later events are held back.
    """
    con = duckdb.connect()
    try:
        create_ledger(con)
        ordered = sorted(tables, key=lambda t: (_FIRST.index(t) if t in _FIRST else len(_FIRST), t))
        return tuple(
            _preview_one(con, number, load_contract(table), tables[table], base_currency, received_on, n_first)
            for number, table in enumerate(ordered, 1)
        )
    finally:
        con.close()


def _preview_one(
    con: duckdb.DuckDBPyConnection,
    number: int,
    contract: Contract,
    rows: pl.DataFrame,
    base_currency: str,
    received_on: date,
    n_first: int,
) -> TablePreview:
    numbered = rows.with_row_index("_line", offset=1)
    with registered(con, "_rows", numbered):
        con.execute("DROP VIEW IF EXISTS _typed; CREATE OR REPLACE TEMP TABLE _received AS SELECT * FROM _rows")
    described = con.execute("DESCRIBE _received").fetchall()
    types = {name: sql_type for name, sql_type, *_ in described if name in contract.columns}
    file = ReceivedFile(number, contract.name, "", 0, 1, received_on, received_on, base_currency)
    received = receive_source(con, contract, Source("_received", types, "utf-8"), file)
    held = con.execute(
        "SELECT rule, column_name, count(*), min(line_no), arg_min(cell_value, line_no) FROM ledger_quarantine "
        "WHERE file_id = ? GROUP BY rule, column_name ORDER BY count(*) DESC, rule, column_name",
        [number],
    ).fetchall()
    return TablePreview(
        table=contract.name,
        n_rows=received.sums.received,
        n_good=received.sums.loaded,
        n_held=received.sums.quarantined,
        n_duplicates=received.sums.duplicate,
        missing=received.missing,
        first=rows.head(n_first),
        held=pl.DataFrame(
            [(rule, column, explain_rule(rule, column, contract), n, row, value) for rule, column, n, row, value in held],
            schema=_HELD_SCHEMA,
            orient="row",
        ),
    )

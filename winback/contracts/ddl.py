"""CREATE TABLE statements from contracts.

Belongs here: the columns and types of tables, and the bookkeeping columns that raw tables carry beside them.
Does not belong here: keys and ranges as constraints; rows that break them are quarantined, not refused by the database.
"""

from __future__ import annotations

from data_contracts import Contract
from winback.contracts.identifiers import quote_name

RAW_BOOKKEEPING = {
    "_file_id": "BIGINT NOT NULL",
    "_line": "BIGINT NOT NULL",
    "_batch": "BIGINT NOT NULL",
    "_file_on": "DATE",
    "_superseded_batch": "BIGINT",
    "_confirmed_on": "DATE",
    "_confirmed_batch": "BIGINT",
}
"""Columns of raw tables beside the contract's: file, line and batch of receipt, date of the file, and the batch that
brought another version of the same row (null while this one stands); for state tables the day of the latest undated file that
said the same again, and its batch."""


def table_ddl(contract: Contract, *, keeps_rows: bool = False) -> str:
    """CREATE TABLE for a computed or output table, NOT NULL where the contract requires a value.

    An existing table is replaced, or left as it is with `keeps_rows`.
    """
    columns = [f"{quote_name(f.name)} {f.sql_type}{' NOT NULL' if f.is_required else ''}" for f in contract.fields]
    start = "CREATE TABLE IF NOT EXISTS" if keeps_rows else "CREATE OR REPLACE TABLE"
    return f"{start} {quote_name(contract.name)} ({', '.join(columns)})"


def raw_table_ddl(contract: Contract) -> str:
    """CREATE TABLE IF NOT EXISTS for `raw_<input>`: the contract's columns and the bookkeeping columns."""
    columns = [f"{quote_name(f.name)} {f.sql_type}" for f in contract.fields]
    columns += [f"{quote_name(name)} {sql_type}" for name, sql_type in RAW_BOOKKEEPING.items()]
    return f"CREATE TABLE IF NOT EXISTS {quote_name('raw_' + contract.name)} ({', '.join(columns)})"

"""Reading rows for many accounts at once.

Belongs here: running a SELECT over the accounts that are wanted and handing its rows out by account. Does not belong here:
the SELECTs (`facts_sql`, `lists_sql`, `plan_sql`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import duckdb
import polars as pl

from winback.contracts.tables import registered

Rows = dict[str, list[dict[str, Any]]]
WANTED = "_wanted"


@contextmanager
def wanted_accounts(con: duckdb.DuckDBPyConnection, account_ids: Sequence[str]) -> Iterator[None]:
    """Make the ids readable as `_wanted (account_id)` inside the block; ids never enter SQL text."""
    with registered(con, WANTED, pl.DataFrame({"account_id": sorted(set(account_ids))}, schema={"account_id": pl.String})):
        yield


def rows_by_account(con: duckdb.DuckDBPyConnection, query: str, parameters: Sequence[object] = ()) -> Rows:
    """Rows of `query` by its first column, account_id, without it, in the query's order."""
    cursor = con.execute(query, list(parameters))
    names = [column[0] for column in cursor.description or []][1:]
    found: Rows = {}
    for account_id, *values in cursor.fetchall():
        found.setdefault(account_id, []).append(dict(zip(names, values, strict=True)))
    return found


def has_table(con: duckdb.DuckDBPyConnection, table: str) -> bool:
    """Whether a table or view can be read."""
    query = "SELECT 1 FROM information_schema.tables WHERE table_name = ?"
    return con.execute(query, [table]).fetchone() is not None

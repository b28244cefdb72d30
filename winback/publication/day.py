"""What is told between the weeks: promises due, and standards that slip.

Belongs here: the files of one day, made from a warehouse that stands at a week. Does not belong here: weekly tables, where the
files go (assets).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

import duckdb

from data_contracts import load_contract
from sql import queries
from winback.config import Settings
from winback.contracts.identifiers import quote_name
from winback.errors import UsageError
from winback.pages.manager_rows import manager_rows
from winback.pages.manager_sections import daily_sections
from winback.playbook.csv_file import csv_bytes
from winback.playbook.file_names import promises_file_name

SERVICE_FILE = "manager_service.csv"
_MADE_ANEW = ("core_past_assignments", "out_promises")


def day_files(con: duckdb.DuckDBPyConnection, settings: Settings, day: date, last_batch: int) -> dict[str, bytes]:
    """A CSV of open promises per representative and the service figures, as known on the morning of `day`.

    Nothing in the warehouse is changed. Raises UsageError before the first week.
    """
    workspace = settings.workspace
    with _standing_at(con, day, last_batch):
        promises = con.sql("SELECT * FROM out_promises ORDER BY promise_due_on NULLS LAST, row_key").pl()
        service = manager_rows(
            daily_sections(con), week_on=day, language=workspace.language, currency=workspace.base_currency
        )
    parts = promises.partition_by("rep_id", as_dict=True, maintain_order=True)
    tables = {promises_file_name(str(rep_id)): (rows, "out_promises") for (rep_id,), rows in parts.items()}
    tables[SERVICE_FILE] = (service, "out_manager")
    return {
        name: csv_bytes(rows, load_contract(table), language=workspace.language, phone_region=workspace.phone_region)
        for name, (rows, table) in sorted(tables.items())
    }


@contextmanager
def _standing_at(con: duckdb.DuckDBPyConnection, day: date, last_batch: int) -> Iterator[None]:
    """Let the warehouse stand at a day for as long as the block lasts; everything is rolled back."""
    if con.execute("SELECT count(*) FROM core_week").fetchone() != (1,):
        raise UsageError("no week was run yet, so nothing is promised; run: winback run")
    con.execute("BEGIN")
    try:
        con.execute("UPDATE core_week SET as_of_on = ?, batch_cutoff = ?", [day, last_batch])
        for table in _MADE_ANEW:
            con.execute(f"DELETE FROM {quote_name(table)}")
            con.execute(f"INSERT INTO {quote_name(table)} BY NAME {queries()[table].text}")
        yield
    finally:
        con.execute("ROLLBACK")

"""A day between the weeks: promises as of that day, and a warehouse that still stands at its week."""

from datetime import date

import duckdb
import pytest

from data_contracts import load_contract
from winback.config import Settings
from winback.contracts.tables import read_table, replace_from_frame
from winback.errors import UsageError
from winback.playbook.csv_file import read_csv_bytes
from winback.playbook.file_names import promises_file_name
from winback.publication.day import SERVICE_FILE, day_files
from winback.publication.week_ledger import Week
from winback.publication.week_parameters import week_row

MONDAY, WEDNESDAY = date(2026, 3, 2), date(2026, 3, 4)


def test_a_promise_of_this_week_is_told_on_wednesday_and_nothing_else_changes(
    empty_tables: duckdb.DuckDBPyConnection,
) -> None:
    con = empty_tables
    replace_from_frame(con, "core_week", week_row(Week(MONDAY, 1, 1, "published"), Settings()))
    con.execute(
        "INSERT INTO ledger_assignments (row_key, account_id, week_on, revision, rep_id, play_id, assignment) "
        "VALUES ('R1234567', 'a', ?, 1, 'li', 'p', 'treated')",
        [MONDAY],
    )
    con.execute(
        "INSERT INTO asof_outcomes (row_key, worked_on, result, promise, promise_due_on) "
        "VALUES ('R1234567', '2026-03-03', 'promised', '=send it', '2026-03-03')"
    )
    before = {table: read_table(con, table) for table in ("core_week", "core_past_assignments", "out_promises")}
    files = day_files(con, Settings(), WEDNESDAY, last_batch=2)
    assert set(files) == {promises_file_name("li"), SERVICE_FILE}
    (row,) = read_csv_bytes(files[promises_file_name("li")], load_contract("out_promises")).iter_rows(named=True)
    assert (row["promise"], row["escalation"], row["overdue_days"]) == ("=send it", "late", "1")
    assert all(frame.equals(read_table(con, table)) for table, frame in before.items())
    assert day_files(con, Settings(), WEDNESDAY, last_batch=2) == files


def test_before_the_first_week_there_is_nothing_to_tell(empty_tables: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(UsageError, match="no week was run yet"):
        day_files(empty_tables, Settings(), WEDNESDAY, last_batch=0)

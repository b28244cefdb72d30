"""Landmarks: what was known then, what came after, and that the one never reaches the other."""

from collections.abc import Iterator
from datetime import date, timedelta

import duckdb
import polars as pl
import pytest

from data_contracts import load_contract, table_names
from tests.conftest import MONDAY
from winback.config import Settings
from winback.contracts.ddl import table_ddl
from winback.contracts.identifiers import quote_name
from winback.survival.landmark_rows import OUTCOMES, labels, learnable
from winback.survival.snapshots import LapsedReader, SilenceRule, snapshots
from winback.survival.walk import walk

_STATE = ", _stated_on DATE, _confirmed_on DATE, _confirmed_batch BIGINT"
RULE = SilenceRule(30, 200)
LANDMARK = MONDAY - timedelta(days=112)


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    """The core views' columns and the ledgers, empty."""
    con = duckdb.connect()
    for table in table_names("input"):
        contract = load_contract(table)
        columns = ", ".join(f"{quote_name(f.name)} {f.sql_type}" for f in contract.fields)
        more = _STATE if contract.kind == "state" else ""
        con.execute(
            f"CREATE TABLE core_{table} ({columns}, _file_id BIGINT, _line BIGINT, _batch BIGINT, _superseded_batch BIGINT{more})"
        )
    for table in table_names("computed"):
        if table.startswith("ledger_"):
            con.execute(table_ddl(load_contract(table)))
    yield con
    con.close()


def buy(con: duckdb.DuckDBPyConnection, account: str, *ages: int) -> None:
    """Purchases so many days before `MONDAY`."""
    con.execute(
        "INSERT INTO core_accounts (account_id, business_kind, valid_from_on, _stated_on, _batch) "
        "SELECT ?, 'k', DATE '0001-01-01', DATE '2020-01-01', 1 WHERE NOT EXISTS (FROM core_accounts WHERE account_id = ?)",
        [account, account],
    )
    for age in ages:
        con.execute(
            "INSERT INTO core_spend (account_id, spent_on, amount, kind, _batch) VALUES (?, ?, 10, 'purchase', 1)",
            [account, MONDAY - timedelta(days=age)],
        )


def look(con: duckdb.DuckDBPyConnection, *landmarks: date) -> pl.DataFrame:
    return snapshots(con, Settings(), landmarks or (LANDMARK,), seen_until_on=MONDAY, rule=RULE)


def test_the_lapsed_set_and_the_time_to_return(con) -> None:
    buy(con, "returns", 300, 200, 100)
    buy(con, "same day", 300, 200, 112)
    buy(con, "stays away", 300, 250)
    buy(con, "active", 120, 90)
    buy(con, "too long ago", 400)
    buy(con, "not yet there", 100)
    found = (
        look(con).select("account_id", "silence_days", "n_purchase_days", "time_days", "has_returned", "seen_days").rows()
    )
    assert found == [
        ("returns", 88, 2, 13, True, 112),
        ("same day", 88, 2, 1, True, 112),
        ("stays away", 138, 2, 112, False, 112),
    ]


def test_a_closed_business_competes_with_returning_and_leaves_the_set(con) -> None:
    buy(con, "a", 300, 200)
    con.execute(
        "INSERT INTO core_account_events (account_id, event_on, kind, _batch) VALUES ('a', ?, 'closed', 1)",
        [MONDAY - timedelta(days=60)],
    )
    rows = look(con, LANDMARK, MONDAY - timedelta(days=56))
    assert rows.select("as_of_on", "is_closed", "has_returned", "time_days").rows() == [(LANDMARK, True, False, 112)]
    assert [list(v) for v in labels(rows, 56)] == [[0.0], [1.0]]


def touch(con: duckdb.DuckDBPyConnection, age: int) -> None:
    con.execute(
        "INSERT INTO ledger_assignments (row_key, account_id, week_on, revision, rep_id, play_id, assignment, assignment_prob) "
        "VALUES ('R1', 'a', ?, 1, 'r', 'p', 'treated', 1)",
        [MONDAY - timedelta(days=age + 7)],
    )
    con.execute(
        "INSERT INTO core_outcomes (row_key, worked_on, result, _batch) VALUES ('R1', ?, 'reached', 1)",
        [MONDAY - timedelta(days=age)],
    )


@pytest.mark.parametrize(("age", "expected"), [(100, (12, False, True)), (150, (0, False, True)), (88, (23, True, False))])
def test_a_touch_ends_what_is_seen_untouched(con, age: int, expected: tuple[int, bool, bool]) -> None:
    """Returned 90 days before the Monday: touched before that, before the landmark, and afterwards."""
    buy(con, "a", 300, 200, 90)
    touch(con, age)
    rows = look(con)
    assert rows.select("time_days", "has_returned", "is_touched").row(0) == expected
    assert learnable(rows).height == int(age < 112)


def test_shuffling_the_future_changes_no_feature(con) -> None:
    for n in range(30):
        buy(con, f"a{n:02d}", 300 + n, 180 - n, 100 - 3 * n if n % 2 else 200)
    before = look(con).drop(OUTCOMES)
    con.execute(
        "UPDATE core_spend SET spent_on = ?, amount = 77 WHERE spent_on >= ?", [MONDAY - timedelta(days=5), LANDMARK]
    )
    assert look(con).drop(OUTCOMES).equals(before)


def test_a_sample_of_accounts_gives_their_rows_of_the_whole(con) -> None:
    for n in range(20):
        buy(con, f"a{n:02d}", 300 + n, 180 - n)
    whole = look(con)
    (part,) = walk(con, Settings(), [LapsedReader((LANDMARK,), MONDAY, RULE)], accounts=pl.Series(["a03", "a07"]))
    own = ["account_id", "silence_days", "gap_mean_days", "time_days", "has_returned"]
    assert part.select(own).equals(whole.filter(pl.col("account_id").is_in(["a03", "a07"])).select(own))

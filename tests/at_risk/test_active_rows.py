"""Landmarks of active accounts: who is active, what is known of the coming lapse, what came of it."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import duckdb
import polars as pl
import pytest

from data_contracts import load_contract, table_names
from tests.conftest import MONDAY
from winback.at_risk.active_rows import OUTCOMES, Ends, active_snapshots, with_lapses
from winback.at_risk.lapse_rows import with_cover
from winback.config import Settings
from winback.contracts.ddl import table_ddl
from winback.contracts.identifiers import quote_name

_BOOKKEEPING = "_file_id BIGINT, _line BIGINT, _batch BIGINT, _superseded_batch BIGINT"
_STATE = ", _stated_on DATE, _confirmed_on DATE, _confirmed_batch BIGINT"
LANDMARK = MONDAY - timedelta(days=112)
READ_ON = LANDMARK + timedelta(days=56)


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    """The core views' columns and the ledgers, empty."""
    con = duckdb.connect()
    for table in table_names("input"):
        contract = load_contract(table)
        columns = ", ".join(f"{quote_name(f.name)} {f.sql_type}" for f in contract.fields)
        more = _STATE if contract.kind == "state" else ""
        con.execute(f"CREATE TABLE core_{table} ({columns}, {_BOOKKEEPING}{more})")
    for table in table_names("computed"):
        if table.startswith("ledger_"):
            con.execute(table_ddl(load_contract(table)))
    yield con
    con.close()


def buy(
    con: duckdb.DuckDBPyConnection, account: str, *ages: int, kind: str = "purchase", cover_days: int | None = None
) -> None:
    """Spend so many days before `LANDMARK`; contracts cover so many days from each payment on."""
    con.execute(
        "INSERT INTO core_accounts (account_id, business_kind, valid_from_on, _stated_on, _batch) "
        "SELECT ?, 'k', DATE '0001-01-01', DATE '2020-01-01', 1 WHERE NOT EXISTS (FROM core_accounts WHERE account_id = ?)",
        [account, account],
    )
    for age in ages:
        day = LANDMARK - timedelta(days=age)
        paid_through = None if cover_days is None else day + timedelta(days=cover_days)
        con.execute(
            "INSERT INTO core_spend (account_id, spent_on, amount, kind, paid_through_on, _batch) VALUES (?, ?, 10, ?, ?, 1)",
            [account, day, kind, paid_through],
        )


def look(con: duckdb.DuckDBPyConnection, seen_until_on: date = MONDAY) -> pl.DataFrame:
    return active_snapshots(con, Settings(), [LANDMARK], seen_until_on=seen_until_on)


def test_spells_by_hand(con) -> None:
    """Too few gaps to learn from: the threshold is twice the largest cycle of the group, 28 days for cycles of 8 to 14 days."""
    buy(con, "stops", 30, 20, 10)
    buy(con, "goes on", 30, 20, 10, 0, -10, -20, -30, -40, -50)
    buy(con, "lapsed", 60, 50, 40)
    buy(con, "stops later", 30, 20, 10, 0, -10, -20)
    buy(con, "later than that", 30, 20, 10, 0, -10, -20, -30)
    buy(con, "contract", 59, 29, kind="subscription", cover_days=30)
    buy(con, "renewed", 59, 29, -1, -31, kind="subscription", cover_days=30)
    found = look(con).select(
        "account_id", "lapse_basis", "silence_days", "lapse_in_days", "threshold_used_share", "time_days", "has_lapsed"
    )
    assert found.rows() == [
        ("contract", "paid_through", 29, 8, 29 / 37, 9, True),  # paid through tomorrow, a week of grace
        ("goes on", "silence", 10, 18, 10 / 28, 56, False),
        ("later than that", "silence", 10, 18, 10 / 28, 56, False),  # day 58 is past the horizon
        ("renewed", "paid_through", 29, 8, 29 / 37, 56, False),
        ("stops", "silence", 10, 18, 10 / 28, 19, True),
        ("stops later", "silence", 10, 18, 10 / 28, 49, True),
    ]


def test_the_day_of_the_coming_lapse_is_the_one_that_spells_date(con) -> None:
    """What nobody buys or pays any more lapses on the day that was told, as long as thresholds stay."""
    buy(con, "a", 30, 20, 10)
    buy(con, "b", 90, 60, 31)
    buy(con, "c", 3)
    buy(con, "d", 20, kind="subscription", cover_days=30)
    found = look(con).filter(pl.col("has_lapsed"))
    assert found.height >= 3
    assert (found["time_days"] == found["lapse_in_days"] + 1).all()


def test_days_of_cover_left_are_among_the_features(con) -> None:
    buy(con, "a", 59, 29, kind="subscription", cover_days=30)
    row = with_cover(look(con), 56).row(0, named=True)
    assert (row["paid_through_days"], row["lapse_in_days"]) == (1, 8)
    assert row["uncovered_share"] == row["uncovered_contract_share"] == pytest.approx(48 / 56)
    assert row["gaps_to_lapse"] == pytest.approx(8 / 30)
    assert not set(OUTCOMES) & set(row)


@pytest.mark.slow
def test_another_future_leaves_features_as_they_are(con) -> None:
    for account, gap in (("a", 7), ("b", 11), ("c", 23)):
        buy(con, account, *range(-90, 200, gap))
    con.execute(
        "INSERT INTO core_touchpoints (account_id, touched_on, channel, kind, direction, is_resolved, _batch) "
        "VALUES ('a', ?, 'phone', 'complaint', 'in', false, 1)",
        [LANDMARK + timedelta(days=3)],
    )
    before = look(con)
    con.execute("UPDATE core_spend SET spent_on = spent_on + 80, amount = 5 WHERE spent_on >= ?", [LANDMARK])
    con.execute("DELETE FROM core_touchpoints")
    after = look(con)
    assert after.drop(OUTCOMES).equals(before.drop(OUTCOMES))
    assert not after.select(OUTCOMES).equals(before.select(OUTCOMES))


def row_of(**columns: Any) -> pl.DataFrame:
    return pl.DataFrame({"account_id": ["a"], "as_of_on": [LANDMARK], "silence_days": [10], **columns})


def days(name: str, *ages: int) -> pl.DataFrame:
    """Days after the landmark."""
    found = [LANDMARK + timedelta(days=age) for age in ages]
    return pl.DataFrame({"account_id": ["a"] * len(found), name: found}, schema={"account_id": pl.String, name: pl.Date})


def lapse(last: int, lapsed: int, ended: int | None = None) -> pl.DataFrame:
    """A lapsed spell by days after the landmark."""
    at = [None if d is None else LANDMARK + timedelta(days=d) for d in (last, lapsed, ended)]
    schema = {"account_id": pl.String, "last_spend_on": pl.Date, "lapsed_on": pl.Date, "ended_on": pl.Date}
    return pl.DataFrame([("a", *at)], schema=schema, orient="row")


@pytest.mark.parametrize(
    ("lapses", "touched", "closed", "expected"),
    [
        (lapse(-10, 20), [], [], (21, True, False, False)),
        (lapse(-10, 0), [], [], (1, True, False, False)),
        (lapse(-10, 20, 30), [], [], (21, True, False, False)),  # it came back later: that is another spell
        (lapse(-10, -3), [], [], (1, True, False, False)),  # thresholds learned since date it before the landmark
        (lapse(-10, -3, 0), [], [], (56, False, False, False)),  # ... but it bought on the landmark's day
        (lapse(-90, -60, -40), [], [], (56, False, False, False)),  # an earlier spell
        (lapse(-10, 20), [5], [], (5, False, True, False)),
        (lapse(-10, 20), [25], [], (21, True, False, False)),
        (lapse(-10, 20), [-5], [], (0, False, True, False)),  # touched since its last purchase: never untouched
        (lapse(-10, 20), [-15], [], (21, True, False, False)),  # touched before it
        (lapse(-90, -60, -40), [], [30], (56, False, False, True)),
    ],
)
def test_what_ends_a_spell(lapses, touched, closed, expected) -> None:
    ends = Ends(lapses, days("touched_on", *touched), days("closed_on", *closed))
    found = with_lapses(row_of(), ends, READ_ON)
    assert found.select("time_days", "has_lapsed", "is_touched", "is_closed").row(0) == expected
    assert found["seen_days"].to_list() == [56]

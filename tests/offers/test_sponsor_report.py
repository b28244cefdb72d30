"""What a sponsor is told: sums by hand, nothing of fewer than five accounts, and nothing by subtraction."""

import random

import duckdb
import polars as pl
import pytest
from offer_rows import make, offer, put, redeem, treated, treatment, week_account

from data_contracts import load_contract
from winback.contracts.tables import read_table
from winback.offers.sponsor import sponsor_file_name, sponsor_reports
from winback.playbook.csv_file import csv_bytes

OLD = "2025-10-06"
"""A Monday of the last quarter of 2025, whose last assignments' horizon ends on 2026-02-26."""


def give(
    con: duckdb.DuckDBPyConnection, kind: str, n: int, offer_id: str = "o", week_on: str = OLD, **columns: object
) -> None:
    """`n` new accounts of a kind of business get the offer."""
    names = [f"{kind}{offer_id}{week_on}{number}" for number in range(n)]
    first = con.execute("SELECT count(*) FROM core_treatments").fetchone()
    if names and first is not None:
        put(con, "asof_accounts", *[{"account_id": name, "business_kind": kind} for name in names])
        put(con, "core_accounts_week", *[week_account(name, 1000) for name in names])
        rows = [treated(first[0] + at, name, offer_id, week_on) | columns for at, name in enumerate(names)]
        put(con, "core_treatments", *rows)


def report(con: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    make(con, "core_offers_week", "out_sponsor")
    return read_table(con, "out_sponsor")


def shown(con: duckdb.DuckDBPyConnection) -> dict[str, int]:
    return dict(report(con).select("business_kind", "n_accounts").iter_rows())


def test_sums_by_hand(week: duckdb.DuckDBPyConnection) -> None:
    offer(week, "o", "discount", discount_share=0.1, sponsor="S", subsidy_share=0.6)
    offer(week, "ours", "voucher", amount=10)
    give(week, "k", 5, has_returned=True, horizon_amount=300)
    give(week, "k", 2, week_on="2025-10-13", has_returned=False)
    give(week, "k", 9, offer_id="ours")
    for day in ("2025-10-06", "2025-10-06", "2025-11-30"):
        redeem(week, f"ko{OLD}0", "o", day)
    redeem(week, f"ko{OLD}1", "o", "2025-12-01")  # past the horizon
    redeem(week, f"ko{OLD}2", "another", "2025-10-07")
    row = report(week).to_dicts()
    assert len(row) == 1
    assert {k: (str(v) if k == "quarter_on" else v if isinstance(v, str) else int(v)) for k, v in row[0].items()} == {
        "sponsor": "S", "offer_id": "o", "quarter_on": "2025-10-01", "business_kind": "k", "n_accounts": 7, "n_returned": 5,
        "n_redeemed": 1, "horizon_amount": 1500, "offer_cost_amount": 40, "sponsor_cost_amount": 60,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("groups", "expected"),
    [
        ({"k": 5}, {"k": 5}),
        ({"k": 4}, {}),  # too few to be told at all
        ({"k": 2, "l": 3}, {"other": 5}),
        ({"k": 2, "l": 2}, {}),
        ({"k": 9, "l": 7, "m": 3, "n": 2}, {"k": 9, "l": 7, "other": 5}),
        ({"k": 9, "l": 7, "m": 1}, {"k": 9, "other": 8}),  # else the sponsor's own total less 9 and 7 tells the one
        ({"k": 9, "m": 1}, {"other": 10}),
        ({"k": 9, "other": 6}, {"k": 9, "other": 6}),
        ({"k": 9, "other": 6, "m": 2}, {"k": 9, "other": 8}),
        ({"k": 9, "other": 2}, {"other": 11}),
    ],
)
def test_small_groups(week, groups, expected) -> None:
    offer(week, "o", "voucher", amount=10, sponsor="S")
    for kind, n in groups.items():
        give(week, kind, n)
    assert shown(week) == expected


def test_no_group_can_be_had_by_subtraction(week: duckdb.DuckDBPyConnection) -> None:
    draw = random.Random(4)
    sizes = {}
    for number in range(12):
        offer(week, f"o{number}", "voucher", amount=10, sponsor="S")
        sizes[f"o{number}"] = {kind: draw.randrange(0, 8) for kind in "klmn"}
        for kind, n in sizes[f"o{number}"].items():
            give(week, kind, n, offer_id=f"o{number}")
    rows = report(week)
    assert rows["n_accounts"].min() >= 5
    for name, groups in sizes.items():
        told = rows.filter(offer_id=name)["n_accounts"].sum()
        assert told == (sum(groups.values()) if sum(groups.values()) >= 5 else 0)


@pytest.mark.parametrize(
    ("columns", "week_on", "n_told"),
    [
        ({}, OLD, 5),
        ({}, "2025-12-29", 5),
        ({"is_settled": False}, "2026-01-05", 0),  # its quarter is not over
        ({"assignment": "holdout"}, OLD, 0),
        ({"is_worked": False}, OLD, 0),
    ],
)
def test_only_what_was_given_in_quarters_that_are_over(week, columns, week_on, n_told) -> None:
    offer(week, "o", "voucher", amount=10, sponsor="S")
    give(week, "k", 5, week_on=week_on, **columns)
    assert sum(shown(week).values()) == n_told


def test_an_account_counts_once(week: duckdb.DuckDBPyConnection) -> None:
    offer(week, "o", "voucher", amount=10, sponsor="S")
    give(week, "k", 5)
    treatment(week, f"ko{OLD}0", "o", "2025-11-03")
    assert shown(week) == {"k": 5}


def test_the_file_of_a_sponsor_with_a_hostile_name(week: duckdb.DuckDBPyConnection) -> None:
    names = ["../../x", "=cmd|'/c calc'!A1", "青禾\n印务", "a" * 500]
    for number, name in enumerate(names):
        offer(week, f"o{number}", "voucher", amount=10, sponsor=name)
        give(week, "@k", 5, offer_id=f"o{number}")
    reports = sponsor_reports(report(week))
    assert set(reports) == {sponsor_file_name(name) for name in names}
    assert all(file.removeprefix("sponsor_").removesuffix(".csv").isalnum() and len(file) == 28 for file in reports)
    contract = load_contract("out_sponsor")
    assert "account_id" not in contract.columns
    for rows in reports.values():
        text = csv_bytes(rows, contract, language="zh", phone_region="CN").decode("utf-8-sig")
        assert rows["sponsor"].n_unique() == 1
        assert not any(cell.strip('"').startswith(("=", "@", "+")) for line in text.splitlines() for cell in line.split(","))


def test_no_rows_no_file(week: duckdb.DuckDBPyConnection) -> None:
    assert sponsor_reports(report(week)) == {}

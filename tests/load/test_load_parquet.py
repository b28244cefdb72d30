"""Parquet files as other systems write them: other types, damage, hostile columns."""

from __future__ import annotations

import io
from datetime import date, datetime
from decimal import Decimal

import polars as pl
import pytest
from conftest import parquet


def test_parquet_of_the_contracts_types(shop):
    frame = pl.DataFrame(
        {"account_id": ["A1", "A2"], "spent_on": [date(2024, 2, 1)] * 2, "amount": [Decimal("1.50"), Decimal("2")]}
    )
    assert shop.deliver({"spend.parquet": frame}) == [("loaded", 2, 2, 0, 0)]
    assert shop.rows("spend", "account_id, amount, _line") == [("A1", Decimal("1.5"), 2), ("A2", Decimal(2), 3)]


@pytest.mark.parametrize("extra", [{}, {"File_Row_Number": [7] * 5_000}])
def test_a_row_is_told_by_its_place_in_the_file_whatever_its_row_group(shop, extra):
    """Row 4,321 of 5,000, which stands on line 4,322 below the titles; a column of the file's own of that name changes nothing."""
    amounts = [1.0] * 4_320 + [-1.0] + [1.0] * 679
    frame = pl.DataFrame({"account_id": ["A1"] * 5_000, "spent_on": [date(2024, 2, 1)] * 5_000, "amount": amounts} | extra)
    data = io.BytesIO()
    frame.write_parquet(data, row_group_size=600)
    assert shop.deliver({"spend.parquet": data.getvalue()}) == [("loaded", 5_000, 4_999, 1, 0)]
    assert [q[:3] for q in shop.quarantine()] == [(4_322, "minimum", "amount")]
    assert shop.rows("spend", "_line") == [(n,) for n in range(2, 5_002) if n != 4_322]


def test_integers_for_strings_timestamps_for_dates_floats_for_integers(house):
    house.deliver({"accounts.parquet": pl.DataFrame({"account_id": [1, 2], "points_balance": [3.0, 4.0]})})
    assert house.rows("accounts", "account_id, points_balance") == [("1", 3), ("2", 4)]
    frame = pl.DataFrame({"account_id": [1, 2], "spent_on": [datetime(2024, 2, 1, 23, 59)] * 2, "amount": [0.1, 2.0]})
    assert house.deliver({"spend.parquet": frame}) == [("loaded", 2, 2, 0, 0)]
    assert house.rows("spend", "account_id, spent_on, amount") == [
        ("1", date(2024, 2, 1), Decimal("0.1")),
        ("2", date(2024, 2, 1), Decimal(2)),
    ]


def test_text_for_everything(shop):
    frame = pl.DataFrame({"account_id": ["A1", "A2"], "spent_on": ["2024-02-01", "soon"], "amount": ["1.5", "2"]})
    assert shop.deliver({"spend.parquet": frame}) == [("loaded", 2, 1, 1, 0)]
    assert [q[:4] for q in shop.quarantine()] == [(3, "type_date", "spent_on", "soon")]


def test_values_that_do_not_fit(house):
    values = [1.5, float("nan"), float("inf"), 1e300, 1.0]
    frame = pl.DataFrame({"account_id": ["A1", "A2", "A3", "A4", None], "points_balance": values})
    assert house.deliver({"accounts.parquet": frame}) == [("loaded", 5, 0, 5, 0)]
    assert [q[:3] for q in house.quarantine()] == [
        (2, "type_integer", "points_balance"),
        (3, "type_integer", "points_balance"),
        (4, "type_integer", "points_balance"),
        (5, "type_integer", "points_balance"),
        (6, "required", "account_id"),
    ]


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("opened_on", [20240105]),
        ("opened_on", [True]),
        ("opened_on", [{"year": 2024}]),
        ("opened_on", [[2024, 1, 5]]),
        ("points_balance", [date(2024, 1, 5)]),
        ("points_balance", [[1]]),
        ("has_consent", [date(2024, 1, 5)]),
        ("has_consent", ["perhaps"]),
        ("has_consent", [2]),
        ("has_consent", [{"yes": True}]),
    ],
)
def test_column_of_another_type_quarantines_its_rows(house, column, values):
    assert house.deliver({"accounts.parquet": pl.DataFrame({"account_id": ["A1"], column: values})}) == [
        ("loaded", 1, 0, 1, 0)
    ]
    assert [q[2] for q in house.quarantine()] == [column]


def test_booleans_as_numbers(house):
    frame = pl.DataFrame(
        {"account_id": ["A1", "A2", "A3"], "has_consent": [0, 1, None], "is_do_not_contact": [0.0, 1.0, None]}
    )
    assert house.deliver({"accounts.parquet": frame}) == [("loaded", 3, 3, 0, 0)]
    assert house.rows("accounts", "has_consent, is_do_not_contact") == [(False, False), (True, True), (None, None)]


def test_text_kept_as_bytes_is_read_as_utf8(house):
    """Older Hive and Spark write strings without marking them as text."""
    frame = pl.DataFrame({"account_id": [b"A1"], "account_name": ["面馆".encode()]})
    assert house.deliver({"accounts.parquet": frame}) == [("loaded", 1, 1, 0, 0)]
    assert house.rows("accounts", "account_id, account_name") == [("A1", "面馆")]


def test_whole_numbers_as_floats_name_the_same_account(house):
    """Pandas turns integer identifiers into floats as soon as one is missing."""
    house.deliver({"accounts.csv": "account_id\n17\n"})
    frame = pl.DataFrame({"account_id": [17.0, None], "spent_on": [date(2024, 2, 1)] * 2, "amount": [1, 1]})
    assert house.deliver({"spend.parquet": frame}) == [("loaded", 2, 1, 1, 0)]


def test_missing_unknown_and_empty_columns(shop):
    frame = pl.DataFrame({"account_id": ["A1"], "spent_on": [date(2024, 2, 1)], "旧编号": [{"a": [1]}], "": [1]})
    assert shop.deliver({"spend.parquet": frame}) == [("rejected", 1, 0, 1, 0)]
    assert [q[:3] for q in shop.quarantine()] == [(2, "missing_column", "amount")]
    assert shop.deliver({"spend_2.parquet": frame.with_columns(amount=pl.lit(1))}) == [("loaded", 1, 1, 0, 0)]
    assert "旧编号" in shop.query("SELECT notes FROM ledger_files WHERE file_id = 3")[0][0]


def test_titles_as_column_names(house):
    frame = pl.DataFrame({"客户编号": ["A1"], "Customer": ["面馆"]})
    assert house.deliver({"accounts.parquet": frame}) == [("loaded", 1, 1, 0, 0)]


def test_column_called_like_the_row_number(house):
    frame = pl.DataFrame({"account_id": ["A1", "A2"], "file_row_number": [7, 7], "_line": [1, 1]})
    assert house.deliver({"accounts.parquet": frame}) == [("loaded", 2, 2, 0, 0)]
    assert house.rows("accounts", "account_id, _line") == [("A1", 2), ("A2", 3)]


def test_column_names_that_differ_in_case_only_are_refused_like_doubled_headers(house):
    frame = pl.DataFrame({"account_id": ["A1"], "ACCOUNT_ID": ["A2"]})
    assert house.deliver({"accounts.parquet": frame}) == [("rejected", 0, 0, 0, 0)]


def test_no_rows_no_columns_no_file(house):
    known = pl.DataFrame({"account_id": []}, schema={"account_id": pl.String})
    assert house.deliver({"accounts_1.parquet": known, "accounts_2.parquet": pl.DataFrame({"x": [1]})}) == [
        ("loaded", 0, 0, 0, 0),
        ("rejected", 0, 0, 0, 0),
    ]
    assert house.deliver({"accounts_3.parquet": b""}) == [("rejected", 0, 0, 0, 0)]


@pytest.mark.parametrize("keep", [3, 100, -1, -20])
def test_truncated_file_is_rejected(house, keep):
    whole = parquet(pl.DataFrame({"account_id": [f"A{n}" for n in range(500)]}))
    assert house.deliver({"accounts.parquet": whole[:keep]}) == [("rejected", 0, 0, 0, 0)]
    assert "cannot be read" in house.reason(1)


def test_text_called_parquet_and_parquet_called_csv(house):
    assert house.deliver({"accounts_1.parquet": b"account_id\nA1\n"}) == [("rejected", 0, 0, 0, 0)]
    whole = parquet(pl.DataFrame({"account_id": [f"A{n}" for n in range(50)]}))
    assert house.deliver({"accounts_2.csv": whole}) == [("rejected", 0, 0, 0, 0)]


def test_damage_anywhere_in_the_file_never_stops_the_run(house):
    """One byte turned over in each of 12 places: every file is loaded or rejected, and the sums hold."""
    whole = parquet(pl.DataFrame({"account_id": [f"A{n}" for n in range(300)], "account_name": ["面馆"] * 300}))
    files = {}
    for number in range(12):
        damaged = bytearray(whole)
        damaged[number * (len(whole) - 1) // 11] ^= 0xFF
        files[f"accounts_{number:02}.parquet"] = bytes(damaged)
    for name, content in files.items():
        ((state, received, *rest),) = house.deliver({name: content})
        assert state in ("loaded", "rejected")
        assert received == sum(rest)


def test_held_rows_of_other_types_survive_the_wait(house):
    frame = pl.DataFrame(
        {
            "account_id": [7],
            "spent_on": [datetime(2024, 2, 1, 8)],
            "spent_at": [datetime(2024, 2, 1, 8, 30)],
            "amount": [12.25],
            "quantity": [3.0],
            "product_id": [99],
        }
    )
    assert house.deliver({"spend.parquet": frame}) == [("loaded", 1, 0, 1, 0)]
    house.deliver({"accounts.csv": "account_id\n7\n"})
    assert house.sums(1) == ("loaded", 1, 1, 0, 0)
    assert house.rows("spend", "account_id, spent_on, spent_at, amount, quantity, product_id") == [
        ("7", date(2024, 2, 1), datetime(2024, 2, 1, 8, 30), Decimal("12.25"), Decimal(3), "99")
    ]

"""Received = loaded + quarantined + duplicates, file by file, on hand-worked deliveries.

Sums are written (state, received, loaded, quarantined, duplicates). The builders check after every batch that the sums hold
and agree with the rows in the tables.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import polars as pl
import pytest

SPEND = "account_id,spent_on,amount"


# ---- rows that break a rule ------------------------------------------------------------------------------------------


def test_good_file(shop):
    assert shop.deliver({"spend.csv": f"{SPEND}\nA1,2024-02-01,10.50\nA2,2024-02-02,0\n"}) == [("loaded", 2, 2, 0, 0)]
    assert shop.rows("spend", "account_id, spent_on, amount, kind") == [
        ("A1", date(2024, 2, 1), Decimal("10.5"), "purchase"),
        ("A2", date(2024, 2, 2), Decimal(0), "purchase"),
    ]


def test_missing_required_column_quarantines_every_record_and_rejects(shop):
    assert shop.deliver({"spend.csv": "account_id,spent_on\nA1,2024-02-01\nA2,2024-02-02\n"}) == [("rejected", 2, 0, 2, 0)]
    assert [q[:3] for q in shop.quarantine()] == [(2, "missing_column", "amount"), (3, "missing_column", "amount")]
    assert "amount" in shop.reason(2)
    assert shop.rows("spend", "*") == []


def test_missing_column_and_broken_line_both_count(shop):
    assert shop.deliver({"spend.csv": "account_id,spent_on\nA1,2024-02-01\nA2\nA3,x,y\n"}) == [("rejected", 3, 0, 3, 0)]


def test_file_rejected_for_a_column_loads_when_mended(shop):
    shop.deliver({"spend.csv": "account_id,spent_on\nA1,2024-02-01\n"})
    assert shop.deliver({"spend.csv": f"{SPEND}\nA1,2024-02-01,1\n"}) == [("loaded", 1, 1, 0, 0)]


BAD_LINES = [
    ("A1,2024-02-01,abc", "type_decimal", "amount", "abc"),
    ("A1,2024-02-01,'1.5", "type_decimal", "amount", "'1.5"),
    ("A1,2024-02-01,¥15", "type_decimal", "amount", "¥15"),
    ("A1,2024-02-01,NaN", "type_decimal", "amount", "NaN"),
    ("A1,2024-02-01,inf", "type_decimal", "amount", "inf"),
    ("A1,2024-02-01,0x10", "type_decimal", "amount", "0x10"),
    ("A1,2024-02-01,1e30", "type_decimal", "amount", "1e30"),
    ("A1,2024-02-01,１２", "type_decimal", "amount", "１２"),
    ('A1,2024-02-01,"1,000"', "type_decimal", "amount", "1,000"),
    ("A1,2024-02-01,-0.01", "minimum", "amount", "-0.01"),
    ("A1,2024-02-01,", "required", "amount", None),
    ("A1,,5", "required", "spent_on", None),
    ("A1,2024-02-30,5", "type_date", "spent_on", "2024-02-30"),
    ("A1,2023-02-29,5", "type_date", "spent_on", "2023-02-29"),
    ("A1,20240230,5", "type_date", "spent_on", "20240230"),
    ("A1,05/02/2024,5", "type_date", "spent_on", "05/02/2024"),
    ("A1,yesterday,5", "type_date", "spent_on", "yesterday"),
    ("A1,45323,5", "type_date", "spent_on", "45323"),
    ("A1,2024-02,5", "type_date", "spent_on", "2024-02"),
    ("A1,1969-12-31,5", "minimum", "spent_on", "1969-12-31"),
    ("A1,0001-01-01,5", "minimum", "spent_on", "0001-01-01"),
    ("A1,2024-03-06,5", "not_after_receipt", "spent_on", "2024-03-06"),
    ("A1,9999-12-31,5", "not_after_receipt", "spent_on", "9999-12-31"),
    (",2024-02-01,5", "required", "account_id", None),
    ("Z9,2024-02-01,5", "unknown_account", "account_id", "Z9"),
    ("a1,2024-02-01,5", "unknown_account", "account_id", "a1"),
]


def test_each_bad_cell_costs_one_record(shop):
    """Between every two bad lines stands a good one."""
    lines = [line for bad in BAD_LINES for line in (bad[0], "A2,2024-02-02,2")]
    assert shop.deliver({"spend.csv": "\n".join([SPEND, *lines])}) == [("loaded", 52, 26, 26, 0)]
    found = [(rule, column, value or None) for _, rule, column, value in shop.quarantine()]
    assert found == [bad[1:] for bad in BAD_LINES]
    assert [q[0] for q in shop.quarantine()] == list(range(2, 54, 2))


def test_date_followed_by_other_words_is_a_bad_date(shop):
    assert shop.deliver({"spend.csv": f"{SPEND}\nA1,2024-02-01 oops,5\n"}) == [("loaded", 1, 0, 1, 0)]


def test_dates_as_people_write_them(shop):
    cells = ["2024-02-01", "2024/2/2", "20240203", " 2024-02-04 ", "2024-02-05 13:45:00", "2024-02-06T13:45:00", "2024-2-29"]
    content = "\n".join([SPEND, *(f"A1,{cell},1" for cell in cells)])
    assert shop.deliver({"spend.csv": content}) == [("loaded", 7, 7, 0, 0)]
    assert [d.day for (d,) in shop.rows("spend", "spent_on")] == [1, 2, 3, 4, 5, 6, 29]


def test_dates_after_receipt_have_one_day_of_grace(shop):
    content = f"{SPEND}\nA1,2024-03-04,1\nA1,2024-03-05,1\nA1,2024-03-06,1\n"
    assert shop.deliver({"spend.csv": content}, received_on=date(2024, 3, 4)) == [("loaded", 3, 2, 1, 0)]
    assert [q[:2] for q in shop.quarantine()] == [(4, "not_after_receipt")]


def test_wrong_types_in_every_kind_of_column(house):
    content = (
        "account_id,opened_on,has_consent,points_balance,language\n"
        "A1,2020-01-01,yes,10,zh\n"  # good
        "A2,soon,yes,10,zh\n"
        "A3,2020-01-01,maybe,10,zh\n"
        "A4,2020-01-01,no,1.5,zh\n"
        "A5,2020-01-01,no,-1,zh\n"
        "A6,2020-01-01,no,1,fr\n"
        "A7,2020/1/1,是,3.0,zh-Hans\n"  # good
    )
    assert house.deliver({"accounts.csv": content}) == [("loaded", 7, 2, 5, 0)]
    assert [q[:3] for q in house.quarantine()] == [
        (3, "type_date", "opened_on"),
        (4, "type_boolean", "has_consent"),
        (5, "type_integer", "points_balance"),
        (6, "minimum", "points_balance"),
        (7, "allowed", "language"),
    ]
    assert house.rows("accounts", "account_id, opened_on, has_consent, points_balance") == [
        ("A1", date(2020, 1, 1), True, 10),
        ("A7", date(2020, 1, 1), True, 3),
    ]


def test_timestamps(shop):
    cells = ["soon", "2024/02/01 09:30", "2024-02-01", "2024-02-01T10:00:00"]
    content = "\n".join([f"{SPEND},spent_at", *(f"A1,2024-02-01,1,{cell}" for cell in cells)])
    assert shop.deliver({"spend.csv": content}) == [("loaded", 4, 3, 1, 0)]
    assert [t.hour for (t,) in shop.rows("spend", "spent_at")] == [0, 9, 10]


def test_impossible_time_is_not_taken_for_midnight(shop):
    assert shop.deliver({"spend.csv": f"{SPEND},spent_at\nA1,2024-02-01,1,2024-02-01 25:61\n"}) == [("loaded", 1, 0, 1, 0)]


def test_a_row_that_breaks_two_rules_counts_once(shop):
    assert shop.deliver({"spend.csv": f"{SPEND}\nZ9,never,-5\n"}) == [("loaded", 1, 0, 1, 0)]
    assert len(shop.quarantine()) == 1


# ---- held rows -------------------------------------------------------------------------------------------------------


def test_unknown_account_is_held_and_loaded_when_it_arrives(shop):
    shop.deliver({"spend.csv": f"{SPEND}\nA1,2024-02-01,1\nNEW,2024-02-02,2\nNEW,2024-02-03,3\n"})
    assert shop.sums(2) == ("loaded", 3, 1, 2, 0)
    shop.deliver({"reps.csv": "rep_id\nR1\n"})
    assert shop.sums(2) == ("loaded", 3, 1, 2, 0)
    shop.deliver({"accounts_2024-03-01.csv": "account_id\nNEW\n"})
    assert shop.sums(2) == ("loaded", 3, 3, 0, 0)
    assert shop.quarantine() == []
    assert shop.rows("spend", "account_id, amount, _file_id, _line, _batch") == [
        ("A1", Decimal(1), 2, 2, 2),
        ("NEW", Decimal(2), 2, 3, 4),
        ("NEW", Decimal(3), 2, 4, 4),
    ]


def test_account_in_the_same_batch_is_known(house):
    sums = house.deliver({"spend.csv": f"{SPEND}\nA1,2024-02-01,1\n", "accounts.csv": "account_id\nA1\n"})
    assert sums == [("loaded", 1, 1, 0, 0), ("loaded", 1, 1, 0, 0)]


def test_held_rows_do_not_count_for_a_week_run_before_the_account_came(shop):
    shop.deliver({"spend.csv": f"{SPEND}\nNEW,2024-02-02,2\n"})
    shop.deliver({"accounts_2024-03-01.csv": "account_id\nNEW\n"})
    assert shop.as_of("spend", date(2024, 3, 4), "amount", batch_cutoff=2) == []
    assert shop.as_of("spend", date(2024, 3, 4), "amount", batch_cutoff=3) == [(Decimal(2),)]


def test_held_identical_lines_keep_their_multiplicity_over_two_files(house):
    line = "NEW,2024-02-02,2\n"
    house.deliver({"spend_2024-02-03.csv": f"{SPEND}\n{line * 2}"})
    house.deliver({"spend_2024-02-04.csv": f"{SPEND}\n{line * 3}"})
    assert (house.sums(1), house.sums(2)) == (("loaded", 2, 0, 2, 0), ("loaded", 3, 0, 3, 0))
    house.deliver({"accounts.csv": "account_id\nNEW\n"})
    assert (house.sums(1), house.sums(2)) == (("loaded", 2, 2, 0, 0), ("loaded", 3, 1, 0, 2))
    assert len(house.rows("spend", "amount")) == 3


def test_held_row_with_every_kind_of_cell_survives_the_wait(house):
    notes = '"第一行\n第二行 ""引用"" \\n {json: [1, null]}"'
    content = (
        "touchpoint_id,account_id,touched_on,touched_at,channel,direction,note_text,is_resolved\n"
        f"T1,NEW,2024/2/3,2024-02-03 10:00,phone,in,{notes},是\n"
    )
    house.deliver({"touchpoints.csv": content})
    assert house.sums(1) == ("loaded", 1, 0, 1, 0)
    house.deliver({"accounts.csv": "account_id\nNEW\n"})
    assert house.sums(1) == ("loaded", 1, 1, 0, 0)
    assert house.rows("touchpoints", "touchpoint_id, touched_on, touched_at, note_text, is_resolved, rep_id") == [
        ("T1", date(2024, 2, 3), datetime(2024, 2, 3, 10), '第一行\n第二行 "引用" \\n {json: [1, null]}', True, None)
    ]


def test_held_row_with_a_very_long_note_is_not_cut(house):
    note = "长" * 50_000
    house.deliver({"touchpoints.csv": f"account_id,touched_on,channel,note_text\nNEW,2024-02-03,phone,{note}\n"})
    house.deliver({"accounts.csv": "account_id\nNEW\n"})
    assert house.rows("touchpoints", "length(note_text)") == [(50_000,)]


def test_held_row_with_nul_in_its_note(house):
    house.deliver({"touchpoints.csv": "account_id,touched_on,channel,note_text\nNEW,2024-02-03,phone,a\0b\n"})
    assert house.sums(1) == ("loaded", 1, 0, 1, 0)
    house.deliver({"accounts.csv": "account_id\nNEW\n"})
    assert house.sums(1) == ("loaded", 1, 1, 0, 0)


def test_currency_is_held_until_a_rate_of_that_day_or_before_arrives(shop):
    lines = "A1,2024-02-01,1,USD\nA1,2024-02-10,2,USD\nA1,2024-02-01,3,CNY\nA1,2024-02-01,4,\n"
    shop.deliver({"spend.csv": f"{SPEND},currency\n{lines}"})
    assert shop.sums(2) == ("loaded", 4, 2, 2, 0)
    assert [q[1:] for q in shop.quarantine()] == [("no_rate", "currency", "USD")] * 2
    shop.deliver({"fx_rates.csv": "currency,rate_on,rate\nUSD,2024-02-05,7.1\nEUR,2024-01-01,7.8\n"})
    assert shop.sums(2) == ("loaded", 4, 3, 1, 0)
    assert [q[0] for q in shop.quarantine()] == [2]
    shop.deliver({"fx_rates_older.csv": "currency,rate_on,rate\nUSD,2024-01-31,7.0\n"})
    assert shop.sums(2) == ("loaded", 4, 4, 0, 0)


def test_unknown_account_and_no_rate_are_waited_for_in_turn(house):
    house.deliver({"spend.csv": f"{SPEND},currency\nNEW,2024-02-01,1,USD\n"})
    house.deliver({"accounts.csv": "account_id\nNEW\n"})
    assert house.sums(1) == ("loaded", 1, 0, 1, 0)
    assert [q[1] for q in house.quarantine()] == ["no_rate"]
    house.deliver({"fx_rates.csv": "currency,rate_on,rate\nUSD,2024-01-01,7\n"})
    assert house.sums(1) == ("loaded", 1, 1, 0, 0)


def test_currency_that_is_no_code_is_quarantined_for_good(shop):
    lines = "".join(f"A1,2024-02-01,1,{currency}\n" for currency in ("usd", "US", "美元", "USDX"))
    assert shop.deliver({"spend.csv": f"{SPEND},currency\n{lines}"}) == [("loaded", 4, 0, 4, 0)]
    assert [q[1] for q in shop.quarantine()] == ["pattern"] * 4
    assert shop.query("SELECT count(*) FROM ledger_quarantine WHERE is_held") == [(0,)]


def test_small_exchange_rates_keep_their_digits(house):
    house.deliver({"fx_rates.csv": "currency,rate_on,rate\nVND,2024-01-01,0.000283\n"})
    ((rate,),) = house.rows("fx_rates", "rate")
    assert float(rate) == pytest.approx(0.000283, rel=0.001)


# ---- duplicates ------------------------------------------------------------------------------------------------------


def test_the_same_file_twice_and_under_another_name(shop):
    content = f"{SPEND}\nA1,2024-02-01,1\nA1,2024-02-01,1\nA2,bad,1\n"
    assert shop.deliver({"spend.csv": content}) == [("loaded", 3, 2, 1, 0)]
    assert shop.deliver({"spend.csv": content}) == [("loaded", 3, 0, 0, 3)]
    assert shop.deliver({"spend_again.csv": content}) == [("loaded", 3, 0, 0, 3)]
    assert len(shop.rows("spend", "amount")) == 2


def test_the_same_file_twice_in_one_batch(shop):
    content = f"{SPEND}\nA1,2024-02-01,1\n"
    sums = shop.deliver({"spend_b.csv": content, "spend_a.csv": content})
    assert sorted(sums) == [("loaded", 1, 0, 0, 1), ("loaded", 1, 1, 0, 0)]


def test_identical_lines_in_one_file_are_all_kept(shop):
    assert shop.deliver({"spend.csv": f"{SPEND}\n" + "A1,2024-02-01,1\n" * 5}) == [("loaded", 5, 5, 0, 0)]


def test_larger_multiplicity_counts_across_files(shop):
    line = "A1,2024-02-01,1\n"
    assert shop.deliver({"spend_1.csv": f"{SPEND}\n{line * 2}"}) == [("loaded", 2, 2, 0, 0)]
    assert shop.deliver({"spend_2.csv": f"{SPEND}\n{line * 3}A2,2024-02-01,1\n"}) == [("loaded", 4, 2, 0, 2)]
    assert shop.deliver({"spend_3.csv": f"{SPEND}\n{line}"}) == [("loaded", 1, 0, 0, 1)]
    assert shop.rows("spend", "account_id, count(*) OVER (PARTITION BY account_id)") == [("A1", 3)] * 3 + [("A2", 1)]


def test_multiplicity_ignores_how_a_value_is_written(shop):
    shop.deliver({"spend_1.csv": f"{SPEND}\nA1,2024-02-01,1.50\n"})
    assert shop.deliver({"spend_2.csv": f"{SPEND}\n A1 ,2024/2/1,1.5\n"}) == [("loaded", 1, 0, 0, 1)]


def test_key_in_one_file_twice_with_the_same_values_is_a_duplicate(shop):
    content = f"spend_line_id,{SPEND}\nS1,A1,2024-02-01,1\nS1,A1,2024-02-01,1\n"
    assert shop.deliver({"spend.csv": content}) == [("loaded", 2, 1, 0, 1)]


def test_key_in_one_file_twice_with_other_values_leaves_one_standing(shop):
    content = f"spend_line_id,{SPEND}\nS1,A1,2024-02-01,1\nS1,A1,2024-02-01,2\n"
    assert shop.deliver({"spend.csv": content}) == [("loaded", 2, 2, 0, 0)]
    assert len(shop.rows("spend", "amount")) == 1


def test_key_again_with_other_values_the_newest_counts(shop):
    head = f"spend_line_id,{SPEND}\n"
    shop.deliver({"spend_1.csv": f"{head}S1,A1,2024-02-01,9\nS2,A1,2024-02-01,5\n"})
    assert shop.deliver({"spend_2.csv": f"{head}S1,A1,2024-02-01,1\nS2,A1,2024-02-01,5\n"}) == [("loaded", 2, 1, 0, 1)]
    assert shop.as_of("spend", date(2024, 3, 4), "spend_line_id, amount") == [("S1", Decimal(1)), ("S2", Decimal(5))]
    # A week run before the correction still sees what was known by then.
    assert shop.as_of("spend", date(2024, 3, 4), "spend_line_id, amount", batch_cutoff=2) == [
        ("S1", Decimal(9)),
        ("S2", Decimal(5)),
    ]


def test_key_corrected_and_corrected_back(shop):
    head = f"spend_line_id,{SPEND}\n"
    shop.deliver({"spend_1.csv": f"{head}S1,A1,2024-02-01,9\n"})
    shop.deliver({"spend_2.csv": f"{head}S1,A1,2024-02-01,1\n"})
    assert shop.deliver({"spend_3.csv": f"{head}S1,A1,2024-02-01,9\nS7,A1,2024-02-01,7\n"}) == [("loaded", 2, 2, 0, 0)]
    assert shop.as_of("spend", date(2024, 3, 4), "amount") == [(Decimal(7),), (Decimal(9),)]
    assert shop.as_of("spend", date(2024, 3, 4), "amount", batch_cutoff=3) == [(Decimal(1),)]


@pytest.mark.parametrize("batches", [1, 2])
def test_the_newer_file_corrects_the_older_one_in_one_batch_or_two(shop, batches):
    files = {
        "spend_2024-02-10.csv": f"spend_line_id,{SPEND}\nS1,A1,2024-02-01,9\n",
        "spend_2024-02-20.csv": f"spend_line_id,{SPEND}\nS1,A1,2024-02-01,1\n",
    }
    for batch in [files] if batches == 1 else [{name: content} for name, content in files.items()]:
        shop.deliver(batch)
    assert shop.as_of("spend", date(2024, 3, 4), "amount") == [(Decimal(1),)]


def test_keyed_row_is_loaded_beside_an_identical_row_without_key(shop):
    content = f"spend_line_id,{SPEND}\nS1,A1,2024-02-01,1\n,A1,2024-02-01,1\n,A1,2024-02-01,1\n"
    assert shop.deliver({"spend.csv": content}) == [("loaded", 3, 3, 0, 0)]
    assert shop.deliver({"spend_2.csv": content + "S2,A1,2024-02-01,1\n"}) == [("loaded", 4, 1, 0, 3)]


def test_composite_key(shop):
    head = "account_id,period_from_on,period_to_on,n_visits\n"
    shop.deliver({"usage_1.csv": f"{head}A1,2024-01-01,2024-01-31,5\n"})
    lines = "A1,2024-01-01,2024-01-31,6\nA1,2024-01-01,2024-01-30,5\n"
    assert shop.deliver({"usage_2.csv": f"{head}{lines}"}) == [("loaded", 2, 2, 0, 0)]
    assert shop.as_of("usage", date(2024, 3, 4), "period_to_on, n_visits") == [
        (date(2024, 1, 30), 5),
        (date(2024, 1, 31), 6),
    ]


# ---- which table, and files that are no tables -----------------------------------------------------------------------


def test_file_of_no_table_or_kind_is_rejected_without_rows(house):
    sums = house.deliver({"sales.csv": "a,b\n1,2\n", "spend.xlsx": b"PK\x03\x04", "spend": "x", ".csv": "x"})
    assert sums == [("rejected", 0, 0, 0, 0)] * 4


HOSTILE_NAMES = [
    "accounts [1]",
    "accounts*",
    "accounts?",
    "accounts 'quoted' \"twice\"",
    "accounts{a,b}",
    "accounts_客户 名单（终）😀",
    "accounts;drop table ledger_files;--",
    "accounts%20#a&b=c",
    "accounts\\back\\slash",
    "accounts\nnewline",
    "accounts[!a-z]",
    "ACCOUNTS",
    "accounts/2024",
    "accounts/x=1/y",
]


@pytest.mark.parametrize("suffix", ["csv", "PARQUET"])
def test_hostile_file_names(house, suffix):
    """Each file holds one account of its own, so that a name taken for a pattern would bring in another's."""
    files = {}
    for number, name in enumerate(HOSTILE_NAMES):
        frame = pl.DataFrame({"account_id": [f"A{number:02}"]})
        files[f"{name}.{suffix}"] = frame if suffix == "PARQUET" else frame.write_csv()
    assert house.deliver(files) == [("loaded", 1, 1, 0, 0)] * 14
    assert [account for (account,) in house.rows("accounts", "account_id")] == [f"A{number:02}" for number in range(14)]


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_folder_that_looks_like_a_partition_adds_no_column(house, suffix):
    content = "account_id\nA1\n" if suffix == "csv" else pl.DataFrame({"account_id": ["A1"]})
    assert house.deliver({f"accounts/region=north/part.{suffix}": content}) == [("loaded", 1, 1, 0, 0)]
    assert house.rows("accounts", "account_id, region") == [("A1", None)]


def test_a_bad_file_does_not_keep_the_others_from_loading(house):
    sums = house.deliver(
        {
            "accounts_1.csv": "account_id\nA1\n",
            "accounts_2.csv": b"",
            "accounts_3.parquet": b"PAR1 nonsense",
            "accounts_4.csv": b"\x00\x01\x02\xff\xfe" * 50,
            "accounts_5.csv": "a,b,c\n1,2,3\n",
            "accounts_6.csv": "account_id\nA6\n",
            "spend.csv": f"{SPEND}\nA1,2024-02-01,1\nA6,2024-02-01,1\n",
        }
    )
    assert [s.state for s in sums] == ["loaded", "rejected", "rejected", "rejected", "rejected", "loaded", "loaded"]
    assert sum(s.loaded for s in sums) == 4

"""Delimited text in every form it arrives in: encodings, separators, line ends, quotes, broken lines, hostile cells."""

from __future__ import annotations

import codecs
from datetime import date

import pytest

NAMES = "account_id,account_name\n"
NOTES = "account_id,touched_on,channel,note_text\n"


# ---- encodings -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("encoding", "mark", "told"),
    [
        ("utf-8", b"", "utf-8"),
        ("utf-8", codecs.BOM_UTF8, "utf-8"),
        ("gb18030", b"", "gb18030"),
        ("utf-16-le", codecs.BOM_UTF16_LE, "utf-16-le"),
        ("utf-16-be", codecs.BOM_UTF16_BE, "utf-16-be"),
        ("utf-16-le", b"", "utf-16-le"),
    ],
)
def test_encodings(house, encoding, mark, told):
    content = "account_id,客户名称\nA1,晨光面馆\nA2,𠮷野家 €5\nA3,Plain and simple\n"
    assert house.deliver({"accounts.csv": mark + content.encode(encoding)}) == [("loaded", 3, 3, 0, 0)]
    assert house.rows("accounts", "account_id, account_name") == [
        ("A1", "晨光面馆"),
        ("A2", "𠮷野家 €5"),
        ("A3", "Plain and simple"),
    ]
    assert house.query("SELECT encoding FROM ledger_files") == [(told,)]


@pytest.mark.parametrize("mark", [b"", codecs.BOM_UTF8])
def test_utf8_with_one_corrupt_line_stays_utf8(house, mark):
    """Two characters of UTF-8 are six bytes, which read as three other characters of GB18030 without any error."""
    lines = [f"A{n:02},客户".encode() for n in range(20)]
    lines[7] = b"A07,\xff\xfe bad"
    content = mark + NAMES.encode() + b"\n".join(lines) + b"\n"
    assert house.deliver({"accounts.csv": content}) == [("loaded", 20, 19, 1, 0)]
    assert {name for _, name in house.rows("accounts", "account_id, account_name")} == {"客户"}
    assert [q[:2] for q in house.quarantine()] == [(9, "encoding")]


def test_utf8_with_a_character_cut_in_half_stays_utf8(house):
    lines = [f"A{n:02},客户".encode() for n in range(20)]
    lines[7] = "A07,客户".encode()[:-1] + b"!"
    assert house.deliver({"accounts.csv": NAMES.encode() + b"\n".join(lines) + b"\n"}) == [("loaded", 20, 19, 1, 0)]
    assert {name for _, name in house.rows("accounts", "account_id, account_name")} == {"客户"}


def test_gb18030_with_one_corrupt_line_stays_gb18030(house):
    lines = [f"A{n:02},晨光面馆".encode("gb18030") for n in range(20)]
    lines[3] = b"A03,\xff\xff"
    assert house.deliver({"accounts.csv": NAMES.encode() + b"\n".join(lines) + b"\n"}) == [("loaded", 20, 19, 1, 0)]
    assert {name for _, name in house.rows("accounts", "account_id, account_name")} == {"晨光面馆"}
    assert [q[:2] for q in house.quarantine()] == [(5, "encoding")]


def test_one_percent_corrupt_lines(house):
    """1,000 lines, every hundredth corrupt, five ways in turn."""
    bad = [b"A,\xff", b'A,"open', b"A", b"A,b,c", b'A,"x"y']
    lines = [bad[n // 100 % 5] if n % 100 == 50 else f"A{n:04},客户{n}".encode() for n in range(1_000)]
    assert house.deliver({"accounts.csv": NAMES.encode() + b"\n".join(lines) + b"\n"}) == [("loaded", 1_000, 990, 10, 0)]
    assert [(q[0], q[1]) for q in house.quarantine()] == [
        (n, "encoding" if n in (52, 552) else "unparseable") for n in range(52, 1_000, 100)
    ]
    assert house.rows("accounts", "account_id, account_name")[0] == ("A0000", "客户0")


def test_utf16_with_half_a_character_at_the_end(house):
    content = codecs.BOM_UTF16_LE + "account_id,account_name\nA1,面馆\nA2,面馆".encode("utf-16-le")[:-1]
    assert house.deliver({"accounts.csv": content}) == [("loaded", 2, 1, 1, 0)]
    assert [q[:2] for q in house.quarantine()] == [(3, "encoding")]


def test_utf16_with_a_lone_surrogate_in_one_line(house):
    text = "account_id,account_name\nA1,面馆\nA2,X\nA3,面馆\n"
    content = codecs.BOM_UTF16_LE + text.encode("utf-16-le").replace(b"X\0", b"\x00\xd8")
    assert house.deliver({"accounts.csv": content}) == [("loaded", 3, 2, 1, 0)]
    assert [q[:2] for q in house.quarantine()] == [(3, "encoding")]


def test_corrupt_line_among_lone_carriage_returns(house):
    content = b"account_id,account_name\rA1,\xff\rA2,fine\r"
    assert house.deliver({"accounts.csv": content}) == [("loaded", 2, 1, 1, 0)]
    assert house.rows("accounts", "account_id") == [("A2",)]


def test_file_that_is_no_text_is_rejected(house):
    png = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20
    zipped = b"PK\x03\x04" + bytes(range(255, -1, -1)) * 20
    assert (
        house.deliver({"accounts_1.csv": png, "accounts_2.csv": zipped, "accounts_3.csv": b"\0" * 5_000})
        == [("rejected", 0, 0, 0, 0)] * 3
    )


# ---- separators, line ends, headers ----------------------------------------------------------------------------------


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_separators_and_line_ends(house, delimiter, newline):
    """Semicolon files lack the last line end."""
    rows = [["account_id", "account_name", "region"], ["A1", "面馆", "North"], ["A2", "", "South"], ["A3", '"a b"', "East"]]
    text = newline.join(delimiter.join(row) for row in rows) + newline * (delimiter != ";")
    assert house.deliver({"accounts.csv": text}) == [("loaded", 3, 3, 0, 0)]
    assert house.rows("accounts", "account_id, account_name, region, _line") == [
        ("A1", "面馆", "North", 2),
        ("A2", None, "South", 3),
        ("A3", "a b", "East", 4),
    ]


def test_mixed_line_ends(house):
    assert house.deliver({"accounts.csv": f"{NAMES}A1,a\r\nA2,b\nA3,c\r\n"}) == [("loaded", 3, 3, 0, 0)]
    assert house.rows("accounts", "account_id, account_name") == [("A1", "a"), ("A2", "b"), ("A3", "c")]


def test_decimal_numbers_in_semicolon_files_keep_the_point(shop):
    content = "account_id;spent_on;amount\nA1;2024-02-01;1.5\nA2;2024-02-01;1,5\n"
    assert shop.deliver({"spend.csv": content}) == [("loaded", 2, 1, 1, 0)]
    assert [q[:4] for q in shop.quarantine()] == [(3, "type_decimal", "amount", "1,5")]


@pytest.mark.parametrize(
    "header",
    [
        "客户编号,消费日期,金额",
        "Account ID,Date,Amount",
        "  ACCOUNT_ID , Spent_On,AMOUNT",
        '"account_id","spent_on","amount"',
        "客户编号,Date,amount",
        "\ufeffaccount_id,spent_on,amount",
    ],
)
def test_headers_by_name_or_title(shop, header):
    assert shop.deliver({"spend.csv": f"{header}\nA1,2024-02-01,5\n"}) == [("loaded", 1, 1, 0, 0)]
    assert shop.rows("spend", "account_id, spent_on, amount") == [("A1", date(2024, 2, 1), 5)]


def test_columns_in_any_order_with_unknown_ones_between(house):
    content = "备注,account_name,,account_id,account_id_old\nx,面馆,y,A1,O1\n"
    assert house.deliver({"accounts.csv": content}) == [("loaded", 1, 1, 0, 0)]
    assert house.rows("accounts", "account_id, account_name") == [("A1", "面馆")]
    assert "备注" in house.query("SELECT notes FROM ledger_files")[0][0]


@pytest.mark.parametrize("header", ["account_id,account_id", "account_id,客户编号", "Account ID,region,ACCOUNT_ID"])
def test_doubled_header_names_are_rejected_by_name(house, header):
    assert house.deliver({"accounts.csv": f"{header}\nA1,A2,A3\n"}) == [("rejected", 0, 0, 0, 0)]
    assert "account_id" in house.reason(1)


def test_doubled_unknown_header_names_do_no_harm(house):
    assert house.deliver({"accounts.csv": "x,x,account_id,,\n1,2,A1,,\n"}) == [("loaded", 1, 1, 0, 0)]


def test_empty_files(house):
    contents = [b"", codecs.BOM_UTF8, b"\n\n\r\n", b" \t \n", codecs.BOM_UTF16_LE, b"\r\r"]
    sums = house.deliver({f"accounts_{n}.csv": content for n, content in enumerate(contents)})
    assert sums == [("rejected", 0, 0, 0, 0)] * 6
    assert "empty" in house.reason(1)


@pytest.mark.parametrize("content", ["account_id", "account_id\n", "account_id,region\r\n", "\n\naccount_id\n\n\n"])
def test_header_only(house, content):
    assert house.deliver({"accounts.csv": content}) == [("loaded", 0, 0, 0, 0)]


def test_blank_lines_and_lines_of_delimiters_are_no_records(house):
    content = f'\n \n{NAMES}\nA1,a\n,\n   ,  \n\nA2,b\n"",""\n\n,\n'
    assert house.deliver({"accounts.csv": content}) == [("loaded", 2, 2, 0, 0)]
    assert house.rows("accounts", "account_id, _line") == [("A1", 5), ("A2", 9)]


@pytest.mark.parametrize("rest", ["", "\n"])
def test_line_of_tabs_counts_alike_on_both_ways_of_reading(house, rest):
    """A blank line at the end sends the file down the careful way; it must not change the sums."""
    assert house.deliver({"accounts.csv": f"{NAMES}A1,a\n\t,\t\n{rest}"}) == [("loaded", 1, 1, 0, 0)]


def test_line_with_cells_only_in_unknown_columns_is_not_dropped(house):
    content = "account_id,account_name,remark\nA1,a,x\n,,call them on Monday\n"
    assert house.deliver({"accounts.csv": content}) == [("loaded", 2, 1, 1, 0)]
    assert [q[:3] for q in house.quarantine()] == [(3, "required", "account_id")]


# ---- quotes and broken lines -----------------------------------------------------------------------------------------


def test_broken_quotes_cost_one_record_for_each_physical_line(house):
    content = NAMES + '"A1,open\nA2,good\nA3,"open too\nA4,good\nA5,"x"y\nA6,say ""hi""\nA7,5" pipe\n'
    (sums,) = house.deliver({"accounts.csv": content})
    assert (sums.received, sums.state) == (7, "loaded")
    assert [q[:2] for q in house.quarantine()] == [(2, "unparseable"), (4, "unparseable"), (6, "unparseable")]
    assert [account for (account,) in house.rows("accounts", "account_id")] == ["A2", "A4", "A6", "A7"]


def test_broken_quotes_in_a_table_with_notes_of_many_lines(shop):
    good = "A1,2024-02-01,phone,fine\n"
    content = NOTES + good + 'A2,2024-02-02,phone,"never closed\n' + good * 3
    assert shop.deliver({"touchpoints.csv": content}) == [("loaded", 5, 4, 1, 0)]
    assert [q[:2] for q in shop.quarantine()] == [(3, "unparseable")]


def test_too_many_and_too_few_cells(house):
    assert house.deliver({"accounts.csv": f"{NAMES}A1,a\nA2\nA3,b,c\nA4,d,\nA5,e\n"}) == [("loaded", 5, 3, 2, 0)]
    assert [q[:2] for q in house.quarantine()] == [(3, "unparseable"), (4, "unparseable")]


@pytest.mark.parametrize("rest", ["", "\n"])
def test_one_empty_cell_too_many_counts_alike_on_both_ways_of_reading(house, rest):
    """A blank line at the end sends the file down the careful way; it must not change the sums."""
    assert house.deliver({"accounts.csv": f"{NAMES}A1,a,\nA2,b\n{rest}"}) == [("loaded", 2, 2, 0, 0)]


def test_quoted_line_breaks_in_notes_make_one_record(shop):
    content = NOTES + 'A1,2024-02-01,phone,"one\ntwo\n\nfour"\nA2,2024-02-02,phone,"a\r\nb, ""c"""\nA3,2024-02-03,phone,d\n'
    assert shop.deliver({"touchpoints.csv": content}) == [("loaded", 3, 3, 0, 0)]
    assert shop.rows("touchpoints", "account_id, note_text, _line") == [
        ("A1", "one\ntwo\n\nfour", 2),
        ("A2", 'a\nb, "c"', 6),
        ("A3", "d", 8),
    ]


def test_quoted_line_break_where_none_may_be_costs_its_physical_lines(house):
    content = f'{NAMES}A1,"one\ntwo"\nA2,good\n'
    assert house.deliver({"accounts.csv": content}) == [("loaded", 3, 1, 2, 0)]
    assert house.rows("accounts", "account_id, _line") == [("A2", 4)]


def test_line_numbers_are_exact_where_breaks_within_and_between_records_cancel_out(shop):
    """One record on two lines, two records on one: as many records as lines."""
    content = NOTES + 'A1,2024-02-01,phone,"one\ntwo"\nA2,2024-02-02,phone,x\rA3,2024-02-03,phone,y\nA1,bad,phone,z\n'
    shop.deliver({"touchpoints.csv": content})
    assert [q[0] for q in shop.quarantine() if q[1] == "type_date"] == [5]


def test_file_cut_in_the_middle_of_a_line_is_marked(shop):
    shop.deliver({"spend.csv": "account_id,spent_on,amount\nA1,2024-02-01,1\nA2,2024-0"})
    assert shop.sums(2) == ("loaded", 2, 1, 1, 0)
    assert shop.query("SELECT is_cut FROM ledger_files WHERE file_id = 2") == [(True,)]


def test_whole_file_is_not_marked_as_cut(shop):
    shop.deliver({"spend.csv": "account_id,spent_on,amount\nA1,2024-02-01,1\nA2\n"})
    assert shop.query("SELECT is_cut FROM ledger_files WHERE file_id = 2") == [(False,)]


# ---- hostile cells ---------------------------------------------------------------------------------------------------


def test_cells_of_a_megabyte(shop):
    big = "大" * 350_000
    content = f"{NAMES}B1,{big}\nB2,ok\n{big},x\n"
    assert shop.deliver({"accounts_big.csv": content}) == [("loaded", 3, 1, 2, 0)]
    assert [q[:3] for q in shop.quarantine()] == [(2, "too_long", "account_name"), (4, "too_long", "account_id")]
    assert shop.query("SELECT max(length(cell_value)), max(length(record_text)) <= 4000 FROM ledger_quarantine") == [
        (200, True)
    ]


def test_note_of_a_megabyte_is_kept(shop):
    big = "长" * 350_000
    assert shop.deliver({"touchpoints.csv": f"{NOTES}A1,2024-02-01,phone,{big}\n"}) == [("loaded", 1, 1, 0, 0)]
    assert shop.rows("touchpoints", "length(note_text)") == [(350_000,)]


@pytest.mark.parametrize("first", ["客" * 600_000, "account_id," + "客" * 600_000, "x" + "客" * 600_000])
def test_first_line_of_megabytes(house, first):
    """600,000 characters of three bytes: no buffer of a round size ends between two of them every time."""
    (sums,) = house.deliver({"accounts.csv": f"{first}\nA1,x\n"})
    assert sums.received == sums.loaded + sums.quarantined + sums.duplicate


def test_nul_and_control_characters(house):
    cells = ["a\0b", "a\x01b", "a\x1bb", "a\x7fb", "a\tb", "a\x0bb", "a\x85b", "a\u2028b", "fine"]
    content = NAMES + "".join(f"A{n},{cell}\n" for n, cell in enumerate(cells))
    assert house.deliver({"accounts.csv": content}) == [("loaded", 9, 3, 6, 0)]
    assert [q[:2] for q in house.quarantine()] == [(line, "control_character") for line in range(2, 8)]


def test_control_characters_without_nul_take_the_fast_way_to_the_same_end(house):
    assert house.deliver({"accounts.csv": f"{NAMES}A1,a\x01b\nA2,a\x1ab\nA\x083,c\n"}) == [("loaded", 3, 0, 3, 0)]


def test_key_with_nul_is_quarantined(house):
    assert house.deliver({"accounts.csv": "account_id\nA\0\n\0\n"}) == [("loaded", 2, 0, 2, 0)]


def test_text_that_looks_like_sql_or_json_is_just_text(house):
    names = ["'; DROP TABLE raw_accounts; --", "${jndi:x}", '{"a": 1}', "NULL", "\\N", "nan", "%s%n", "=cmd()", "$1"]
    content = NAMES + "".join('A{},"{}"\n'.format(n, name.replace('"', '""')) for n, name in enumerate(names))
    assert house.deliver({"accounts.csv": content}) == [("loaded", 9, 9, 0, 0)]
    assert [name for _, name in house.rows("accounts", "account_id, account_name")] == names

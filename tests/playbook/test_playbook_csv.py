"""The CSV as a spreadsheet opens it and as it comes back: cells, titles, numbers, phones, bytes."""

from __future__ import annotations

import csv
import io
from datetime import date
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from data_contracts import Contract, Field, load_contract, table_names
from winback.playbook.cells import guard, guard_column, phone_cell, unguard
from winback.playbook.csv_file import csv_bytes, read_csv_bytes

ANY = settings(deadline=None, max_examples=300, database=None)
SOME = settings(deadline=None, max_examples=80, database=None)

STARTS = ["=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠", "'", "''", "", " "]
TEXTS = st.builds(str.__add__, st.sampled_from(STARTS), st.text(max_size=12))


def field(name: str, kind: str, **more: object) -> Field:
    return Field(name=name, type=kind, description=name, title_en=f"{name} (en)", title_zh=f"{name}（中）", **more)  # type: ignore[arg-type]


CONTRACT = Contract(
    name="sheet",
    direction="output",
    kind="week",
    description="",
    version="1.0.0",
    is_required_input=False,
    fields=(
        field("row_key", "string"),
        field("note", "string", is_multiline=True),
        field("phone", "string", personal="phone"),
        field("amount", "decimal"),
        field("share", "double"),
        field("count", "integer"),
        field("day", "date"),
        field("is_ok", "boolean"),
    ),
    expectations=(),
)
SCHEMA = {
    "row_key": pl.String,
    "note": pl.String,
    "phone": pl.String,
    "amount": pl.Decimal(18, 4),
    "share": pl.Float64,
    "count": pl.Int64,
    "day": pl.Date,
    "is_ok": pl.Boolean,
}


def sheet(*rows: dict[str, object]) -> pl.DataFrame:
    return pl.DataFrame([{c: row.get(c) for c in SCHEMA} for row in rows], schema=SCHEMA, orient="row")


def written(*rows: dict[str, object], language: str = "en", region: str = "CN") -> bytes:
    return csv_bytes(sheet(*rows), CONTRACT, language=language, phone_region=region)


def cells(data: bytes) -> list[list[str]]:
    """As another program reads the file: Python's csv module."""
    assert data.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))


# ---- cells -----------------------------------------------------------------------------------------------------------


@ANY
@given(TEXTS)
@example("+86 139 1234 5678")
@example("'+86 139 1234 5678")
@example("+86 139 1234\n")
@example("''=1+1")
def test_what_was_guarded_comes_back(text):
    assert unguard(guard(text)) == text


@ANY
@given(TEXTS)
def test_no_cell_starts_like_a_formula_but_phone_numbers(text):
    cell = guard(text)
    is_phone = cell.startswith("+") and cell[1:].rstrip("\n").replace(" ", "").isdigit()
    assert cell[:1] not in tuple("=+-@\t\r＝＋－＠") or is_phone
    assert cell in (text, "'" + text)


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("-5", "'-5"),
        ("\t=1", "'\t=1"),
        ("\r=1", "'\r=1"),
        ("'=1", "''=1"),
        ("＝１", "'＝１"),
        ("'tis fine", "'tis fine"),
        ("plain", "plain"),
        ("a=1", "a=1"),
        ("", ""),
        ("+86 139 1234 5678", "+86 139 1234 5678"),
        ("+1234", "'+1234"),
        ("+1 OR 1=1", "'+1 OR 1=1"),
        ("+1+1+1+1+1", "'+1+1+1+1+1"),
        ("+86 139 1234 5678\n=1", "'+86 139 1234 5678\n=1"),
    ],
)
def test_guard_by_hand(text, cell):
    assert guard(text) == cell


@SOME
@given(st.lists(st.one_of(st.none(), TEXTS), min_size=1, max_size=20))
@example(["+86 139 1234 5678\n"])
def test_guard_of_a_column_is_guard_of_its_cells(texts):
    frame = pl.DataFrame({"t": texts}, schema={"t": pl.String})
    assert frame.select(guard_column(pl.col("t")).alias("t"))["t"].to_list() == [
        None if t is None else guard(t) for t in texts
    ]


@pytest.mark.parametrize(
    ("text", "region", "cell"),
    [
        ("13912345678", "CN", "+86 139 1234 5678"),
        ("139-1234-5678", "CN", "+86 139 1234 5678"),
        ("+8613912345678", "US", "+86 139 1234 5678"),
        ("010-62345678", "CN", "+86 10 6234 5678"),
        ("(650) 253-0000", "US", "+1 650 253 0000"),
        ("ext 12/34", "CN", "ext 12 34"),
        ("ask for 小李", "CN", "ask for 小李"),
        ("", "CN", ""),
        ("---", "CN", ""),
    ],
)
def test_phone_cells(text, region, cell):
    assert phone_cell(text, region) == cell


@ANY
@given(TEXTS | st.from_regex(r"[+0-9(). /x-]{1,25}", fullmatch=True), st.sampled_from(["CN", "US", "DE", "ZZ"]))
def test_phone_cells_of_any_text_do_not_fail_and_never_become_formulas(text, region):
    cell = guard(phone_cell(text, region))
    assert cell[:1] not in tuple("=-@\t\r")
    assert not cell.startswith("+") or cell[1:].replace(" ", "").isdigit()


def test_phone_numbers_are_never_bare_digits():
    """A spreadsheet makes a number of bare digits: leading zeros go, long ones become 1.23E+14."""
    for text in ("13912345678", "4008123123", "02112345678", "0012", "00123456789012345"):
        (_, row) = cells(written({"row_key": "K", "phone": text}))
        assert not row[2].isdigit(), row[2]


# ---- files -----------------------------------------------------------------------------------------------------------


def test_a_file_to_the_byte():
    data = written(
        {
            "row_key": "K1",
            "note": "面馆, “好”",
            "phone": "13912345678",
            "amount": Decimal("1234.5"),
            "share": 0.123456,
            "count": -3,
            "day": date(2024, 2, 29),
            "is_ok": True,
        },
        {"row_key": "K2", "amount": Decimal("-0.5"), "is_ok": False},
        language="zh",
    )
    assert data.decode("utf-8") == (
        "\ufeffrow_key（中）,note（中）,phone（中）,amount（中）,share（中）,count（中）,day（中）,is_ok（中）\r\n"
        'K1,"面馆, “好”",+86 139 1234 5678,1234.50,0.1235,-3,2024-02-29,是\r\n'
        "K2,,,-0.50,,,,否\r\n"
    )


def test_numbers_stay_numbers():
    (_, row) = cells(
        written({"row_key": "K", "amount": Decimal("-12345678901234.5678"), "share": -0.00001, "count": -(10**15)})
    )
    assert row[3:6] == ["-12345678901234.57", "-0.0", "-1000000000000000"]
    for cell in row[3:6]:
        float(cell)


@pytest.mark.parametrize(
    ("amount", "cell"), [("0", "0.00"), ("0.006", "0.01"), ("2.675", "2.68"), ("0.0049", "0.00"), ("-2.5", "-2.50")]
)
def test_amounts_have_two_decimals(amount, cell):
    (_, row) = cells(written({"row_key": "K", "amount": Decimal(amount)}))
    assert Decimal(row[3]) == Decimal(cell)
    assert row[3].lstrip("-").partition(".")[2] == cell.partition(".")[2]


@pytest.mark.parametrize("share", [1e-9, 1e15, 123456789.12345, 0.30000000000000004])
def test_doubles_are_written_without_exponents(share):
    (_, row) = cells(written({"row_key": "K", "share": share}))
    assert "e" not in row[4].lower()
    assert float(row[4]) == pytest.approx(share, abs=5e-5)


def test_empty_file_and_empty_columns():
    assert len(cells(written())) == 1
    assert cells(written({"row_key": "K"}))[1] == ["K", "", "", "", "", "", "", ""]
    assert read_csv_bytes(written(), CONTRACT).columns == list(SCHEMA)
    assert read_csv_bytes(written(), CONTRACT).height == 0


KEYED_TEXTS = st.one_of(
    TEXTS, st.sampled_from(['"', '""', "a,b", "a\nb", "a\r\nb", "a\rb", "\n", "\r", "\ufeff=1", "客户", "NULL", " x "])
)


def kept(text: str) -> str:
    """What a written cell keeps of a text: control characters but tab and line breaks are taken out by design."""
    return "".join(c for c in text if c in "\t\n\r" or not (ord(c) < 32 or 127 <= ord(c) < 160))


@SOME
@given(st.lists(KEYED_TEXTS, min_size=1, max_size=8), st.sampled_from(["en", "zh"]))
@example(["a\rb"], "en")
@example(["\x01=1+1"], "en")
@example(["\x00"], "en")
def test_reading_restores_what_writing_wrote(texts, language):
    data = written(*({"row_key": f"K{n}", "note": text} for n, text in enumerate(texts)), language=language)
    back = read_csv_bytes(data, CONTRACT)
    assert back.columns == list(SCHEMA)
    assert [text or "" for text in back["note"]] == [kept(text) for text in texts]
    assert back["row_key"].to_list() == [f"K{n}" for n in range(len(texts))]


@SOME
@given(st.lists(KEYED_TEXTS, min_size=1, max_size=8))
@example(["a\rb", "x"])
@example(["\r"])
def test_other_programs_see_the_same_rows_and_no_formula(texts):
    rows = cells(written(*({"row_key": f"K{n}", "note": text} for n, text in enumerate(texts))))
    assert [row[0] for row in rows[1:]] == [f"K{n}" for n in range(len(texts))]
    assert {len(row) for row in rows} == {8}
    for row in rows[1:]:
        assert row[1][:1] not in tuple("=-@\t\r")
        assert not row[1].startswith("+") or row[1][1:].replace(" ", "").rstrip("\n").isdigit()


def test_cell_with_a_lone_carriage_return_does_not_break_the_row_in_a_spreadsheet():
    data = written({"row_key": "K1", "note": "a\rb"}, {"row_key": "K2", "note": "c"})
    unquoted = b"".join(data.split(b'"')[::2])
    assert unquoted.replace(b"\r\n", b"").count(b"\r") == 0


def test_the_same_rows_give_the_same_bytes():
    rows = [{"row_key": f"K{n}", "note": "=x", "share": 0.1 + 0.2, "amount": Decimal("1.005")} for n in range(50)]
    assert written(*rows) == written(*rows)


def test_titles_may_be_changed_to_names_and_columns_moved_by_hand():
    data = "note,row_key (en),amount（中）,extra\r\n'=1,K1,5,x\r\n".encode("utf-8-sig")
    back = read_csv_bytes(data, CONTRACT)
    assert back.select("row_key", "note", "amount").rows() == [("K1", "=1", "5")]


def test_file_saved_again_by_a_spreadsheet_with_plain_line_ends_is_read_alike():
    data = written({"row_key": "K1", "note": "=1", "amount": Decimal(2)})
    assert read_csv_bytes(data.replace(b"\r\n", b"\n"), CONTRACT).equals(read_csv_bytes(data, CONTRACT))


@pytest.mark.parametrize("table", table_names("output"))
@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_output_table_goes_out_and_comes_back(table, language):
    """Titles must not collide within a table, in either language; row keys start with a letter."""
    contract = load_contract(table)
    values = {
        "string": "=危险",
        "date": date(2024, 3, 4),
        "decimal": Decimal("1.5"),
        "double": 0.25,
        "integer": 7,
        "boolean": True,
    }
    frame = pl.DataFrame({f.name: [values[f.type], None] for f in contract.fields})
    data = csv_bytes(frame, contract, language=language, phone_region="CN")
    assert len(set(cells(data)[0])) == len(contract.fields)
    back = read_csv_bytes(data, contract)
    assert back.columns == list(contract.columns)
    # A phone is a phone cell, in which '=' stays as it is; every other text comes back.
    assert {back[f.name][0] for f in contract.fields if f.type == "string"} == {"=危险"}
    for f in contract.fields:
        if f.type in ("integer", "decimal", "double"):
            assert float(back[f.name][0]) == float(values[f.type])

"""Online Retail on a hand-made log: every kind of line, in every form the log is handed around in."""

import importlib.util
import zipfile
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from winback.errors import UsageError
from winback.importers.dry_run import preview
from winback.importers.imported import ImportedLog
from winback.importers.online_retail import REPEATED, WITHOUT_CUSTOMER, read_online_retail

HEADERS = ["Invoice", "StockCode", "Description", "Quantity", "InvoiceDate", "Price", "Customer ID", "Country"]
FIRST = [
    ["489434", "85048", "GLASS BALL", "12", "2009-12-01 07:45:00", "6.95", "13085", "United Kingdom"],
    ["489434", "85048", "GLASS BALL", "12", "2009-12-01 07:45:00", "6.95", "13085", "United Kingdom"],
    ["489435", "POST", "POSTAGE", "3", "2009-12-02 08:00:00", "0.001", "12347", "Unspecified"],
    ["489436", "22076", "RIBBONS", "6", "2009-12-02 09:00:00", "0", "12347", "Iceland"],
    ["C489437", "85048", "GLASS BALL", "-2", "2009-12-03 09:00:00", "6.95", "13085", "France"],
    ["C489438", "M", "Manual", "-1", "2009-12-03 09:30:00", "373.57", "", "United Kingdom"],
    ["489439", "85048", "", "-5", "2009-12-03 10:00:00", "0", "", "United Kingdom"],
    ["489440", "21232", "TRINKET BOX", "1", "2009-12-04 10:00:00", "1.25", "", "United Kingdom"],
    ["A489441", "B", "Adjust bad debt", "1", "2009-12-04 11:00:00", "-53594.36", "", "United Kingdom"],
    ["C489442", "21232", "TRINKET BOX", "-4", "2010-12-01 08:00:00", "1.25", "14000", "Spain"],
]
# The second sheet begins with a line of the first, twice: one of them is new.
SECOND = [
    FIRST[4],
    FIRST[4],
    ["536365", "85048", "GLASS BALL, LARGE", "1", "2010-12-02 08:26:00", "7.05", "12347", "Iceland"],
]
LEFT_OUT = {
    "lines with a customer: no price": 1,
    f"{WITHOUT_CUSTOMER}: bad debt adjusted": 1,
    f"{WITHOUT_CUSTOMER}: cancellations": 1,
    f"{WITHOUT_CUSTOMER}: no price (stock corrected)": 1,
    f"{WITHOUT_CUSTOMER}: sales": 1,
}


def _csv(folder: Path, rows: list[list[str]], headers: list[str] = HEADERS, encoding: str = "utf-8") -> Path:
    path = folder / "log.csv"
    quoted = [",".join('"' + cell.replace('"', '""') + '"' if cell else "" for cell in row) for row in [headers, *rows]]
    path.write_bytes("\n".join(quoted).encode(encoding))
    return path


def _xlsx(folder: Path, sheets: dict[str, list[list[str]]]) -> Path:
    """A workbook with numbers as numbers and times as day numbers, as the repository's own."""
    path = folder / "log.xlsx"
    package = "http://schemas.openxmlformats.org/package/2006"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    main = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    with zipfile.ZipFile(path, "w") as archive:
        kinds = "".join(
            f'<Override PartName="/xl/worksheets/sheet{n}.xml" '
            'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>'
            for n in range(1, len(sheets) + 1)
        )
        archive.writestr(
            "[Content_Types].xml",
            f'<Types xmlns="{package}/content-types"><Default Extension="rels" '
            'ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/xl/workbook.xml" '
            'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>'
            '<Override PartName="/xl/styles.xml" '
            f'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"/>{kinds}</Types>',
        )
        archive.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{package}/relationships">'
            f'<Relationship Id="r1" Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        )
        listed = "".join(f'<sheet name="{name}" sheetId="{n}" r:id="r{n}"/>' for n, name in enumerate(sheets, 1))
        archive.writestr("xl/workbook.xml", f'<workbook {main} xmlns:r="{office}"><sheets>{listed}</sheets></workbook>')
        targets = "".join(
            f'<Relationship Id="r{n}" Type="{office}/worksheet" Target="worksheets/sheet{n}.xml"/>'
            for n in range(1, len(sheets) + 1)
        )
        styles = f'<Relationship Id="r99" Type="{office}/styles" Target="styles.xml"/>'
        archive.writestr(
            "xl/_rels/workbook.xml.rels", f'<Relationships xmlns="{package}/relationships">{targets}{styles}</Relationships>'
        )
        archive.writestr(
            "xl/styles.xml",
            f'<styleSheet {main}><cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="22"/></cellXfs></styleSheet>',
        )
        for n, rows in enumerate(sheets.values(), 1):
            lines = "".join(f"<row>{''.join(map(_xlsx_cell, row))}</row>" for row in [HEADERS, *rows])
            archive.writestr(f"xl/worksheets/sheet{n}.xml", f"<worksheet {main}><sheetData>{lines}</sheetData></worksheet>")
    return path


def _xlsx_cell(cell: str) -> str:
    if not cell:
        return "<c/>"
    try:
        days = (datetime.fromisoformat(cell) - datetime(1899, 12, 30)).total_seconds() / 86_400 if ":" in cell else None
        return f'<c s="1"><v>{days}</v></c>' if days else f"<c><v>{float(cell)}</v></c>"
    except ValueError:
        return f'<c t="inlineStr"><is><t>{cell}</t></is></c>'


def _check_first_sheet(log: ImportedLog) -> None:
    spend = log.tables["spend"]
    assert spend.select("spend_line_id", "account_id", "amount", "kind", "quantity").rows() == [
        ("uci-1", "13085", Decimal("83.4000"), "purchase", 12),
        ("uci-2", "13085", Decimal("83.4000"), "purchase", 12),
        ("uci-3", "12347", Decimal("0.0030"), "purchase", 3),
        ("uci-5", "13085", Decimal("13.9000"), "refund", 2),
        ("uci-10", "14000", Decimal("5.0000"), "refund", 4),
    ]
    assert log.left_out == LEFT_OUT
    assert log.n_source_rows == log.n_accounted == 10


def test_every_kind_of_line(tmp_path: Path) -> None:
    log = read_online_retail(_csv(tmp_path, FIRST))
    _check_first_sheet(log)
    assert log.tables["spend"]["spent_at"][0] == datetime(2009, 12, 1, 7, 45)
    assert log.tables["accounts"].select("account_id", "region", "opened_on", "valid_from_on").rows() == [
        ("12347", None, date(2009, 12, 2), date(2009, 12, 2)),
        ("13085", "United Kingdom", date(2009, 12, 1), date(2009, 12, 1)),
        ("14000", "Spain", None, date(2010, 12, 1)),  # only a cancellation: bought before the log begins
    ]
    assert "CC BY 4.0" in log.source_note
    assert "10.24432/C5CG6D" in log.source_note
    assert "5 of 10 lines became spend, 2 of them refunds. The source has 3 cancellation" in log.source_note


def test_rows_pass_the_row_rules(tmp_path: Path) -> None:
    log = read_online_retail(_csv(tmp_path, FIRST))
    for table in preview(log.tables, base_currency="GBP", received_on=date(2012, 1, 1)):
        assert (table.n_good, table.n_held) == (table.n_rows, 0), table.held


def test_second_sheet_repeats_only_what_the_first_holds_as_often(tmp_path: Path) -> None:
    log = read_online_retail(_csv(tmp_path, FIRST + SECOND))
    assert log.left_out == {**LEFT_OUT, REPEATED: 1}
    assert log.tables["spend"]["spend_line_id"].to_list()[-3:] == ["uci-10", "uci-12", "uci-13"]
    assert log.n_source_rows == log.n_accounted == 13
    products = log.tables["products"]
    assert products.filter(product_id="85048")["product_name"].to_list() == ["GLASS BALL, LARGE"]


def test_both_sheets_of_a_workbook(tmp_path: Path) -> None:
    pytest.importorskip("fastexcel", reason="Excel is read by an optional package")
    log = read_online_retail(_xlsx(tmp_path, {"Year 2009-2010": FIRST, "Year 2010-2011": SECOND}))
    same = read_online_retail(_csv(tmp_path, FIRST + SECOND))
    assert log.left_out == same.left_out
    for table, frame in same.tables.items():
        assert log.tables[table].equals(frame), table


def test_workbook_without_its_reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "fastexcel" else find_spec(name))
    with pytest.raises(UsageError, match="install the package 'fastexcel'"):
        read_online_retail(_xlsx(tmp_path, {"Year 2009-2010": FIRST}))


def test_parquet_with_typed_cells(tmp_path: Path) -> None:
    text = pl.DataFrame(FIRST, schema=HEADERS, orient="row")
    typed = text.select(
        pl.col("Invoice").alias("InvoiceNo"),
        "StockCode",
        pl.when(pl.col("Description") != "").then("Description").alias("Description"),
        pl.col("Quantity").cast(pl.Int64),
        pl.col("InvoiceDate").str.to_datetime(),
        pl.col("Price").cast(pl.Float64).alias("UnitPrice"),
        pl.when(pl.col("Customer ID") != "").then("Customer ID").cast(pl.Float64).alias("CustomerID"),
        "Country",
    )
    typed.write_parquet(tmp_path / "log.parquet")
    _check_first_sheet(read_online_retail(tmp_path / "log.parquet"))


def test_american_times_and_pound_signs(tmp_path: Path) -> None:
    rows = [
        ["536365", "85123A", "£1 HOLDER", "6", "12/1/2010 8:26", "2.55", "17850.0", "United Kingdom"],
        ["536366", "85123A", "£1 HOLDER", "6", "12/31/2010 8:28", "2.55", "17850.0", "United Kingdom"],
    ]
    log = read_online_retail(_csv(tmp_path, rows, encoding="latin-1"))
    assert log.tables["spend"]["spent_at"].to_list() == [datetime(2010, 12, 1, 8, 26), datetime(2010, 12, 31, 8, 28)]
    assert log.tables["spend"]["account_id"].unique().to_list() == ["17850"]
    assert log.tables["products"]["product_name"].to_list() == ["£1 HOLDER"]
    with pytest.raises(UsageError, match="day or month comes first"):
        read_online_retail(_csv(tmp_path, rows[:1]))


def test_other_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="needs the columns"):
        read_online_retail(_csv(tmp_path, [["1", "2"]], headers=["a", "b"]))
    broken = [row.copy() for row in FIRST]
    broken[3][3] = "six"
    with pytest.raises(UsageError, match=r"1 of 10 lines cannot be read, first line 4 \(quantity\)"):
        read_online_retail(_csv(tmp_path, broken))
    with pytest.raises(UsageError, match="does not exist"):
        read_online_retail(tmp_path / "nothing.csv")
    (tmp_path / "log.txt").write_text("x")
    with pytest.raises(UsageError, match="is read from"):
        read_online_retail(tmp_path / "log.txt")

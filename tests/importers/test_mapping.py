"""Mapping files: what is refused and how it is said, what cells become, and the dry run."""

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from winback.errors import UsageError
from winback.importers.dry_run import preview
from winback.importers.mapped_log import read_mapped
from winback.importers.mapping import TableMapping, apply_mapping, example_mapping, parse_mapping

MINIMAL = """
name = "shop"
[[tables]]
table = "spend"
file = "sales.csv"
[tables.columns]
account_id = "Kunde"
spent_on = "Datum"
amount = "Betrag"
"""


def _spend(**settings: object) -> TableMapping:
    columns = {"account_id": "Kunde", "spent_on": "Datum", "amount": "Betrag"}
    given: dict[str, object] = {"table": "spend", "file": "x.csv", "columns": columns, **settings}
    return TableMapping.model_validate(given)


def _cells(*rows: tuple[str | None, ...], columns: tuple[str, ...] = ("Kunde", "Datum", "Betrag")) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=dict.fromkeys(columns, pl.String), orient="row")


# ---- parsing ---------------------------------------------------------------------------------------------------------


def test_example_is_valid_and_shows_every_setting() -> None:
    text = example_mapping()
    mapping = parse_mapping(text)
    assert [t.table for t in mapping.tables] == ["spend", "accounts"]
    assert all(name in text for name in TableMapping.model_fields)


def test_every_problem_is_named_with_what_was_meant() -> None:
    text = """
name = "Our Shop"
sorce = "x"
[[tables]]
table = "spend"
file = "sales.csv"
refund = "negative"
encoding = "klingon"
[tables.columns]
acount_id = "Kunde"
spent_on = "Datum"
[tables.constants]
kind = "purchas"
[tables.date_formats]
category = "%Y"
[[tables]]
table = "acounts"
file = "customers.csv"
id_prefix = "a"
[[tables]]
table = "touchpoints"
file = "calls.csv"
refunds = "negative"
[tables.columns]
account_id = "Kunde"
touched_on = "Datum"
channel = "Kanal"
[tables.values.channel]
Telefon = "fone"
"""
    with pytest.raises(UsageError) as refused:
        parse_mapping(text, "map.toml")
    message = str(refused.value)
    for part in (
        "map.toml: ",
        "name: String should match",
        "sorce: there is no such setting; did you mean 'source'?",
        "block 1 · refund: there is no such setting; did you mean 'refunds'?",
        "'klingon' is not an encoding",
        "the table 'spend' has no column 'acount_id'; did you mean 'account_id'?",
        "kind = 'purchas' is none of purchase, refund, top_up, consumption, subscription; did you mean 'purchase'?",
        "'category' is no date",
        "there is no input table 'acounts'; did you mean 'accounts'?",
        "block 3 · refunds: this is for the table 'spend' only",
        "channel = 'fone' is none of",
        "did you mean 'phone'?",
    ):
        assert part in message, message


def test_required_columns_must_be_given() -> None:
    with pytest.raises(UsageError, match="'amount' must be mapped: the table 'spend' requires it"):
        parse_mapping(MINIMAL.replace('amount = "Betrag"', ""))
    with pytest.raises(UsageError, match="'amount' is a column and a constant at once"):
        parse_mapping(MINIMAL + "[tables.constants]\namount = 1\n")
    with pytest.raises(UsageError, match="have no id that could be made"):
        parse_mapping('name = "s"\n[[tables]]\ntable = "accounts"\nfile = "a"\nid_prefix = "a"\ncolumns.account_id = "K"\n')
    with pytest.raises(UsageError, match="id_prefix must differ"):
        block = MINIMAL.split("\n", 2)[2].replace("[tables.columns]", 'id_prefix = "x"\n[tables.columns]')
        parse_mapping('name = "s"\n' + block + block)
    with pytest.raises(UsageError, match="not valid TOML"):
        parse_mapping("name = ")


# ---- cells -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("decimal_comma", "cell", "amount", "kind"),
    [
        (False, "1,234.50", "1234.50", None),
        (False, " 7 ", "7", None),
        (False, "-12.5", "12.5", "refund"),
        (False, "12.5-", "12.5", "refund"),
        (False, "(1,012.50)", "1012.50", "refund"),
        (False, "£ 3.20", "3.20", None),
        (False, "12,50", "12,50", None),  # held back by the row rules
        (False, "-0.00", "-0.00", None),
        (True, "1.234,50", "1234.50", None),
        (True, "-1 234,5", "1234.5", "refund"),
        (True, "€ 12", "12", None),
        (True, "12.5", "not a number with a decimal comma: 12.5", None),
        (True, "n/a", "not a number with a decimal comma: n/a", None),
        (False, None, None, None),
    ],
)
def test_numbers_and_refunds(decimal_comma: bool, cell: str | None, amount: str | None, kind: str | None) -> None:
    rows = apply_mapping(_cells(("K1", "2026-03-02", cell)), _spend(decimal_comma=decimal_comma))
    assert rows.select("amount", "kind").row(0) == (amount, kind)


def test_sign_of_refunds() -> None:
    columns = {"account_id": "Kunde", "spent_on": "Datum", "amount": "Betrag", "quantity": "Menge", "kind": "Art"}
    cells = _cells(
        ("K1", "2026-03-02", "-5", "-1", "top_up"),
        ("K1", "2026-03-02", "7", "2", "top_up"),
        columns=("Kunde", "Datum", "Betrag", "Menge", "Art"),
    )

    def rows(refunds: str) -> list[tuple[object, ...]]:
        mapped = apply_mapping(cells, _spend(columns=columns, refunds=refunds))
        return mapped.select("amount", "quantity", "kind").rows()

    assert rows("negative") == [("5", "1", "refund"), ("7", "2", "top_up")]
    assert rows("positive") == [("5", "1", "top_up"), ("7", "2", "refund")]
    assert rows("none") == [("-5", "-1", "top_up"), ("7", "2", "top_up")]


@pytest.mark.parametrize(
    ("form", "cell", "day"),
    [
        (None, "2026/3/2", "2026/3/2"),
        ("%d.%m.%Y", "02.03.2026", "2026-03-02"),
        ("%d/%m/%Y %H:%M", "02/03/2026 08:05", "2026-03-02 08:05:00"),
        ("%d.%m.%Y", "2026-03-02", "not in the form %d.%m.%Y: 2026-03-02"),
        ("%d.%m.%Y", "31.02.2026", "not in the form %d.%m.%Y: 31.02.2026"),
    ],
)
def test_dates(form: str | None, cell: str, day: str) -> None:
    assert apply_mapping(_cells(("K1", cell, "1")), _spend(date_format=form))["spent_on"].to_list() == [day]


def test_made_ids_words_constants_and_blank_rows() -> None:
    table_mapping = _spend(
        id_prefix="erp-",
        constants={"currency": "EUR", "due_on": date(2026, 4, 1)},
        values={"kind": {"Gutschrift": "refund"}},
        columns={"account_id": "kunde ", "spent_on": "Datum", "amount": "Betrag", "kind": "Art"},
    )
    cells = _cells(
        ("K1", "2026-03-02", "1", "Gutschrift"),
        (None, " ", "", None),
        ("K2", "2026-03-03", "2", None),
        columns=("Kunde", "Datum", "Betrag", "Art"),
    )
    rows = apply_mapping(cells, table_mapping, "march-")
    assert rows.rows(named=True) == [
        {
            "spend_line_id": f"erp-march-{n}",
            "account_id": account,
            "spent_on": day,
            "amount": amount,
            "currency": "EUR",
            "kind": kind,
            "due_on": "2026-04-01",
        }
        for n, account, day, amount, kind in ((1, "K1", "2026-03-02", "1", "refund"), (3, "K2", "2026-03-03", "2", None))
    ]


def test_amount_from_factors() -> None:
    table_mapping = _spend(columns={"account_id": "Kunde", "spent_on": "Datum"}, amount_from=["Menge", "Preis"])
    cells = _cells(
        ("K1", "2026-03-02", "3", "0.1"),
        ("K1", "2026-03-02", "-2", "1,000.25"),
        ("K1", "2026-03-02", "?", "1"),
        columns=("Kunde", "Datum", "Menge", "Preis"),
    )
    rows = apply_mapping(cells, table_mapping)
    assert rows.select("amount", "kind").rows() == [("0.3000", None), ("2000.5000", "refund"), (None, None)]


def test_missing_columns_are_all_named() -> None:
    with pytest.raises(UsageError) as refused:
        apply_mapping(_cells(("K1", "x", "1"), columns=("Kunden", "Datum", "Menge")), _spend())
    assert "lacks 2 mapped column(s)" in str(refused.value)
    assert "'Kunde'; did you mean 'Kunden'?" in str(refused.value)
    assert "'Betrag'" in str(refused.value)


# ---- files and dry run -----------------------------------------------------------------------------------------------


def test_example_from_files_to_dry_run(tmp_path: Path) -> None:
    header = "Customer no.;Invoice date;Booked at;Net value;Article;Article group;Qty;Type\r\n"
    (tmp_path / "invoices_1.csv").write_bytes(
        (
            header + "K1;01.02.2026;01.02.2026 09:30;1.234,50;A-1;Tools;2;Sale\r\n"
            "K2;02.02.2026;;-20,00;A-1;Tools;-1;Credit note\r\n"
            '"K2";03.02.2026;;12.5;A-1;"Hand; tools";1;Sale\r\n'
            "one cell too few\r\n"
        ).encode()
    )
    (tmp_path / "invoices_2.csv").write_text(
        header + "K9;04.02.2026;;5;A-1;Tools;1;Sale\nK1;2026-02-05;;5;A-1;Tools;1;Sale\nK1;06.02.2026;;5;A-1;Tools;1;Gift\n"
    )
    (tmp_path / "customers.csv").write_text(
        "Customer no.;Name;Industry;Customer since\nK1;Müller;Bakery;01.05.2020\nK2;Weiß;Bakery;\n"
    )
    log = read_mapped(parse_mapping(example_mapping()), tmp_path)
    assert log.name == "our-shop"
    assert log.settings.workspace.base_currency == "EUR"
    assert log.left_out == {"lines of invoices_1.csv that cannot be split into its columns": 1}
    assert log.n_source_rows == log.n_accounted == 9
    spend = log.tables["spend"]
    assert spend["spend_line_id"].to_list() == [
        "inv-invoices_1-1",
        "inv-invoices_1-2",
        "inv-invoices_1-3",
        "inv-invoices_2-1",
        "inv-invoices_2-2",
        "inv-invoices_2-3",
    ]
    assert spend.row(0) == (
        *("inv-invoices_1-1", "K1", "2026-02-01", "2026-02-01 09:30:00", "1234.50", "EUR", "A-1", "Tools", "2", "purchase"),
    )
    assert spend.select("amount", "quantity", "kind").row(1) == ("20.00", "1", "refund")
    accounts, previewed = preview(log.tables, base_currency="EUR", received_on=date(2026, 3, 2), n_first=2)
    assert (accounts.table, accounts.n_good, accounts.n_held) == ("accounts", 2, 0)
    assert (previewed.n_rows, previewed.n_good, previewed.n_held, previewed.n_duplicates) == (6, 2, 4, 0)
    assert previewed.first.height == 2
    assert sorted(previewed.held.select("rule", "column", "n_rows", "first_row", "first_value").rows()) == [
        ("allowed", "kind", 1, 6, "Gift"),
        ("type_date", "spent_on", 1, 5, "not in the form %d.%m.%Y: 2026-02-05"),
        ("type_decimal", "amount", 1, 3, "not a number with a decimal comma: 12.5"),
        ("unknown_account", "account_id", 1, 4, "K9"),
    ]
    assert all(previewed.held["meaning"].str.len_chars() > 10)


def test_accounts_are_made_from_spend(tmp_path: Path) -> None:
    (tmp_path / "sales.csv").write_text(
        "Kunde,Datum,Betrag\nK2,20260301,1\nK1,2026/2/3,5\nK1,2026-01-31 10:00,4\nK3,soon,1\n"
    )
    log = read_mapped(parse_mapping(MINIMAL), tmp_path)
    assert log.tables["accounts"].rows() == [
        ("K1", date(2026, 1, 31), date(2026, 1, 31)),
        ("K2", date(2026, 3, 1), date(2026, 3, 1)),
        ("K3", None, None),
    ]
    assert log.derived == ("accounts",)
    assert log.n_source_rows == log.n_accounted == 4
    _, spend = preview(log.tables, base_currency="EUR", received_on=date(2026, 2, 20))
    assert sorted(spend.held["rule"]) == ["not_after_receipt", "type_date"]


def test_files_that_cannot_be_used(tmp_path: Path) -> None:
    mapping = parse_mapping(MINIMAL)
    with pytest.raises(UsageError, match=r"there is no file sales\.csv"):
        read_mapped(mapping, tmp_path)
    (tmp_path / "sales.csv").write_text("")
    with pytest.raises(UsageError, match="the file is empty"):
        read_mapped(mapping, tmp_path)
    (tmp_path / "sales.csv").write_text("Kunde,Datum,Datum\n")
    with pytest.raises(UsageError, match="names Datum more than once"):
        read_mapped(mapping, tmp_path)
    (tmp_path / "sales.csv").write_bytes("Kunde,Datum,Betrag\nMüller,2026-01-01,1\n".encode("cp1252"))
    encoded = MINIMAL.replace('table = "spend"', 'table = "spend"\nencoding = "{}"')
    with pytest.raises(UsageError, match="not in the encoding utf-8"):
        read_mapped(parse_mapping(encoded.format("utf-8")), tmp_path)
    assert read_mapped(parse_mapping(encoded.format("cp1252")), tmp_path).tables["spend"]["account_id"].to_list() == [
        "Müller"
    ]

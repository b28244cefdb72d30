"""Online Retail I and II of the UCI repository: a British web shop for gifts, most of whose customers buy to sell on.

Belongs here: reading the log in the forms it is handed around in (Excel, CSV, Parquet) and deciding line by line what it is.
Does not belong here: downloading it.
"""

from __future__ import annotations

import importlib
import importlib.util
import io
import re
from pathlib import Path

import polars as pl
import polars.exceptions

from winback.config import Settings, WorkspaceSettings
from winback.errors import UsageError
from winback.importers.exact import EXACT, exact
from winback.importers.imported import ImportedLog

WITHOUT_CUSTOMER = "lines without a customer"
REPEATED = "lines that stand on an earlier sheet already"

_SOURCE_NOTE = """# Online Retail

Invoice lines of a web shop for gifts in the United Kingdom, December 2009 to December 2011 (Online Retail II; Online Retail
I holds its second year). Real customers, many of them wholesalers; real purchases in pounds sterling.

Chen, D. (2012). Online Retail II. UCI Machine Learning Repository, https://doi.org/10.24432/C5CG6D
Licence: Creative Commons Attribution 4.0 International (CC BY 4.0), https://creativecommons.org/licenses/by/4.0/

What was changed: lines became rows of this tool's own tables. A line's id is its position in the source; the amount is
quantity times unit price; a cancellation (invoice number with a C in front) is a refund with a positive amount. An account
is a customer number with the country of its first line; a product has its latest description.

{n_spend:,} of {n_lines:,} lines became spend, {n_refunds:,} of them refunds. The source has {n_cancelled:,} cancellation
lines; those that are no refund name no customer or no price. Lines about postage, discounts, manual entries and
adjustments are kept where they have a customer and a price: they were invoiced. Left out:

{left_out}
"""

_HEADERS = {
    "invoice": ("invoice", "invoiceno"),
    "product_id": ("stockcode",),
    "description": ("description",),
    "quantity": ("quantity",),
    "spent_at": ("invoicedate",),
    "unit_price_amount": ("unitprice", "price"),
    "account_id": ("customerid",),
    "country": ("country",),
}
_REQUIRED = ("invoice", "product_id", "quantity", "spent_at", "unit_price_amount")
_TIME_FORMATS = (
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y-%m-%dT%H:%M:%S%.f",
    "%Y-%m-%d %H:%M",
    "%m/%d/%Y %H:%M",
    "%d/%m/%Y %H:%M",
    "%m/%d/%y %H:%M",
    "%d/%m/%y %H:%M",
)


def read_online_retail(path: Path) -> ImportedLog:
    """The log from `path`: .xlsx with one or more sheets, .csv, or .parquet; amounts in pounds, times as on the invoice.

    Each line keeps an id from its position over all sheets. The two sheets of Online Retail II overlap by nine days; a line
    of the later sheet that the earlier one holds as often is left out. In one CSV or Parquet the later sheet is known by
    the only place where time runs backwards; in a file sorted otherwise no overlap can be told.

    Raises UsageError if the file is not that log, if a line of it cannot be read, or if the package for .xlsx is missing.
    """
    if not path.is_file():
        raise UsageError(f"{path} does not exist or is not a file")
    lines = _read_lines(path).with_columns(reason=_reason_left_out())
    left_out = {
        str(reason): int(count)
        for reason, count in lines.drop_nulls("reason").group_by("reason").len().sort("reason").iter_rows()
    }
    kept = lines.filter(pl.col("reason").is_null()).sort("spent_at", "line_no")
    if kept.height == 0:
        raise UsageError(f"{path.name} has no line with a customer and a price; is it the Online Retail log?")
    tables = {"accounts": _accounts(kept), "products": _products(kept), "spend": _spend(kept)}
    note = _SOURCE_NOTE.format(
        n_spend=kept.height,
        n_lines=lines.height,
        n_refunds=kept.select(_is_cancellation().sum()).item(),
        n_cancelled=lines.filter(~pl.col("is_repeated")).select(_is_cancellation().sum()).item(),
        left_out="\n".join(f"- {count:,} {reason}" for reason, count in left_out.items()) or "- nothing",
    )
    settings = Settings(
        workspace=WorkspaceSettings(
            language="en", timezone="Europe/London", clock="data", base_currency="GBP", phone_region="GB"
        )
    )
    return ImportedLog("online_retail", tables, settings, note, lines.height, left_out, derived=("accounts", "products"))


# ---- what a line is --------------------------------------------------------------------------------------------------


def _is_cancellation() -> pl.Expr:
    return pl.col("invoice").str.to_uppercase().str.starts_with("C")


def _reason_left_out() -> pl.Expr:
    """Why a line becomes no spend, null where it does."""
    is_bad_debt = pl.col("invoice").str.to_uppercase().str.starts_with("A")
    has_no_price = pl.col("unit_price_amount") <= 0
    has_no_quantity = (pl.col("quantity") == 0) | ((pl.col("quantity") < 0) & ~_is_cancellation())
    without_customer = (
        pl.when(_is_cancellation())
        .then(pl.lit("cancellations"))
        .when(is_bad_debt)
        .then(pl.lit("bad debt adjusted"))
        .when(has_no_price)
        .then(pl.lit("no price (stock corrected)"))
        .when(has_no_quantity)
        .then(pl.lit("no positive quantity"))
        .otherwise(pl.lit("sales"))
    )
    return (
        pl.when(pl.col("is_repeated"))
        .then(pl.lit(REPEATED))
        .when(pl.col("account_id").is_null())
        .then(pl.format("{}: {}", pl.lit(WITHOUT_CUSTOMER), without_customer))
        .when(is_bad_debt)
        .then(pl.lit("lines with a customer: bad debt adjusted"))
        .when(has_no_price)
        .then(pl.lit("lines with a customer: no price"))
        .when(has_no_quantity)
        .then(pl.lit("lines with a customer: no cancellation and no positive quantity"))
    )


def _spend(kept: pl.DataFrame) -> pl.DataFrame:
    return kept.sort("line_no").select(
        spend_line_id=pl.format("uci-{}", pl.col("line_no")),
        account_id="account_id",
        spent_on=pl.col("spent_at").dt.date(),
        spent_at="spent_at",
        amount=(pl.col("unit_price_amount") * pl.col("quantity").abs().cast(EXACT)).cast(EXACT),
        product_id="product_id",
        quantity=pl.col("quantity").abs(),
        unit_price_amount="unit_price_amount",
        kind=pl.when(_is_cancellation()).then(pl.lit("refund")).otherwise(pl.lit("purchase")),
    )


def _accounts(kept: pl.DataFrame) -> pl.DataFrame:
    """Accounts in the order of their ids; one whose lines are all cancellations has bought before the log begins."""
    spent_on = pl.col("spent_at").dt.date()
    return (
        kept.group_by("account_id", maintain_order=True)
        .agg(
            region=pl.col("country").first(),
            opened_on=spent_on.filter(~_is_cancellation()).min(),
            valid_from_on=spent_on.min(),
        )
        .with_columns(
            region=pl.when(pl.col("region") != "Unspecified").then(pl.col("region")),
            business_kind=pl.lit("wholesale customer"),
            language=pl.lit("en"),
        )
        .sort("account_id")
    )


def _products(kept: pl.DataFrame) -> pl.DataFrame:
    return (
        kept.group_by("product_id", maintain_order=True)
        .agg(
            product_name=pl.col("description").drop_nulls().last(),
            valid_from_on=pl.col("spent_at").dt.date().min(),
        )
        .sort("product_id")
    )


# ---- reading ---------------------------------------------------------------------------------------------------------


def _read_lines(path: Path) -> pl.DataFrame:
    """All lines with typed cells, numbered from 1 over all sheets, and whether an earlier sheet holds the line already."""
    suffix = path.suffix.lower()
    if suffix == ".xlsx":
        sheets = [_named(sheet) for sheet in _excel_sheets(path)]
    elif suffix == ".csv":
        sheets = [_named(_csv(path))]
    elif suffix == ".parquet":
        sheets = [_named(_parquet(path))]
    else:
        raise UsageError(f"{path.name}: the Online Retail log is read from .xlsx, .csv or .parquet")
    whole = [sheet for sheet in sheets if sheet is not None]
    if not whole:
        raise UsageError(f"{path.name} is not the Online Retail log: it needs the columns {_wanted()}")
    numbered = pl.concat([sheet.with_columns(part=pl.lit(n)) for n, sheet in enumerate(whole)], how="vertical")
    numbered = numbered.with_row_index("line_no", offset=1).filter(
        pl.any_horizontal(pl.col(*_HEADERS).is_not_null())  # lines blank from end to end are no lines
    )
    typed = _typed(numbered, path.name)
    if len(whole) == 1:
        typed = _with_parts_by_time(typed)
    return _with_repeats(typed)


def _typed(text: pl.DataFrame, file: str) -> pl.DataFrame:
    whole_number = r"\.0+$"
    typed = text.with_columns(
        quantity=pl.col("quantity").str.replace(whole_number, "").cast(pl.Int64, strict=False),
        unit_price_amount=exact(pl.col("unit_price_amount")),
        account_id=pl.col("account_id").str.replace(whole_number, ""),
        spent_at=_times(text["spent_at"], file),
    )
    broken = typed.filter(pl.any_horizontal(pl.col(*_REQUIRED).is_null()))
    if broken.height:
        first = broken.row(0, named=True)
        columns = ", ".join(c for c in _REQUIRED if first[c] is None)
        raise UsageError(
            f"{file}: {broken.height:,} of {typed.height:,} lines cannot be read, first line {first['line_no']} ({columns}); "
            "take the file as the UCI repository has it"
        )
    return typed


def _times(cells: pl.Series, file: str) -> pl.Series:
    """Invoice times in the one form that all of them have. Raises UsageError if there is none, or two that disagree."""
    readings: list[pl.Series] = []
    sample = cells.drop_nulls().head(1_000)
    for form in _TIME_FORMATS:
        if sample.str.to_datetime(form, time_unit="us", strict=False).null_count():
            continue
        reading = cells.str.to_datetime(form, time_unit="us", strict=False)
        if reading.null_count() == cells.null_count() and not any(reading.equals(r, null_equal=True) for r in readings):
            readings.append(reading)
    if len(readings) == 1:
        return readings[0]
    if readings:
        raise UsageError(
            f"{file}: whether day or month comes first in InvoiceDate cannot be told; write YYYY-MM-DD HH:MM:SS"
        )
    raise UsageError(f"{file}: InvoiceDate is not in one form throughout; write YYYY-MM-DD HH:MM:SS")


def _with_parts_by_time(lines: pl.DataFrame) -> pl.DataFrame:
    """The second sheet of two in one file begins where time runs backwards, if that happens just once."""
    steps_back = lines["spent_at"].diff().dt.total_microseconds().fill_null(0) < 0
    if int(steps_back.sum()) != 1:
        return lines
    return lines.with_columns(part=steps_back.cast(pl.Int32).cum_sum())


def _with_repeats(lines: pl.DataFrame) -> pl.DataFrame:
    if lines["part"].n_unique() == 1:
        return lines.with_columns(is_repeated=pl.lit(False))
    key = ("invoice", "product_id", "quantity", "spent_at", "unit_price_amount", "account_id")
    # The n-th of several identical lines of a sheet repeats the n-th of an earlier sheet.
    return lines.with_columns(copy_no=pl.int_range(pl.len()).over("part", *key)).with_columns(
        is_repeated=pl.col("part") > pl.col("part").min().over("copy_no", *key)
    )


def _named(sheet: pl.DataFrame) -> pl.DataFrame | None:
    """The sheet's columns under our names, as trimmed text with blanks as null; None if it lacks one."""
    found = {re.sub(r"[^a-z]", "", header.lower()): header for header in sheet.columns}
    columns = {name: next((found[h] for h in headers if h in found), None) for name, headers in _HEADERS.items()}
    if any(header is None for header in columns.values()):
        return None
    cells = sheet.select(pl.col(str(header)).cast(pl.String).alias(name) for name, header in columns.items())
    trimmed = pl.all().str.strip_chars()
    return cells.select(pl.when(trimmed != "").then(trimmed))


def _wanted() -> str:
    return "Invoice, StockCode, Description, Quantity, InvoiceDate, Price, Customer ID, Country"


def _excel_sheets(path: Path) -> list[pl.DataFrame]:
    if importlib.util.find_spec("fastexcel") is None:
        raise UsageError(f"{path.name}: to read Excel files install the package 'fastexcel', or save the sheets as CSV")
    broken_file: type[Exception] = importlib.import_module("fastexcel").FastExcelError
    try:
        sheets: dict[str, pl.DataFrame] = pl.read_excel(
            path, sheet_id=0, engine="calamine", read_options={"dtypes": "string"}, raise_if_empty=False
        )
    except (broken_file, pl.exceptions.PolarsError) as error:
        raise UsageError(f"{path.name} cannot be read as an Excel file: {error}") from error
    return list(sheets.values())


def _csv(path: Path) -> pl.DataFrame:
    data = path.read_bytes()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("latin-1")  # the older CSV of Online Retail I, for its pound signs
    try:
        return pl.read_csv(io.BytesIO(text.encode("utf-8")), infer_schema=False)
    except pl.exceptions.PolarsError as error:
        raise UsageError(f"{path.name} cannot be read as a CSV file: {error}") from error


def _parquet(path: Path) -> pl.DataFrame:
    try:
        return pl.read_parquet(path)
    except pl.exceptions.PolarsError as error:
        raise UsageError(f"{path.name} cannot be read as a Parquet file: {error}") from error

"""Cells that came back otherwise than they were handed out.

Belongs here: comparing a returned list with the delivered one, in the columns that are not for writing back. Does not belong here:
finding the two files (assets), or loading what was written back (`winback.load`).

Programs that save a sheet write dates, numbers, truth values and blanks in their own way; that is no edit.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from datetime import date, datetime

import polars as pl

from data_contracts import Contract, Field
from winback.playbook.cells import unguard

EDITED = {"row_key": pl.String, "column_name": pl.String, "handed_out": pl.String, "came_back": pl.String}
"""Columns of the edits; a row key that was never handed out comes with nothing in `handed_out`."""

_DAY_FORMS = ("%Y-%m-%d", "%Y%m%d", "%Y年%m月%d日", "%d-%m-%Y", "%m-%d-%Y", "%d.%m.%Y", "%d-%m-%y", "%m-%d-%y", "%y-%m-%d")
_TRUE, _FALSE = {"yes", "true", "wahr", "1", "是", "y"}, {"no", "false", "falsch", "0", "否", "n"}
_NUMBER = re.compile(r"[+-]?[0-9][0-9.,'\s]*([eE][+-]?[0-9]+)?")


def edited_cells(returned: pl.DataFrame, handed_out: pl.DataFrame, contract: Contract) -> pl.DataFrame:
    """Rows (row_key, column_name, handed_out, came_back) of the cells that were changed, in the order of the file.

    `returned` are the text cells of a returned file under the contract's column names; `handed_out` those of delivered files, with
    a column `version` that tells apart the files that held the same key: the version with the fewest differences counts.
    Write-back columns and columns that the file lacks are not compared.
    """
    shared = [f.name for f in contract.fields if not f.is_write_back and f.name != "row_key"]
    shared = [name for name in shared if name in returned.columns and name in handed_out.columns]
    rows = (
        returned.filter(pl.col("row_key").is_not_null())
        .with_columns(pl.col("row_key").str.strip_chars())
        .with_row_index("line")
    )
    strange = rows.join(handed_out, on="row_key", how="anti").select(
        "line", "row_key", column_name=pl.lit("row_key"), handed_out=pl.lit(None, pl.String), came_back="row_key"
    )
    pairs = _long(rows, ["line", "row_key"], shared, "came_back").join(
        _long(handed_out, ["version", "row_key"], shared, "handed_out"), on=["row_key", "column_name"]
    )
    differs = pairs.filter(pl.col("came_back").ne_missing(pl.col("handed_out")))
    is_edit = [
        not is_same(contract.field(c), a, b) for c, a, b in differs["column_name", "handed_out", "came_back"].iter_rows()
    ]
    edits = differs.filter(pl.Series(is_edit, dtype=pl.Boolean))
    counts = edits.group_by("line", "version").len("n_edits")
    versions = pairs.select("line", "version").unique().join(counts, on=["line", "version"], how="left")
    nearest = versions.sort(pl.col("n_edits").fill_null(0), "version").unique("line", keep="first", maintain_order=True)
    found = edits.join(nearest.select("line", "version"), on=["line", "version"])
    order = pl.Enum(["row_key", *shared])
    return (
        pl.concat([strange, found.select(strange.columns)]).sort("line", pl.col("column_name").cast(order)).select(*EDITED)
    )


def is_same(field: Field, handed_out: str | None, came_back: str | None) -> bool:
    """Whether a cell says what it said, however a program writes it."""
    ours, theirs = _plain(handed_out), _plain(came_back)
    if ours == theirs:
        return True
    if not ours or not theirs:
        return False
    if field.personal == "phone":
        return re.sub(r"\D", "", ours) == re.sub(r"\D", "", theirs)
    if field.type in ("date", "timestamp"):
        return bool(set(_days(ours)) & set(_days(theirs)))
    if field.type == "boolean":
        return any(ours.lower() in words and theirs.lower() in words for words in (_TRUE, _FALSE))
    words = {word: code for code, word in field.words_zh}
    if words:
        return words.get(ours, ours) == words.get(theirs, theirs)
    return any(_is_close(a, b, digits) for a, _ in _numbers(ours) for b, digits in _numbers(theirs))


def _long(rows: pl.DataFrame, index: list[str], columns: list[str], value: str) -> pl.DataFrame:
    cells = rows.select(*index, pl.col(columns).cast(pl.String))
    return cells.unpivot(on=columns, index=index, variable_name="column_name", value_name=value)


def _plain(cell: str | None) -> str:
    """The text without a guard, blanks at the ends, and differences between kinds of blanks and line breaks."""
    return " ".join(unicodedata.normalize("NFC", unguard((cell or "").strip())).split())


def _days(text: str) -> Iterator[date]:
    """Every day that the text may mean; 3/4 is a day in March and one in April."""
    day = re.split(r"[ T](?=[0-9]{1,2}:)", text)[0].replace("/", "-").replace(" ", "")
    for form in _DAY_FORMS:
        try:
            yield datetime.strptime(day, form).date()
        except ValueError:
            continue


def _numbers(text: str) -> Iterator[tuple[float, int]]:
    """Every number that the text may mean, with the decimals it shows: thousands by comma, point, blank or apostrophe; per cent."""
    bare, per_cent = text.removesuffix("%").strip(), text.endswith("%")
    if not _NUMBER.fullmatch(bare):
        return
    for decimal in ".,":
        whole = re.sub(r"[\s',.]", "", bare.replace(decimal, "\0")).replace("\0", ".")
        if whole.count(".") > 1:
            continue
        mantissa, _, exponent = whole.lower().partition("e")
        digits = len(mantissa.partition(".")[2]) - int(exponent or 0) + (2 if per_cent else 0)
        yield float(whole) / (100 if per_cent else 1), digits


def _is_close(ours: float, theirs: float, digits: int) -> bool:
    """Whether a number is ours rounded to the digits that are shown."""
    return abs(ours - theirs) <= 0.5 * 10.0**-digits + 1e-9 * max(abs(ours), 1)

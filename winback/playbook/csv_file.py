"""The CSV files that people open.

Belongs here: frame to CSV bytes and back. Does not belong here: which rows or columns there are.

Files are UTF-8 with a byte order mark, comma, CRLF, one title row; dates as YYYY-MM-DD, amounts with two decimals,
probabilities with four. Chinese readers see words where the tables hold codes.
"""

from __future__ import annotations

import io

import polars as pl

from data_contracts import Contract
from winback.playbook.cells import guard_column, phone_cell, unguard

CONTROLS = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x{9f}]"
"""Characters that steer a terminal or that nobody sees; taken out of every cell, but for tabs and line ends."""
BYTE_ORDER_MARK = b"\xef\xbb\xbf"

_PART = "\0part"
"""No contract has such a title."""
_TRUE, _FALSE = {"en": "yes", "zh": "是"}, {"en": "no", "zh": "否"}


def csv_bytes(rows: pl.DataFrame, contract: Contract, *, language: str, phone_region: str) -> bytes:
    """`rows` (the contract's columns) as the bytes of a CSV with titles in `language` ('en' or 'zh')."""
    return _as_bytes(_cells(rows, contract, language=language, phone_region=phone_region))


def csv_bytes_by(
    column: str, rows: pl.DataFrame, contract: Contract, *, language: str, phone_region: str
) -> dict[str, tuple[bytes, int]]:
    """A CSV for each value of a text column, with its number of rows, which keep their order."""
    cells = _cells(rows, contract, language=language, phone_region=phone_region).with_columns(rows[column].alias(_PART))
    parts = cells.partition_by(_PART, as_dict=True, include_key=False, maintain_order=True)
    return {str(value): (_as_bytes(part), part.height) for (value,), part in parts.items()}


def _cells(rows: pl.DataFrame, contract: Contract, *, language: str, phone_region: str) -> pl.DataFrame:
    columns = []
    for field in contract.fields:
        column = pl.col(field.name)
        if field.personal == "phone":
            column = column.map_elements(lambda text: phone_cell(text, phone_region), return_dtype=pl.String)
        if field.words_zh and language == "zh":
            column = column.replace(dict(field.words_zh))
        if field.type == "string":
            column = guard_column(column.str.replace_all(CONTROLS, ""))
        elif field.type == "decimal":
            column = column.cast(pl.Decimal(38, 4)).round(2).cast(pl.Decimal(38, 2)).cast(pl.String)
        elif field.type == "double":
            column = column.round(4)
        elif field.type == "boolean":
            column = pl.when(column).then(pl.lit(_TRUE[language])).when(~column).then(pl.lit(_FALSE[language]))
        columns.append(column.alias(field.title(language)))
    return rows.select(columns)


def _as_bytes(cells: pl.DataFrame) -> bytes:
    return BYTE_ORDER_MARK + cells.write_csv(line_terminator="\r\n").encode("utf-8")


def read_csv_bytes(data: bytes, contract: Contract) -> pl.DataFrame:
    """Text cells of a CSV written by `csv_bytes`: contract's column names, codes for words, guards taken off, empty as null."""
    frame = pl.read_csv(io.BytesIO(data.removeprefix(BYTE_ORDER_MARK)), infer_schema=False)
    names = {title: f.name for f in contract.fields for title in (f.title_zh, f.title_en, f.name)}
    frame = frame.rename({c: names[c] for c in frame.columns if c in names})
    frame = frame.with_columns(pl.col(pl.String).map_elements(unguard, return_dtype=pl.String, skip_nulls=True))
    codes = {f.name: {word: code for code, word in f.words_zh} for f in contract.fields if f.words_zh}
    return frame.with_columns(pl.col(name).replace(words) for name, words in codes.items() if name in frame.columns)

"""Deliveries of hostile cells, and what may become of each.

For every input table: good rows, each with one hostile cell in one column; and by means other than the loader's what a cell may
become: the value that must arrive, or the rules under one of which the row may be held back.
"""

from __future__ import annotations

import io
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

import polars as pl
from hostile_cells import Hostile

from data_contracts import Contract, Field, load_contract

BIG = 2_000
"""Values longer than this go through the columns of a table in turn, others through each."""

_ASCII_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_DATE = re.compile(r"([0-9]{4})[-/]?([0-9]{1,2})[-/]?([0-9]{1,2})([ T].*)?", re.DOTALL)
_WORDS = {True: {"true", "t", "yes", "y", "1", "是"}, False: {"false", "f", "no", "n", "0", "否"}}
_BLANKS = "".join(chr(c) for c in range(0x3001) if unicodedata.category(chr(c)) == "Zs")
_BAD_RECORD = {"unparseable", "encoding"}


@dataclass(frozen=True)
class Planted:
    """A hostile value in one column of the row with this number."""

    row: int
    column: str
    hostile: Hostile


def planted_rows(contract: Contract, values: Iterable[Hostile], first: int = 1) -> list[Planted]:
    """Every value in every column, long ones in one column each; rows are numbered from `first`."""
    columns = contract.columns
    pairs = [
        (column, hostile)
        for number, hostile in enumerate(values)
        for column in ([columns[number % len(columns)]] if len(hostile.data) > BIG else columns)
    ]
    return [Planted(row, column, hostile) for row, (column, hostile) in enumerate(pairs, start=first)]


def csv_of(contract: Contract, planted: Iterable[Planted]) -> bytes:
    """A CSV of good rows with the planted cells; a helper column numbers the rows and everything is quoted."""
    lines = [",".join(contract.columns).encode()]
    for one in planted:
        good = good_row(contract, one.row)
        cells = [one.hostile.data if c == one.column else good.get(c, "").encode() for c in contract.columns]
        lines.append(b",".join(b'"' + cell.replace(b'"', b'""') + b'"' for cell in cells))
    return b"\n".join(lines) + b"\n"


def parquet_of(contract: Contract, planted: Iterable[Planted]) -> bytes:
    """The same as Parquet, all columns text."""
    rows = [good_row(contract, one.row) | {one.column: one.hostile.text} for one in planted]
    frame = pl.DataFrame(rows, schema=dict.fromkeys(contract.columns, pl.String), infer_schema_length=None)
    stream = io.BytesIO()
    frame.write_parquet(stream)
    return stream.getvalue()


def good_row(contract: Contract, number: int) -> dict[str, str]:
    """Cells of a row that breaks no rule and is nobody else's version: its keys hold its number."""
    row = {f.name: _good_cell(f) for f in contract.fields if f.is_required or f.name == "valid_from_on"}
    day = date(1990, 1, 1) + timedelta(days=number)
    numbered = {
        "row_key": f"K{number:07d}",
        "text_sha256": f"{number:064x}",
        "account_id": f"R{number:05d}",
        "rate_on": day.isoformat(),
    }
    own = [name for name in contract.key if contract.field(name).type == "string" and name not in numbered]
    row |= {name: f"R{number:05d}" for name in own if name not in ("currency",)}
    return row | {name: value for name, value in numbered.items() if name in row}


def _good_cell(field: Field) -> str:
    if field.allowed:
        return field.allowed[0]
    if field.name == "currency":
        return "CNY"
    texts = {"string": "x", "date": "2024-01-05", "timestamp": "2024-01-05 10:00:00", "boolean": "true"}
    return texts.get(field.type, "1")


def complaints(contract: Contract, planted: Planted, rule: str | None, loaded: Any) -> Iterator[str]:
    """What is wrong about the fate of a planted cell: `rule` it was held back under, or None and the value that was `loaded`."""
    field = contract.field(planted.column)
    text = planted.hostile.text
    if rule is not None:
        if rule not in _allowed_rules(field, text):
            yield f"{field.name} held back under {rule}"
    elif text is None:
        yield f"{field.name} was loaded though it is no text"
    elif not _is_faithful(field, text, loaded):
        yield f"{field.name} was loaded as {loaded!r:.80}"


def _allowed_rules(field: Field, text: str | None) -> set[str]:
    rules = {
        "control_character",
        "too_long",
        "not_after_receipt",
        "minimum",
        "maximum",
        "too_large",
        "unknown_account",
        "no_rate",
    }
    rules |= {f"type_{field.type}"} if field.type != "string" else set()
    rules |= {"allowed"} if field.allowed else set()
    rules |= {"pattern"} if field.pattern else set()
    if text is None or not blank_free(text):
        rules |= {"required"}
    if text is None or "\n" in text or "\r" in text or '"' in text or "\uffff" in text:
        rules |= _BAD_RECORD
    return rules


def _is_faithful(field: Field, text: str, loaded: Any) -> bool:
    stripped = blank_free(text)
    if not stripped:
        return loaded is None or loaded == field.default
    if field.type == "string":
        return loaded in (stripped, stripped.replace("\r\n", "\n")) or _is_word_for(field, stripped, loaded)
    if field.type == "boolean":
        return loaded is not None and stripped.lower() in _WORDS[loaded]
    if field.type in ("date", "timestamp"):
        return _is_day(stripped, loaded)
    return _ASCII_NUMBER.fullmatch(stripped) is not None and _is_near(stripped, loaded, field)


def blank_free(text: str) -> str:
    """`text` without the blanks (space separators of Unicode) around it, which mean nothing in any column."""
    return text.strip(_BLANKS)


def _is_word_for(field: Field, text: str, loaded: Any) -> bool:
    """A code typed in another case or in Chinese arrives as the code."""
    return loaded in field.allowed and (text.lower().replace(" ", "_") == loaded or (loaded, text) in field.words_zh)


def _is_day(text: str, loaded: Any) -> bool:
    found = _DATE.fullmatch(text)
    if found is None or not isinstance(loaded, date | datetime):
        return False
    return (loaded.year, loaded.month, loaded.day) == tuple(int(part) for part in found.groups()[:3])


def _is_near(text: str, loaded: Any, field: Field) -> bool:
    places = {"decimal": 4, "fine_decimal": 10, "integer": 0}.get(field.type)
    try:
        exact, got = Decimal(text), Decimal(str(loaded))
    except InvalidOperation:
        return False
    if not got.is_finite():
        return False
    if places is None:
        return abs(exact - got) <= abs(exact) * Decimal("1e-12") + Decimal("1e-300")
    return abs(exact - got) <= Decimal(5) / 10 ** (places + 1)


def contract_of(table: str) -> Contract:
    """The contract of an input table."""
    return load_contract(table)

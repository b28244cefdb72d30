"""Cells that a spreadsheet shows as they are.

Belongs here: keeping text from being taken for a formula, taking the guard off again, and phone numbers that stay phone
numbers. Does not belong here: whole files (`csv_file`).

A text cell that starts with = + - @ (of any width), a tab or a line end gets one apostrophe in front; so does one where only
blanks, characters without width or apostrophes stand before such a sign, since programs drop them. Reading takes one apostrophe
off. Numbers are written as numbers and need no guard.
"""

from __future__ import annotations

import re

import polars as pl

_UNSEEN = " '\u00a0\u00ad\u061c\u180e\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff"
_SIGN = "=+\\-@\t\r\n＝＋－＠﹦﹢﹣﹫−"
_STARTS_FORMULA = re.compile(f"^[{_UNSEEN}]*[{_SIGN}]")
_PHONE = re.compile(r"\+[0-9][0-9 ]{4,24}")


def guard(text: str) -> str:
    """`text` as a cell that no spreadsheet evaluates. A phone number in international form (+86 …) is left as it is."""
    return "'" + text if _STARTS_FORMULA.match(text) and not _PHONE.fullmatch(text) else text


def unguard(cell: str) -> str:
    """The text behind a cell written by `guard`; other cells come back unchanged."""
    return cell[1:] if cell.startswith("'") and _STARTS_FORMULA.match(cell) else cell


def guard_column(column: pl.Expr) -> pl.Expr:
    """`guard` for a text column."""
    needs = column.str.contains(_STARTS_FORMULA.pattern) & ~column.str.contains(rf"^(?:{_PHONE.pattern})$")
    return pl.when(needs).then(pl.concat_str(pl.lit("'"), column)).otherwise(column)


def phone_cell(text: str, region: str) -> str:
    """A phone number with spaces between its groups, so that a spreadsheet keeps it as text and a person can dial it.

    Numbers valid in `region` (ISO 3166 code) or in international form are formatted by the numbering plan; anything else
    keeps its characters, with other separators turned into spaces.
    """
    import phonenumbers

    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return _spaced(text)
    if not phonenumbers.is_possible_number(number):
        return _spaced(text)
    return _spaced(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL))


def _spaced(text: str) -> str:
    """Separators as spaces; bare digits in two groups at least, so that no spreadsheet makes a number of them."""
    plain = re.sub(r"[-./()]+", " ", text).strip()
    return re.sub(r"^([0-9]+?)([0-9]{1,4})$", r"\1 \2", plain)

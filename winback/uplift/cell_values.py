"""Cells of a file as numbers or texts.

Belongs here: which cells are missing, and columns as numbers where all of their cells are. Does not belong here: what a column
is for (`experiment`, `feature_choice`).
"""

from __future__ import annotations

import polars as pl

MISSING_WORDS = ("NA", "N/A", "NaN", "nan", "null", "NULL")
"""Words in a CSV that stand for a missing value; "None" is not among them, it may well be an arm."""


def as_numbers(values: pl.Series) -> pl.Series | None:
    """Values as floats if every present one is a number, a boolean or a date (days since 1970), else None."""
    if values.dtype.is_numeric() or values.dtype == pl.Boolean:
        return values.cast(pl.Float64).fill_nan(None)
    if values.dtype.is_temporal():
        return values.cast(pl.Date).cast(pl.Float64) if values.dtype in (pl.Date, pl.Datetime) else None
    if values.dtype != pl.String:
        return None
    texts = present_texts(values)
    words = texts.str.to_lowercase().replace({"true": "1", "false": "0"})
    numbers = words.cast(pl.Float64, strict=False).fill_nan(None)
    return numbers if numbers.null_count() == texts.null_count() else None


def present_texts(values: pl.Series) -> pl.Series:
    """Trimmed texts; empty cells and words for a missing value are null."""
    trimmed = values.cast(pl.String).str.strip_chars()
    return trimmed.set(trimmed.is_in(["", *MISSING_WORDS]).fill_null(value=False), None)

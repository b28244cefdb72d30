"""The file of a randomised test, as it was written.

Belongs here: reading a CSV or Parquet file into a frame, cells of a CSV as text. Does not belong here: what its columns mean
(`experiment`).
"""

from __future__ import annotations

import io
from pathlib import Path

import polars as pl

from winback.errors import UsageError
from winback.load.decode import decode_bytes

_DELIMITERS = ",;\t|"


def read_experiment_file(path: Path) -> pl.DataFrame:
    """All rows of a CSV (UTF-8, UTF-16 or GB18030; comma, semicolon, tab or bar) or Parquet file.

    Cells of a CSV stay text, so that an arm called "None" or "0" is what it is called; empty cells are null.
    Raises UsageError if the file is missing, cannot be read or holds no rows.
    """
    if not path.is_file():
        raise UsageError(f"There is no file '{path}'. Give a CSV or Parquet file of a randomised test.")
    try:
        frame = pl.read_parquet(path) if _is_parquet(path) else _read_csv(path)
    except (pl.exceptions.PolarsError, UnicodeDecodeError, OSError) as error:
        raise UsageError(f"'{path}' cannot be read as CSV or Parquet: {str(error).splitlines()[0]}") from error
    if frame.is_empty():
        raise UsageError(f"'{path}' holds no rows. Give a file with one row per customer of the test.")
    return frame


def _is_parquet(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(4) == b"PAR1"


def _read_csv(path: Path) -> pl.DataFrame:
    data = path.read_bytes()
    if b"\0" in data[:4096] and not data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise UsageError(f"'{path}' is no text: it cannot be read as CSV or Parquet.")
    decoded = decode_bytes(data)
    if decoded.invalid_lines:
        first = min(decoded.invalid_lines)
        raise UsageError(
            f"'{path}' has {len(decoded.invalid_lines):,} lines with bytes that are not valid {decoded.encoding}, the first is "
            f"line {first}. Save it as UTF-8."
        )
    separator = max(_DELIMITERS, key=decoded.text.partition("\n")[0].count)
    return pl.read_csv(io.BytesIO(decoded.text.encode()), separator=separator, infer_schema=False)

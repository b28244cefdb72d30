"""Delivered files without a subject's records.

Belongs here: finding the records of a subject in a CSV or Parquet file and writing the file anew without them, every other byte
of a CSV and every other value of a Parquet file as it was. Does not belong here: the ledger of files (`warehouse`), deliveries of
ours (`handed_out`).

In a CSV the lines of a removed record stay as blank lines, so that the others keep their numbers; in Parquet the rows move up.
"""

from __future__ import annotations

import csv
import io
import mmap
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data_contracts import Contract
from winback.errors import UnreadableFileError
from winback.load.decode import decode_bytes, is_plain_utf8
from winback.load.records import Header, Records, first_line_index, read_header, split_records
from winback.privacy.identifying import titles
from winback.privacy.marks import Marks

Ids = Mapping[str, frozenset[str]]
LARGE_BYTES = 1 << 26
"""From this size on a plain CSV is searched where it lies."""
_FIRST_PARQUET_LINE = 2
_HEADER_BYTES, _PIECE_BYTES = 1 << 20, 1 << 24
_ENCODINGS = ("utf-8", "gb18030", "utf-16-le", "utf-16-be")


def records_of(path: Path, contract: Contract, ids: Ids, marks: Marks | None = None) -> dict[int, int]:
    """Records of these identifiers in a file: number of the first line, as loading numbers them, and how many lines it takes.

    With `marks` lines that are no records but mention the subject count too. Raises UnreadableFileError if the file
    cannot be read.
    """
    if path.suffix.lower() == ".parquet":
        hits = enumerate(_parquet_hits(path, contract, ids))
        return {index + _FIRST_PARQUET_LINE: 1 for index, is_hit in hits if is_hit}
    is_large = _is_large(path, contract)
    values = {value for column, values in ids.items() if not is_large or column in contract.columns for value in values}
    if not _may_hold(path, values):
        return {}
    if is_large:
        return dict.fromkeys(_lines_with(path, contract, values, ids), 1)
    table = _read(path.read_bytes(), contract)
    found = {
        line: 1 + sum(cell.count("\n") for cell in cells)
        for line, cells in zip(table.records.lines, table.records.cells, strict=True)
        if any(column and cell.strip() in ids.get(column, ()) for column, cell in zip(table.columns, cells, strict=True))
    }
    broken = [line for line, text, _ in table.records.broken if _is_broken_hit(text, table.header.delimiter, ids, marks)]
    return found | dict.fromkeys(broken, 1)


def write_without(path: Path, contract: Contract, records: Mapping[int, int], target: Path) -> None:
    """Write the file without those records to `target`. The same file and records give the same bytes."""
    if path.suffix.lower() == ".parquet":
        _write_parquet_without(path, frozenset(records), target)
        return
    if _is_large(path, contract):
        _stream_without(path, contract, frozenset(records), target)
        return
    data = path.read_bytes()
    table = _read(data, contract)
    lines = frozenset(line + k for line, n_lines in records.items() for k in range(n_lines))
    blank = table.header.delimiter * (len(table.header.columns) - 1)
    target.write_bytes(replace_lines(data, table.encoding, dict.fromkeys(lines, blank)))


def without_mentions(path: Path, contract: Contract, marks: Marks) -> bytes | None:
    """A CSV with mentions replaced in the columns that the contract does not have and loading passes over; None if there are none.

    Representatives return whole lists, names and all, of which only the columns they fill in are loaded.
    """
    if path.suffix.lower() != ".csv" or _is_large(path, contract):
        return None
    data = path.read_bytes()
    table = _read(data, contract)
    if not table.header.unknown:
        return None
    lines: dict[int, str] = {}
    for line, cells in zip(table.records.lines, table.records.cells, strict=True):
        pairs = list(zip(table.header.columns, cells, strict=True))
        cleaned = [cell if column else _clean(cell, marks) for column, cell in pairs]
        if cleaned != cells:
            lines |= enumerate(_as_lines(cleaned, 1 + sum(c.count("\n") for c in cells), table.header.delimiter), line)
    return replace_lines(data, table.encoding, lines) if lines else None


def _is_large(path: Path, contract: Contract) -> bool:
    """Whether a CSV is too large to be taken apart in memory and so plain that every line of it is a record."""
    if path.stat().st_size < LARGE_BYTES or any(f.is_multiline for f in contract.fields):
        return False
    with path.open("rb") as stream:
        first = stream.readline(_HEADER_BYTES)
    return first.endswith(b"\n") and is_plain_utf8(path) and not _header_of(first, contract)[0].unknown


def _header_of(first: bytes, contract: Contract) -> tuple[Header, list[str | None]]:
    return _header(first.decode("utf-8").strip("\ufeff\r\n"), contract)


def _lines_with(path: Path, contract: Contract, values: Iterable[str], ids: Ids) -> Iterator[int]:
    """Numbers of the lines of a plain CSV that have one of the identifiers in an identifying column."""
    pattern = re.compile(b"|".join(re.escape(v.replace('"', '""').encode()) for v in sorted(values)))
    with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as view:
        header, columns = _header_of(view.readline(), contract)
        start, number, counted = view.tell(), 2, view.tell()
        while hit := pattern.search(view, start):
            begin = view.rfind(b"\n", 0, hit.start()) + 1
            end = view.find(b"\n", hit.end())
            start = len(view) if end < 0 else end + 1
            number, counted = number + _count_ends(view, counted, begin), begin
            line = view[begin:start].decode("utf-8").rstrip("\r\n")
            cells = next(csv.reader([line], delimiter=header.delimiter), [])
            if any(column and cell.strip() in ids.get(column, ()) for column, cell in zip(columns, cells, strict=False)):
                yield number


def _count_ends(view: mmap.mmap, begin: int, end: int) -> int:
    return sum(view[at : min(at + _PIECE_BYTES, end)].count(b"\n") for at in range(begin, end, _PIECE_BYTES))


def _stream_without(path: Path, contract: Contract, lines: frozenset[int], target: Path) -> None:
    with path.open("rb") as stream, target.open("wb") as out:
        first = stream.readline()
        header, _ = _header_of(first, contract)
        blank = (header.delimiter * (len(header.columns) - 1)).encode()
        out.write(first)
        for number, line in enumerate(stream, 2):
            out.write(blank + line[len(line.rstrip(b"\r\n")) :] if number in lines else line)


@dataclass(frozen=True)
class _Table:
    encoding: str
    header: Header
    columns: list[str | None]
    records: Records


def _read(data: bytes, contract: Contract) -> _Table:
    decoded = decode_bytes(data)
    physical = decoded.text.split("\n")
    header, columns = _header(physical[first_line_index(physical)], contract)
    multiline = frozenset(f.name for f in contract.fields if f.is_multiline)
    return _Table(decoded.encoding, header, columns, split_records(decoded.text, header, multiline, decoded.invalid_lines))


def _header(line: str, contract: Contract) -> tuple[Header, list[str | None]]:
    """The header, and per position the identifying column, whether the contract has it or not."""
    header = read_header(line, contract)
    named = next(csv.reader([line], delimiter=header.delimiter))
    known = titles()
    return header, [known.get(name.strip().strip("\ufeff").lower()) for name in named]


def _clean(cell: str, marks: Marks) -> str:
    return marks.redact_closely(cell) if marks.hints(cell) or marks.quotes(cell) else cell


def _as_lines(cells: list[str], n_lines: int, delimiter: str) -> list[str]:
    """A record as exactly that many lines, blank ones behind it where it has become shorter."""
    lines = csv_text([cells], delimiter, "").split("\n")
    return lines + [delimiter * (len(cells) - 1)] * (n_lines - len(lines))


def replace_lines(data: bytes, encoding: str, lines: Mapping[int, str]) -> bytes:
    """`data` with other text in place of those lines (from 1); line ends stay.

    Blank lines keep their delimiters, because the database's own reader takes a line of nothing for none at all.
    """
    if not encoding.startswith("utf-16"):
        parts = data.split(b"\n" if b"\n" in data else b"\r")
        for number, text in lines.items():
            parts[number - 1] = text.encode(encoding) + (b"\r" if parts[number - 1].endswith(b"\r") else b"")
        return (b"\n" if b"\n" in data else b"\r").join(parts)
    whole = data[: len(data) // 2 * 2].decode(encoding, "surrogatepass")
    end = "\n" if "\n" in whole else "\r"
    rows = whole.split(end)
    for number, text in lines.items():
        rows[number - 1] = text + ("\r" if rows[number - 1].endswith("\r") else "")
    return end.join(rows).encode(encoding, "surrogatepass")


def _may_hold(path: Path, values: Iterable[str]) -> bool:
    """Whether any of the values stands in the file's bytes in an encoding that is read; spares most files the long way."""
    if path.stat().st_size == 0:
        return False
    with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as view:
        encodings = ("utf-8",) if is_plain_utf8(path) else _ENCODINGS
        # A quotation mark inside a cell is written twice.
        forms = {form.encode(e) for value in values for form in (value, value.replace('"', '""')) for e in encodings}
        return any(view.find(form) >= 0 for form in forms)


def _is_broken_hit(text: str, delimiter: str, ids: Ids, marks: Marks | None) -> bool:
    cells = {cell.strip(' \t\r"') for cell in text.split(delimiter)}
    return any(not cells.isdisjoint(values) for values in ids.values()) or (marks is not None and marks.mentions(text))


def _parquet_hits(path: Path, contract: Contract, ids: Ids) -> Iterator[bool]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    known = titles()
    try:
        with pq.ParquetFile(path) as file:
            names = {i: known.get(name.strip().lower()) for i, name in enumerate(file.schema_arrow.names)}
            wanted = {i: ids[column] for i, column in names.items() if column and ids.get(column)}
            for batch in file.iter_batches(columns=[file.schema_arrow.names[i] for i in wanted] or None):
                columns = [(batch.column(k).to_pylist(), values) for k, values in enumerate(wanted.values())]
                for row in range(batch.num_rows):
                    yield any(_as_id(cells[row]) in values for cells, values in columns)
    except (pa.ArrowException, OSError) as error:
        raise UnreadableFileError(f"the Parquet file cannot be read: {error}") from error


def _as_id(value: Any) -> str:
    """An identifier as loading reads it: bytes are text, and 17.0 is 17."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace").strip()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def _write_parquet_without(path: Path, lines: frozenset[int], target: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    start = _FIRST_PARQUET_LINE
    with pq.ParquetFile(path) as file, pq.ParquetWriter(target, file.schema_arrow) as writer:
        for batch in file.iter_batches():
            keep = pa.array([start + row not in lines for row in range(batch.num_rows)], type=pa.bool_())
            writer.write_batch(batch.filter(keep))
            start += batch.num_rows


def text_without(data: bytes, marks: Marks) -> bytes | None:
    """A text that is no table, without the lines that mention the subject; None where it is no text."""
    decoded = decode_bytes(data)
    if decoded.invalid_lines or "\0" in decoded.text:
        return None
    hits = {n: "" for n, line in enumerate(decoded.text.split("\n"), 1) if marks.hints(line)}
    return replace_lines(data, decoded.encoding, hits) if hits else data


def csv_text(rows: Iterable[Iterable[str]], delimiter: str, line_end: str) -> str:
    """Records as CSV."""
    stream = io.StringIO()
    csv.writer(stream, delimiter=delimiter, lineterminator=line_end).writerows(rows)
    return stream.getvalue()

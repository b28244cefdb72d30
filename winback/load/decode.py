"""From bytes to text, strictly.

Belongs here: which encoding a received text file is in, and which of its lines are not valid in it. Accepted are UTF-8
(with or without byte order mark), UTF-16 and GB18030. Does not belong here: splitting lines into cells.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_CHUNK_BYTES = 1 << 22
_MARK = "\uffff"
"""Stands before bytes that could not be decoded; a noncharacter, so no valid text holds it."""


@dataclass(frozen=True)
class DecodedText:
    """Text of a file, the encoding it was read in, and the numbers (from 1) of lines with invalid bytes.

    Invalid bytes stand as backslash escapes in the text, so that a quarantined line can still be read. Line ends are line
    feeds, whatever they were.
    """

    text: str
    encoding: str
    invalid_lines: frozenset[int]


def is_plain_utf8(path: Path) -> bool:
    """Whether the whole file is valid UTF-8 without NUL; reads it in pieces."""
    decoder = codecs.getincrementaldecoder("utf-8")("strict")
    try:
        for chunk in _chunks(path):
            if b"\0" in chunk:
                return False
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def count_line_breaks(path: Path) -> tuple[int, bool]:
    """Number of line feeds in the file, and whether the last line ends with one."""
    count, last = 0, b"\n"
    for chunk in _chunks(path):
        count += chunk.count(b"\n")
        last = chunk[-1:]
    return count, last == b"\n"


def decode_bytes(data: bytes) -> DecodedText:
    """Text of `data`.

    Byte order marks decide. Otherwise it is UTF-8 if at least half of the lines with other than ASCII bytes are valid UTF-8
    (other encodings hardly ever are by chance), else GB18030 if more of them are valid in that. Lines invalid in the chosen
    encoding are reported, never guessed at.
    """
    for mark, encoding in ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")):
        if data.startswith(mark):
            return _decode(data[len(mark) :], encoding)
    utf16 = _utf16_without_mark(data)
    if utf16:
        return _decode(data, utf16)
    if data.startswith(codecs.BOM_UTF8):
        return _decode(data[len(codecs.BOM_UTF8) :], "utf-8")
    try:
        return DecodedText(_line_feeds(data.decode("utf-8")), "utf-8", frozenset())
    except UnicodeDecodeError:
        return _decode(data, _likelier_encoding(data))


def _likelier_encoding(data: bytes) -> str:
    suspects = [line for line in data.replace(b"\r", b"\n").split(b"\n") if not line.isascii()]
    n_utf8 = sum(_is_valid(line, "utf-8") for line in suspects)
    n_gb18030 = sum(_is_valid(line, "gb18030") for line in suspects)
    return "utf-8" if 2 * n_utf8 >= len(suspects) or n_gb18030 <= n_utf8 else "gb18030"


def _decode(data: bytes, encoding: str) -> DecodedText:
    codecs.register_error(_MARK, _escape_marked)
    text = _line_feeds(data.decode(encoding, _MARK))
    if _MARK not in text:
        return DecodedText(text, encoding, frozenset())
    invalid = frozenset(number for number, line in enumerate(text.split("\n"), 1) if _MARK in line)
    return DecodedText(text.replace(_MARK, ""), encoding, invalid)


def _escape_marked(error: UnicodeError) -> tuple[str | bytes, int]:
    escaped, end = codecs.backslashreplace_errors(error)
    return _MARK + str(escaped), end


def _line_feeds(text: str) -> str:
    return text.replace("\r\n", "\n") if "\n" in text else text.replace("\r", "\n")


def _is_valid(line: bytes, encoding: str) -> bool:
    try:
        line.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _utf16_without_mark(data: bytes) -> str | None:
    head = data[:4096]
    if len(head) < 4 or head.count(b"\0") < len(head) // 3:
        return None
    return "utf-16-le" if head[1::2].count(0) > head[::2].count(0) else "utf-16-be"


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            yield chunk

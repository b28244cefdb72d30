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


@dataclass(frozen=True)
class DecodedText:
    """Text of a file, the encoding it was read in, and the numbers (from 1) of lines with invalid bytes.

    Invalid bytes stand as backslash escapes in the text, so that a quarantined line can still be read.
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

    Byte order marks decide; otherwise UTF-8 if all of it is; otherwise, line by line, whichever of UTF-8 and GB18030 more
    of the lines with non-ASCII bytes are valid in. Lines invalid in the chosen encoding are reported, never guessed at.
    """
    for mark, encoding in ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")):
        if data.startswith(mark):
            return DecodedText(data[len(mark) :].decode(encoding, "backslashreplace"), encoding, frozenset())
    data = data.removeprefix(codecs.BOM_UTF8)
    utf16 = _utf16_without_mark(data)
    if utf16:
        return DecodedText(data.decode(utf16, "backslashreplace"), utf16, frozenset())
    try:
        return DecodedText(data.decode("utf-8"), "utf-8", frozenset())
    except UnicodeDecodeError:
        return _decode_by_line(data)


def _decode_by_line(data: bytes) -> DecodedText:
    lines = data.split(b"\n")
    suspects = [(number, line) for number, line in enumerate(lines, 1) if not line.isascii()]
    invalid = {
        encoding: frozenset(number for number, line in suspects if not _is_valid(line, encoding))
        for encoding in ("utf-8", "gb18030")
    }
    encoding = min(("gb18030", "utf-8"), key=lambda e: len(invalid[e]))
    bad = invalid[encoding]
    if encoding == "gb18030" and not bad:
        return DecodedText(data.decode("gb18030"), encoding, bad)
    text = "\n".join(
        line.decode(encoding, "backslashreplace" if number in bad else "strict") for number, line in enumerate(lines, 1)
    )
    return DecodedText(text, encoding, bad)


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

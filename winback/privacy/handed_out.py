"""What was handed out, without a subject.

Belongs here: deliveries (CSV, HTML, JSON, the manifest) as bytes without the subject's rows, and with mentions in other rows
replaced. Does not belong here: where these files lie, or delivered inputs (`delivered_file`).
"""

from __future__ import annotations

import csv
import hashlib
import html
import io
import json
import re
from collections.abc import Callable, Mapping
from pathlib import PurePath
from typing import Any

from winback.load.decode import decode_bytes
from winback.load.records import DELIMITERS
from winback.privacy.delivered_file import csv_text, text_without
from winback.privacy.identifying import titles
from winback.privacy.marks import ERASED, Marks
from winback.privacy.subject import Subject

_ARTICLE = re.compile(r"<article\b[^>]*>.*?</article>\s*", re.DOTALL)
_ARTICLE_ID = re.compile(r"<article\b[^>]*?\bid=\"([^\"]*)\"")
_TAGS = re.compile(r"(<[^>]*>)")
_NOTICE = (
    '<!doctype html><html><head><meta charset="utf-8"><title>winback</title></head><body><p>This page told of somebody whose data '
    "were erased, and could not be kept without them. The list beside it stands.</p>"
    "<p>本页涉及已被删除的数据，无法保留；旁边的清单仍然有效。</p></body></html>\n"
)


def without_subject(name: str, data: bytes, subject: Subject, marks: Marks) -> bytes:
    """A file of ours without the subject; the same bytes where it does not mention them."""
    suffix = PurePath(name).suffix.lower()
    ways: dict[str, Callable[[bytes, Subject, Marks], bytes]] = {
        ".csv": _csv,
        ".html": _html,
        ".json": lambda data, _, marks: json_without(data, marks),
        ".jsonl": lambda data, _, marks: json_lines_without(data, marks),
    }
    return ways.get(suffix, _text)(data, subject, marks)


def renewed_manifest(manifest: bytes, files: Mapping[str, bytes]) -> bytes:
    """The manifest with row counts and hashes of the files as they are now, and the word that rows were erased."""
    document: dict[str, Any] = json.loads(manifest)
    document["is_erased_from"] = True
    for name, entry in document.get("files", {}).items():
        if name in files:
            entry["sha256"] = hashlib.sha256(files[name]).hexdigest()
            if "rows" in entry and name.endswith(".csv"):
                entry["rows"] = n_records(files[name])
    return (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode("utf-8")


def n_records(data: bytes) -> int:
    """Records of a CSV, without its title row."""
    _, rows, _ = _parsed(data)
    return max(sum(any(cell.strip() for cell in row) for row in rows) - 1, 0)


def json_without(data: bytes, marks: Marks) -> bytes:
    """JSON with mentions replaced inside its strings; text where it is no JSON."""
    try:
        document = json.loads(data)
    except ValueError:
        return _text(data, None, marks)
    cleaned = redacted(document, marks)
    if cleaned == document:
        return data
    return (json.dumps(cleaned, indent=2, ensure_ascii=False) + "\n").encode("utf-8")


def json_lines_without(data: bytes, marks: Marks) -> bytes:
    """JSON lines without those that mention the subject."""
    lines = data.decode("utf-8", "replace").splitlines(keepends=True)
    kept = [line for line in lines if not marks.hints(_unescaped(line))]
    return data if len(kept) == len(lines) else "".join(kept).encode("utf-8")


def redacted(value: Any, marks: Marks, *, is_close: bool = False) -> Any:
    """JSON data with mentions replaced inside its strings; `is_close` takes the words that only their notes have as well."""
    if isinstance(value, str):
        return marks.redact_closely(value) if is_close else marks.redact(value) if marks.mentions(value) else value
    if isinstance(value, list):
        return [redacted(v, marks, is_close=is_close) for v in value]
    if isinstance(value, dict):
        return {_clean_key(k, marks): redacted(v, marks, is_close=is_close) for k, v in value.items()}
    return value


def _clean_key(key: str, marks: Marks) -> str:
    return marks.redact(key) if marks.mentions(key) else key


def _unescaped(line: str) -> str:
    try:
        return json.dumps(json.loads(line), ensure_ascii=False)
    except ValueError:
        return line


def _csv(data: bytes, subject: Subject, marks: Marks) -> bytes:
    encoding, rows, delimiter = _parsed(data)
    if not rows:
        return data
    known = titles()
    columns = [known.get(cell.strip().strip("\ufeff").lower()) for cell in rows[0]]
    kept = [row for row in rows[1:] if not _is_subject_row(row, columns, subject, marks)]
    cleaned = [[_clean_cell(cell, marks) for cell in row] for row in kept]
    if cleaned == rows[1:]:
        return data
    line_end = "\r\n" if b"\r\n" in data else "\n"
    return csv_text([rows[0], *cleaned], delimiter, line_end).encode(encoding)


def _is_subject_row(row: list[str], columns: list[str | None], subject: Subject, marks: Marks) -> bool:
    """Whether a row is the subject's: by an identifying column, or by a cell that holds an identifier that cannot be mistaken."""
    for column, cell in zip(columns, row, strict=False):
        if column and cell.strip().lstrip("'") in subject.ids.get(column, ()):
            return True
    return any(marks.has_id(cell) for cell in row)


def _clean_cell(cell: str, marks: Marks) -> str:
    return marks.redact_closely(cell) if marks.hints(cell) or marks.quotes(cell) else cell


def _parsed(data: bytes) -> tuple[str, list[list[str]], str]:
    """Encoding to write in, all rows with the title row first (its mark kept), delimiter."""
    decoded = decode_bytes(data)
    text = "\ufeff" + decoded.text if data.startswith(b"\xef\xbb\xbf") else decoded.text
    first = text.split("\n", 1)[0]
    delimiter = max(DELIMITERS, key=first.count)
    encoding = "utf-16" if decoded.encoding.startswith("utf-16") else decoded.encoding
    return encoding, [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if row], delimiter


def _html(data: bytes, subject: Subject, marks: Marks) -> bytes:
    text = data.decode("utf-8", "replace")
    rows = subject.ids.get("row_key", frozenset()) if subject.column == "account_id" else frozenset()
    kept = _ARTICLE.sub(lambda m: "" if _article_id(m[0]) in rows else m[0], text)
    cleaned = "".join(_clean_part(part, marks) for part in _TAGS.split(kept))
    if cleaned == text:
        return data
    return (_NOTICE if marks.hints(html.unescape(cleaned)) else cleaned).encode("utf-8")


def _article_id(article: str) -> str:
    found = _ARTICLE_ID.match(article)
    return html.unescape(found[1]) if found else ""


def _clean_part(part: str, marks: Marks) -> str:
    """A tag, or the text between two tags, without mentions."""
    plain = html.unescape(part)
    if part.startswith("<"):
        return marks.redact(part) if marks.mentions(plain) else part
    if not part.strip() or not (marks.hints(plain) or marks.quotes(plain)):
        return part
    return html.escape(marks.redact_closely(plain)) if plain.strip() else ERASED


def _text(data: bytes, _: Subject | None, marks: Marks) -> bytes:
    kept = text_without(data, marks)
    return data if kept is None else kept

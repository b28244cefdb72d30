"""Quoting for SQL text.

Belongs here: the only ways a name or a literal may enter SQL text. Does not belong here: values from outside, which go in
as bound parameters.
"""

from __future__ import annotations


def quote_name(name: str) -> str:
    """`name` as a quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def quote_text(value: str) -> str:
    """`value` as an SQL string literal; for contract and settings values only."""
    return "'" + value.replace("'", "''") + "'"


def name_list(names: tuple[str, ...] | list[str], prefix: str = "") -> str:
    """Comma-separated quoted identifiers, each behind `prefix` (such as 'r.')."""
    return ", ".join(prefix + quote_name(n) for n in names)

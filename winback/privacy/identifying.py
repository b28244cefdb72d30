"""Which columns tell an account or a person.

Belongs here: the names of identifying columns, read from the contracts, and how they may be titled in files. Does not belong
here: values.
"""

from __future__ import annotations

from functools import cache

from data_contracts import Contract, load_contract, table_names
from winback.contracts.as_of import entity_key
from winback.contracts.row_rules import typed_expression

_HOLDERS = {"account_id": "accounts", "person_id": "people", "row_key": "assignments", "text_sha256": "note_labels"}
"""What an identifying column is the key of: the contract that gives it its name."""


@cache
def identifying_columns() -> tuple[str, ...]:
    """Names of the columns that tell an account, a person, a row handed out about one, or the text of a note.

    One quantity has one name everywhere, so a column of that name tells the same in every table. Raises ValueError if a
    contract's key is no longer the column that this module takes it for.
    """
    for column, table in _HOLDERS.items():
        if entity_key(load_contract(table)) != (column,):
            raise ValueError(f"'{column}' is not the key of '{table}'")
    return tuple(_HOLDERS)


@cache
def titles() -> dict[str, str]:
    """Identifying column by each name or title, in lower case, that a file may give it."""
    found: dict[str, str] = {}
    for name in (*table_names("input"), *table_names("output")):
        for field in load_contract(name).fields:
            if field.name in identifying_columns():
                found |= {t.strip().lower(): field.name for t in (field.name, field.title_en, field.title_zh)}
    return found


@cache
def personal_columns(kinds: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """Columns of personal data of those kinds (name, phone, email, text) by contract."""
    found: dict[str, tuple[str, ...]] = {}
    for table in table_names():
        columns = tuple(f.name for f in load_contract(table).fields if f.personal in kinds)
        if columns:
            found[table] = columns
    return found


def typed_id(contract: Contract, column: str, received_type: str) -> str:
    """SQL of an identifying column as loading reads it."""
    return typed_expression(contract.field(column), received_type)

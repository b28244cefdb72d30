"""The account or person that is to be removed: everything that tells them.

Belongs here: gathering identifiers, names and texts from the warehouse. Does not belong here: removing them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import duckdb

from data_contracts import load_contract, table_names
from winback.contracts.identifiers import quote_name
from winback.errors import UsageError
from winback.playbook.cells import phone_cell
from winback.privacy.identifying import identifying_columns, personal_columns
from winback.reasons.note_labels import text_hash

_PHONE_DIGITS = 5
ACCOUNT, PERSON = "account_id", "person_id"
_PIECE = re.compile(r"(?=[a-z]*[A-Z]?[A-Za-z]*[0-9@_A-Z])[A-Za-z0-9][A-Za-z0-9@._+-]{4,}[A-Za-z0-9]")
"""Words that look like a number, an address or a code; ordinary words would be found in everybody's texts."""


@dataclass(frozen=True)
class Subject:
    """Who is removed.

    `column` (account_id or person_id) and `value` name them; `ids` are identifiers by column, `marks` other identifiers that stand
    in their rows (touchpoints, spend lines), `names` are names, phones and mail addresses, `texts` notes and other free text,
    `pieces` codes and numbers in those texts that nobody else's have.
    """

    column: str
    value: str
    ids: Mapping[str, frozenset[str]]
    marks: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    texts: frozenset[str] = frozenset()
    pieces: frozenset[str] = field(default=frozenset(), repr=False)

    def as_json(self) -> dict[str, Any]:
        """Plain data for a file."""
        sets = {name: sorted(getattr(self, name)) for name in ("marks", "names", "texts", "pieces")}
        return {"column": self.column, "value": self.value, "ids": {k: sorted(v) for k, v in self.ids.items()}} | sets


def subject_from_json(document: Mapping[str, Any]) -> Subject:
    """The subject that `Subject.as_json` wrote."""
    sets = {name: frozenset(document[name]) for name in ("marks", "names", "texts", "pieces")}
    return Subject(document["column"], document["value"], {k: frozenset(v) for k, v in document["ids"].items()}, **sets)


def find_subject(con: duckdb.DuckDBPyConnection, column: str, value: str, phone_region: str) -> Subject:
    """Gather what tells the account or person `value` (`column` is account_id or person_id).

    Raises UsageError where nothing of them was ever loaded or held back.
    """
    ids = {name: set[str]() for name in identifying_columns()}
    ids[column].add(value)
    if column == ACCOUNT:
        ids[PERSON] |= _column(con, "SELECT person_id FROM raw_people GROUP BY 1 HAVING bool_and(account_id = ?)", [value])
        ids["row_key"] |= _row_keys(con, value)
    marks, names, texts, n_rows = _cells(con, column, ids)
    if not n_rows and not _is_held_back(con, column, value):
        raise UsageError(f"nothing of {column} '{value}' is in the warehouse; check the identifier with: winback account")
    others = _other_texts(con, column, ids)
    ids["text_sha256"] = {text_hash(text) for text in texts - others}
    names |= {
        form
        for name in names
        if sum(c.isdigit() for c in name) >= _PHONE_DIGITS
        for form in _phone_forms(name, phone_region)
    }
    return Subject(
        column,
        value,
        {name: frozenset(values) for name, values in ids.items() if values},
        frozenset(marks),
        frozenset(names),
        frozenset(texts - others),
        frozenset(_pieces(texts) - _pieces(others)),
    )


def _phone_forms(phone: str, region: str) -> set[str]:
    """A phone number as lists, pages and people write it."""
    shown = phone_cell(phone, region)
    national = shown.partition(" ")[2] if shown.startswith("+") else shown
    return {
        form
        for number in (shown, national)
        if number
        for form in (number, number.replace(" ", ""), number.replace(" ", "-"))
    }


def condition(columns: Iterable[str], ids: Mapping[str, Iterable[str]], prefix: str = "") -> tuple[str, list[object]]:
    """SQL that is true for rows of these identifiers, with its parameters; false where no column tells."""
    used = [c for c in columns if ids.get(c)]
    parts = [f"coalesce({prefix}{quote_name(c)} IN (SELECT unnest(?)), false)" for c in used]
    return "(" + (" OR ".join(parts) or "false") + ")", [sorted(ids[c]) for c in used]


def _cells(
    con: duckdb.DuckDBPyConnection, column: str, ids: Mapping[str, set[str]]
) -> tuple[set[str], set[str], set[str], int]:
    """Identifiers, names and texts in the subject's loaded rows, and how many rows there are."""
    names_of, texts_of = personal_columns(("name", "phone", "email")), personal_columns(("text",))
    marks, names, texts, n_rows = set[str](), set[str](), set[str](), 0
    for table in table_names("input"):
        contract = load_contract(table)
        where, parameters = condition(contract.columns, ids)
        if not parameters:
            continue
        raw = quote_name("raw_" + table)
        n_rows += len(con.execute(f"SELECT 1 FROM {raw} WHERE {where}", parameters).fetchall())
        keys = [c for c in contract.key if c.endswith("_id") and c not in identifying_columns()]
        for columns, into in ((keys, marks), (names_of.get(table, ()), names), (texts_of.get(table, ()), texts)):
            for name in columns:
                into.update(_column(con, f"SELECT DISTINCT {quote_name(name)} FROM {raw} WHERE {where}", parameters))
    return marks, names, texts, n_rows


def _other_texts(con: duckdb.DuckDBPyConnection, column: str, ids: Mapping[str, set[str]]) -> set[str]:
    texts = set[str]()
    for table, columns in personal_columns(("text",)).items():
        if load_contract(table).direction == "input":
            where, parameters = condition(load_contract(table).columns, ids)
            for name in columns:
                query = f"SELECT DISTINCT {quote_name(name)} FROM {quote_name('raw_' + table)} WHERE NOT {where}"
                texts |= _column(con, query, parameters) if table != "note_labels" else set()
    return texts


def _row_keys(con: duckdb.DuckDBPyConnection, account_id: str) -> set[str]:
    """Keys of every row ever planned or handed out about an account."""
    keys = set[str]()
    for table in tables_with(con, ("row_key", ACCOUNT)):
        keys |= _column(con, f"SELECT DISTINCT row_key FROM {quote_name(table)} WHERE account_id = ?", [account_id])
    return keys


def tables_with(con: duckdb.DuckDBPyConnection, columns: Iterable[str]) -> list[str]:
    """Tables (no views) of the main database that have all these columns."""
    wanted = sorted(columns)
    rows = con.execute(
        "SELECT c.table_name FROM duckdb_columns() AS c JOIN duckdb_tables() AS t USING (database_name, schema_name, table_name) "
        "WHERE c.database_name = current_database() AND NOT t.temporary AND c.column_name IN (SELECT unnest(?)) "
        "GROUP BY c.table_name HAVING count(*) = ? ORDER BY c.table_name",
        [wanted, len(wanted)],
    ).fetchall()
    return [str(name) for (name,) in rows]


def _is_held_back(con: duckdb.DuckDBPyConnection, column: str, value: str) -> bool:
    query = f"SELECT 1 FROM ledger_quarantine WHERE json_valid(record_text) AND json_extract_string(record_text, '$.{column}') = ?"
    return con.execute(f"{query} LIMIT 1", [value]).fetchone() is not None


def _column(con: duckdb.DuckDBPyConnection, query: str, parameters: list[Any]) -> set[str]:
    return {str(value) for (value,) in con.execute(query, parameters).fetchall() if value is not None and str(value).strip()}


def _pieces(texts: Iterable[str]) -> set[str]:
    return {piece for text in texts for piece in _PIECE.findall(text)}

"""Expectation suites from contracts: what single rows cannot say.

Belongs here: which expectations a contract implies (keys unique, columns as promised, numbers in range) beside those it
writes out. Does not belong here: row rules of received files, which quarantine, or running the suites (`gx_on_duckdb`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from data_contracts import Contract, Field
from winback.contracts.identifiers import name_list, quote_name, quote_text


@dataclass(frozen=True)
class SuiteRule:
    """One expectation: its type and arguments, whether it blocks what follows, and what it says in words."""

    type: str
    kwargs: dict[str, Any]
    is_blocking: bool
    description: str


def suite_of(contract: Contract) -> list[SuiteRule]:
    """All expectations of a table: those the contract writes out, and for tables made here those it implies."""
    rules = [SuiteRule(e.type, dict(e.kwargs), e.is_blocking, e.description) for e in contract.expectations]
    if contract.direction == "input":
        return rules
    return [*rules, *_implied(contract)]


def _implied(contract: Contract) -> list[SuiteRule]:
    columns = {"column_set": list(contract.columns), "exact_match": True}
    return [
        SuiteRule("expect_table_columns_to_match_set", columns, True, "Exactly the contract's columns."),
        *_row_rule(contract),
    ]


def _row_rule(contract: Contract) -> list[SuiteRule]:
    """One rule for keys, numbers and codes of a table: a rule of its own for each costs GX more than reading the table."""
    broken = dict(pair for field in contract.fields for pair in broken_conditions(field))
    counted, words = [], []
    if contract.key:
        repeated = f"SELECT count(*) AS n FROM {{batch}} GROUP BY {name_list(contract.key)} HAVING count(*) > 1"
        counted.append(
            f"SELECT {quote_text('key not unique')} AS broken, coalesce(sum(n), 0) AS n_rows FROM ({repeated}) AS repeated"
        )
        words.append("The key is unique.")
    if broken:
        names = ", ".join(map(quote_text, broken))
        counts = ", ".join(f"sum(CASE WHEN {condition} THEN 1 ELSE 0 END)" for condition in broken.values())
        counted.append(f"SELECT unnest([{names}]) AS broken, unnest([{counts}]) AS n_rows FROM {{batch}}")
        columns = ", ".join(f.name for f in contract.fields if list(broken_conditions(f)))
        words.append(f"Numbers lie in their ranges and codes are among those allowed: {columns}.")
    if not counted:
        return []
    query = f"SELECT * FROM ({' UNION ALL '.join(counted)}) AS counted WHERE n_rows > 0"
    return [SuiteRule("unexpected_rows_expectation", {"unexpected_rows_query": query}, True, " ".join(words))]


def broken_conditions(field: Field) -> Iterator[tuple[str, str]]:
    """What can be wrong with one field, in words and as an SQL condition."""
    column = quote_name(field.name)
    if field.type in ("double", "integer", "decimal", "fine_decimal"):
        if field.minimum is not None:
            yield f"{field.name} below {field.minimum}", f"{column} < {float(field.minimum)!r}"
        if field.maximum is not None:
            yield f"{field.name} above {field.maximum}", f"{column} > {float(field.maximum)!r}"
    elif field.allowed:
        allowed = ", ".join(quote_text(value) for value in field.allowed)
        yield f"{field.name} none of those allowed", f"{column} NOT IN ({allowed})"

"""Expectation suites from contracts: what single rows cannot say.

Belongs here: which expectations a contract implies (keys unique, columns as promised, numbers in range) beside those it
writes out. Does not belong here: row rules of received files, which quarantine, or running the suites (`gx_on_duckdb`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from data_contracts import Contract, Field


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
    rules = [
        SuiteRule(
            "expect_table_columns_to_match_set",
            {"column_set": list(contract.columns), "exact_match": True},
            True,
            "Exactly the contract's columns.",
        )
    ]
    if len(contract.key) == 1:
        rules.append(SuiteRule("expect_column_values_to_be_unique", {"column": contract.key[0]}, True, "The key is unique."))
    elif contract.key:
        rules.append(
            SuiteRule(
                "expect_compound_columns_to_be_unique",
                {"column_list": list(contract.key), "ignore_row_if": "never"},
                True,
                "The key is unique.",
            )
        )
    return rules + [rule for field in contract.fields if (rule := _in_range(field)) is not None]


def _in_range(field: Field) -> SuiteRule | None:
    if field.type in ("double", "integer", "decimal", "fine_decimal") and (
        field.minimum is not None or field.maximum is not None
    ):
        kwargs: dict[str, Any] = {"column": field.name, "min_value": field.minimum, "max_value": field.maximum}
        return SuiteRule("expect_column_values_to_be_between", kwargs, True, f"{field.name} lies in its range.")
    if field.allowed:
        allowed: dict[str, Any] = {"column": field.name, "value_set": list(field.allowed)}
        return SuiteRule("expect_column_values_to_be_in_set", allowed, True, f"{field.name} is one of the allowed values.")
    return None

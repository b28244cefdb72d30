"""The rows that break an expectation, for people to look at.

Belongs here: from an expectation to the rows that break it, and the rule in words. Does not belong here: whether it is broken
(`winback.contracts.gx_on_duckdb`), or where rows are shown (assets).

Personal columns are never read: where one breaks a rule its value is shown as hidden.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import duckdb
import polars as pl

from data_contracts import Contract
from winback.contracts.ddl import RAW_BOOKKEEPING
from winback.contracts.expectations import SuiteRule, broken_conditions
from winback.contracts.identifiers import name_list, quote_name, quote_text

MOST_ROWS = 10
HIDDEN = "(hidden)"
_PLACE = ("_file_id", "_line")
"""Where a received row came from; shown for raw tables beside the key."""


@dataclass(frozen=True)
class FailingRows:
    """What breaks a rule: the rule in words, the number of rows, and the first of them; without rows it is told in words alone."""

    words: str
    n_rows: int
    rows: pl.DataFrame

    @property
    def in_short(self) -> str:
        """One line: the rule (without the columns it lists), how many rows break it, and the first of them."""
        if self.rows.is_empty():
            return self.words
        rule = self.words.partition(":")[0].rstrip(".")
        first = ", ".join(f"{name} {value}" for name, value in self.rows.row(0, named=True).items() if value is not None)
        return f"{rule}: {self.n_rows:,} row(s) break this, such as {first}"


@dataclass(frozen=True)
class _Broken:
    """Which rows break a rule (what follows FROM), the columns to blame, and an SQL text of what is wrong with a row."""

    source: str
    columns: tuple[str, ...]
    words: str | None = None


def failing_rows(con: duckdb.DuckDBPyConnection, table: str, contract: Contract, rule: SuiteRule) -> FailingRows:
    """The first rows of `table` that break `rule` of its contract, by key, with the columns that do.

    Rules about the table as a whole (its columns, its number of rows) have none. Raises ValueError for a type of expectation that
    no contract uses yet.
    """
    if rule.type not in _KINDS:
        raise ValueError(f"no rows are known for expectations of type '{rule.type}'; add them to {__name__}")
    broken = _KINDS[rule.type](quote_name(table), contract, rule.kwargs)
    if broken is None:
        return FailingRows(rule.description, 0, pl.DataFrame())
    query = _shown(contract, broken, is_raw=table.startswith("raw_"))
    with con.cursor() as cursor:
        ((n_rows,),) = cursor.execute(f"SELECT count(*) FROM ({query}) AS broken").fetchall()
        rows = cursor.sql(f"SELECT * FROM ({query}) AS broken ORDER BY ALL LIMIT {MOST_ROWS}").pl()
    return FailingRows(rule.description, int(n_rows), rows)


def _shown(contract: Contract, broken: _Broken, *, is_raw: bool) -> str:
    """A query of the broken rows: where they are, what is to blame, and what is wrong."""
    place = [quote_name(name) for name in _PLACE if is_raw and name in RAW_BOOKKEEPING]
    columns = dict.fromkeys((*contract.key, *broken.columns))
    values = [
        quote_name(name)
        if contract.field(name).personal is None
        else f"CASE WHEN {quote_name(name)} IS NOT NULL THEN {quote_text(HIDDEN)} END AS {quote_name(name)}"
        for name in columns
    ]
    wrong = [f"{broken.words} AS what_is_wrong"] if broken.words else []
    return f"SELECT {', '.join([*place, *values, *wrong])} FROM {broken.source}"


def _not_greater(table: str, contract: Contract, kwargs: Mapping[str, Any]) -> _Broken:
    first, second = quote_name(kwargs["column_A"]), quote_name(kwargs["column_B"])
    sign = "<" if kwargs.get("or_equal") else "<="
    return _Broken(f"{table} WHERE {first} {sign} {second}", (kwargs["column_A"], kwargs["column_B"]))


def _broken_row(table: str, contract: Contract, kwargs: Mapping[str, Any]) -> _Broken:
    """Rows whose key is not theirs alone, or with a number out of range or a code that is not allowed."""
    wrong = {
        f"CASE WHEN {condition} THEN {_with_value(contract, field.name, words)} END": condition
        for field in contract.fields
        for words, condition in broken_conditions(field)
    }
    source = table
    if contract.key:
        source = f"(SELECT *, count(*) OVER (PARTITION BY {name_list(contract.key)}) AS _n_same FROM {table}) AS counted"
        wrong["CASE WHEN _n_same > 1 THEN concat('there are ', _n_same, ' of this key') END"] = "_n_same > 1"
    return _Broken(f"{source} WHERE {' OR '.join(wrong.values())}", (), f"concat_ws('; ', {', '.join(wrong)})")


def _with_value(contract: Contract, name: str, words: str) -> str:
    value = quote_text(HIDDEN) if contract.field(name).personal else f"CAST({quote_name(name)} AS VARCHAR)"
    return f"concat({quote_text(words + ': ')}, {value})"


def _whole(table: str, contract: Contract, kwargs: Mapping[str, Any]) -> None:
    """No single row is to blame."""


_KINDS: dict[str, Callable[[str, Contract, Mapping[str, Any]], _Broken | None]] = {
    "expect_column_pair_values_a_to_be_greater_than_b": _not_greater,
    "unexpected_rows_expectation": _broken_row,
    "expect_table_columns_to_match_set": _whole,
    "expect_table_row_count_to_be_between": _whole,
}

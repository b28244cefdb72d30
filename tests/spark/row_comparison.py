"""When two engines gave the same rows.

Belongs here: comparing two Arrow tables regardless of the order of their rows. Does not belong here: where they come from.
"""

import math
from typing import Any

import pyarrow as pa

DOUBLE_TOLERANCE = 1e-9
"""Doubles are equal if they differ by no more than this; everything else has to be equal in type and value."""


def differences(expected: pa.Table, found: pa.Table) -> list[str]:
    """What differs between the rows of two tables, in words; empty if they hold the same rows in any order."""
    if expected.column_names != found.column_names:
        return [f"columns {found.column_names}, expected {expected.column_names}"]
    if expected.num_rows != found.num_rows:
        return [f"{found.num_rows} rows, expected {expected.num_rows}"]
    return [
        f"row {number}: {name} is {value!r}, expected {wanted!r}, in {expected_row}"
        for number, (expected_row, found_row) in enumerate(zip(_sorted_rows(expected), _sorted_rows(found), strict=True), 1)
        for name, wanted, value in zip(expected.column_names, expected_row, found_row, strict=True)
        if not _are_equal(wanted, value)
    ]


def _sorted_rows(table: pa.Table) -> list[tuple[Any, ...]]:
    columns = [column.to_pylist() for column in table.columns]
    return sorted(zip(*columns, strict=True), key=_sort_key)


def _sort_key(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """Exact values decide first, so that doubles that differ by a hair do not change the order."""
    exact = tuple((value is not None, str(value)) for value in row if not isinstance(value, float))
    return exact, tuple(value for value in row if isinstance(value, float))


def _are_equal(expected: Any, found: Any) -> bool:
    if isinstance(expected, float) and isinstance(found, float):
        return math.isclose(expected, found, rel_tol=0, abs_tol=DOUBLE_TOLERANCE) or (
            math.isnan(expected) and math.isnan(found)
        )
    return type(expected) is type(found) and expected == found

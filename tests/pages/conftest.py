"""Fixtures of the tests of pages."""

import duckdb
import pytest
from page_market import put_listed, set_week


@pytest.fixture
def listed(empty_tables: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """Three accounts on the list of R1."""
    set_week(empty_tables)
    for number in (1, 2, 3):
        put_listed(empty_tables, number)
    return empty_tables

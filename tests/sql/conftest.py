"""Fixture that the tests of features share."""

import duckdb
import pytest
from feature_rows import set_week


@pytest.fixture
def week(empty_tables: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """Empty tables as of the week of `feature_rows`."""
    set_week(empty_tables)
    return empty_tables

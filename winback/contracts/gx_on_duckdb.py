"""Great Expectations on a DuckDB connection.

Belongs here: the one place that makes GX keep a DuckDB connection (GX issue 10738: it opens a connection per query, and a
DuckDB result dies with its connection). Does not belong here: which expectations there are.

The work-around adds DuckDB to the module tuple of dialects whose connection GX keeps. `tests/contracts` has a test that
fails loudly once GX changes there; remove this module when GX supports DuckDB itself.
"""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass
from functools import cache
from typing import Any

import duckdb

from winback.contracts.identifiers import quote_name
from winback.errors import RunFailedError

_TUPLE = "_PERSISTED_CONNECTION_DIALECTS"


class _DuckDBDialect(str):
    """Equals 'duckdb' and has it as `.value`, which is all that GX looks at."""

    @property
    def value(self) -> str:
        return str(self)


@dataclass(frozen=True)
class ExpectationResult:
    """One expectation on one table: whether it held, and expected and observed in words."""

    type: str
    columns: tuple[str, ...]
    is_met: bool
    observed: str


def validate_table(
    con: duckdb.DuckDBPyConnection, table: str, expectations: list[tuple[str, dict[str, Any]]]
) -> list[ExpectationResult]:
    """Check expectations (type in snake case, keyword arguments) on a table, pushed down to DuckDB.

    Raises RunFailedError if GX could not evaluate one (a missing column, say), which is not the same as a violation.
    """
    context, gx = _context()
    source = context.data_sources.add_sql(
        name=table, connection_string="duckdb://", kwargs={"creator": lambda: _engine_connection(con)}
    )
    batch = source.add_table_asset(table, table_name=table).add_batch_definition_whole_table("all").get_batch()
    suite = gx.ExpectationSuite(table, expectations=[_expectation(gx, kind, kwargs) for kind, kwargs in expectations])
    try:
        results = batch.validate(suite).results
    finally:
        source.get_execution_engine().engine.dispose()
        context.data_sources.delete(table)
    return [_result(con, table, r) for r in results]


@cache
def _context() -> tuple[Any, Any]:
    """GX's context, one for the process: making one costs more than checking a table."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    import great_expectations as gx
    from great_expectations.execution_engine import sqlalchemy_execution_engine as engine

    logging.getLogger("great_expectations").setLevel(logging.WARNING)
    kept = getattr(engine, _TUPLE)
    if "duckdb" not in kept:
        setattr(engine, _TUPLE, (*kept, _DuckDBDialect("duckdb")))
    context: Any = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    # GX writes its whole configuration as YAML at every table it meets; nobody ever reads that of a context in memory.
    context._save_project_config = lambda: None
    return context, gx


def _engine_connection(con: duckdb.DuckDBPyConnection) -> Any:
    from duckdb_engine import ConnectionWrapper

    return ConnectionWrapper(con.cursor())


def _expectation(gx: Any, kind: str, kwargs: dict[str, Any]) -> Any:
    name = "".join(part.capitalize() for part in kind.split("_"))
    return getattr(gx.expectations, name)(**kwargs)


def _result(con: duckdb.DuckDBPyConnection, table: str, result: Any) -> ExpectationResult:
    config = result.expectation_config
    if result.exception_info and _has_raised(result.exception_info):
        raise RunFailedError(f"expectation {config.type} on '{table}' could not be evaluated: {result.exception_info}")
    kwargs = config.kwargs
    columns = kwargs.get("column_list") or [kwargs[k] for k in ("column", "column_A", "column_B") if k in kwargs]
    if "unexpected_rows_query" in kwargs and not result.success:
        observed = _rows_in_words(con, kwargs["unexpected_rows_query"].format(batch=quote_name(table)))
    else:
        observed = result.result.get("observed_value", f"{result.result.get('unexpected_count', 0)} rows break it")
    return ExpectationResult(config.type, tuple(columns), bool(result.success), str(observed))


def _rows_in_words(con: duckdb.DuckDBPyConnection, query: str) -> str:
    """The rows of a query of unexpected rows, which GX only counts."""
    with con.cursor() as cursor:
        return "; ".join(", ".join(map(str, row)) for row in cursor.execute(query).fetchall())


def _has_raised(info: Any) -> bool:
    entries = [info] if "raised_exception" in info else info.values()
    return any(entry.get("raised_exception") for entry in entries)

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
_ROWS_QUERY = "unexpected_rows_query"


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
    with con.cursor() as cursor:
        told = [(kind, _kept(cursor, table, number, kwargs)) for number, (kind, kwargs) in enumerate(expectations)]
        source = context.data_sources.add_sql(
            name=table, connection_string="duckdb://", kwargs={"creator": lambda: _engine_connection(cursor)}
        )
        batch = source.add_table_asset(table, table_name=table).add_batch_definition_whole_table("all").get_batch()
        suite = gx.ExpectationSuite(table, expectations=[_expectation(gx, kind, kwargs) for kind, kwargs in told])
        try:
            results = batch.validate(suite).results
            return [_result(cursor, table, r) for r in results]
        finally:
            source.get_execution_engine().engine.dispose()
            context.data_sources.delete(table)


def _kept(cursor: duckdb.DuckDBPyConnection, table: str, number: int, kwargs: dict[str, Any]) -> dict[str, Any]:
    """The arguments of an expectation, its query of unexpected rows run already: GX runs one twice, to count and to sample."""
    query = kwargs.get(_ROWS_QUERY)
    if query is None:
        return kwargs
    name = f"_unexpected_{number}"
    try:
        cursor.execute(f"CREATE TEMP TABLE {name} AS {query.format(batch=quote_name(table))}")
    except duckdb.Error as error:
        raise RunFailedError(f"the rows that break the contract of '{table}' could not be looked for: {error}") from error
    # GX complains of every query that does not read its batch; without rows there is nothing that could break a rule.
    return kwargs | {_ROWS_QUERY: f"SELECT * FROM {name} WHERE (SELECT count(*) FROM {{batch}}) > 0"}


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


def _engine_connection(cursor: duckdb.DuckDBPyConnection) -> Any:
    from duckdb_engine import ConnectionWrapper

    return ConnectionWrapper(cursor)


def _expectation(gx: Any, kind: str, kwargs: dict[str, Any]) -> Any:
    name = "".join(part.capitalize() for part in kind.split("_"))
    return getattr(gx.expectations, name)(**kwargs)


def _result(cursor: duckdb.DuckDBPyConnection, table: str, result: Any) -> ExpectationResult:
    config = result.expectation_config
    if result.exception_info and _has_raised(result.exception_info):
        raise RunFailedError(f"expectation {config.type} on '{table}' could not be evaluated: {result.exception_info}")
    kwargs = config.kwargs
    columns = kwargs.get("column_list") or [kwargs[k] for k in ("column", "column_A", "column_B") if k in kwargs]
    if _ROWS_QUERY in kwargs and not result.success:
        rows = cursor.execute(kwargs[_ROWS_QUERY].format(batch=quote_name(table))).fetchall()
        observed = "; ".join(", ".join(map(str, row)) for row in rows)
    else:
        observed = result.result.get("observed_value", f"{result.result.get('unexpected_count', 0)} rows break it")
    return ExpectationResult(config.type, tuple(columns), bool(result.success), str(observed))


def _has_raised(info: Any) -> bool:
    entries = [info] if "raised_exception" in info else info.values()
    return any(entry.get("raised_exception") for entry in entries)

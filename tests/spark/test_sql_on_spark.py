"""SQL gives the same rows on a Spark Connect server as on DuckDB.

The server is Sail, a wheel without a JVM; it runs in this process on a free port of 127.0.0.1. A file that says it is not
portable is expected to differ: one that no longer does has to lose its header.
"""

from collections.abc import Iterator

import duckdb
import pytest

pytest.importorskip("pyspark", reason="has an environment of its own: make test-spark")

from portable_sql import not_portable_reason
from pysail.spark import SparkConnectServer
from pyspark.sql import SparkSession
from row_comparison import differences
from two_engines import TwoEngines

from data_contracts import table_names
from sql import Query, queries


@pytest.fixture(scope="module")
def spark() -> Iterator[SparkSession]:
    server = SparkConnectServer("127.0.0.1", 0)
    server.start(background=True)
    address, port = server.listening_address
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("no_grpc_proxy", address)
        session = SparkSession.builder.remote(f"sc://{address}:{port}").create()
        yield session
        session.stop()
    server.stop()


@pytest.fixture(scope="module")
def engines(spark: SparkSession) -> Iterator[TwoEngines]:
    with duckdb.connect() as duck:
        yield TwoEngines(duck, spark)


def expected_to_differ(query: Query) -> tuple[pytest.MarkDecorator, ...]:
    reason = not_portable_reason(query)
    return (pytest.mark.xfail(reason=reason, strict=True),) if reason else ()


@pytest.mark.parametrize("table", [pytest.param(t, marks=expected_to_differ(q)) for t, q in queries().items()])
def test_query_gives_the_same_rows(table: str, engines: TwoEngines) -> None:
    on_spark = engines.query_on_spark(table)
    on_duckdb = engines.on_duckdb(table)
    assert on_duckdb.num_rows > 0, f"{table} has no row; give its tables some in tests/spark/hand_tables"
    assert differences(on_duckdb, on_spark) == []


@pytest.mark.parametrize("table", table_names("input"))
@pytest.mark.parametrize("prefix", ["core", "asof"])
def test_view_of_an_input_gives_the_same_rows(prefix: str, table: str, engines: TwoEngines) -> None:
    view = f"{prefix}_{table}"
    assert differences(engines.on_duckdb(view), engines.view_on_spark(view)) == []

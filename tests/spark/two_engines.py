"""The same tables on DuckDB and on a Spark Connect server.

Belongs here: filling both engines with the hand-made tables and making every other table on each, from what that engine made
itself. Does not belong here: comparing what came out.

The hand-made tables (`hand_tables/<table>.csv`, an empty cell is null, a missing column is null throughout) hold one small
market: received rows of the inputs, the week's parameters, and the tables that Python makes. Every other table of a contract
starts empty.
"""

from pathlib import Path

import duckdb
import pyarrow as pa
from portable_sql import not_portable_reason, to_spark
from pyspark.sql import SparkSession
from pyspark.sql.pandas.types import from_arrow_schema

from data_contracts import load_contract, table_names
from sql import queries
from winback.contracts.as_of import as_of_view_sql, core_view_sql
from winback.contracts.ddl import raw_table_ddl, table_ddl
from winback.contracts.identifiers import quote_name

HAND_TABLES = Path(__file__).parent / "hand_tables"


class TwoEngines:
    """DuckDB and Spark side by side. A table is made once, when it or one that reads it is first asked for."""

    def __init__(self, duck: duckdb.DuckDBPyConnection, spark: SparkSession) -> None:
        self._duck = duck
        self._spark = spark
        self._on_spark: dict[str, pa.Table] = {}
        self._fill()

    def on_duckdb(self, table: str) -> pa.Table:
        """Rows of `table` as DuckDB has them."""
        return self._duck.sql(f"SELECT * FROM {quote_name(table)}").to_arrow_table()

    def view_on_spark(self, view: str) -> pa.Table:
        """Rows of `core_<input>` or `asof_<input>` as Spark has them."""
        return self._spark.table(view).toArrow()

    def query_on_spark(self, table: str) -> pa.Table:
        """Rows of the SQL file of `table` on Spark, as the types of its contract."""
        if table not in self._on_spark:
            for read in queries()[table].reads(frozenset(queries())):
                self._make(read)
            self._make_on_duckdb(table)
            self._on_spark[table] = self._spark.sql(to_spark(_typed_query(table))).toArrow()
        return self._on_spark[table]

    def _make(self, table: str) -> None:
        """Let both engines read `table`: Spark its own rows, or DuckDB's where the file says that it is not portable."""
        if not_portable_reason(queries()[table]) is None:
            rows = self.query_on_spark(table)
        else:
            self._make_on_duckdb(table)
            rows = self.on_duckdb(table)
        self._give_to_spark(table, rows)

    def _make_on_duckdb(self, table: str) -> None:
        self._duck.execute(table_ddl(load_contract(table)))
        self._duck.execute(f"INSERT INTO {quote_name(table)} BY NAME {queries()[table].text}")

    def _fill(self) -> None:
        computed = table_names("computed") + table_names("output")
        for table in computed:
            self._duck.execute(table_ddl(load_contract(table)))
        for table in table_names("input"):
            self._duck.execute(raw_table_ddl(load_contract(table)))
        for file in sorted(HAND_TABLES.glob("*.csv")):
            self._duck.execute(
                f"INSERT INTO {quote_name(file.stem)} BY NAME SELECT * "
                "FROM read_csv(?, delim = ',', quote = '\"', header = true, all_varchar = true)",
                [str(file)],
            )
        for table in (*(t for t in computed if t not in queries()), *(f"raw_{t}" for t in table_names("input"))):
            self._give_to_spark(table, self.on_duckdb(table))
        for table in table_names("input"):
            self._create_view(f"core_{table}", core_view_sql(load_contract(table)))
            self._create_view(f"asof_{table}", as_of_view_sql(load_contract(table)))

    def _create_view(self, view: str, query: str) -> None:
        self._duck.execute(f"CREATE VIEW {quote_name(view)} AS {query}")
        self._spark.sql(to_spark(query)).createOrReplaceTempView(view)

    def _give_to_spark(self, table: str, rows: pa.Table) -> None:
        # With a schema, because Spark refuses a table without rows that has none.
        schema = from_arrow_schema(rows.schema, prefer_timestamp_ntz=True)
        self._spark.createDataFrame(rows, schema=schema).createOrReplaceTempView(table)


def _typed_query(table: str) -> str:
    """The SQL file of `table`, its columns cast to the contract's types as an INSERT into the table would do."""
    columns = ", ".join(
        f"CAST({quote_name(field.name)} AS {field.sql_type}) AS {quote_name(field.name)}"
        for field in load_contract(table).fields
    )
    return f"SELECT {columns} FROM (\n{queries()[table].text}\n) AS result"

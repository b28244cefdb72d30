"""What a SQL file says about its portability, and a query in Spark's dialect.

Belongs here: the header `-- not portable: why` and the translation. Does not belong here: running a query.
"""

from itertools import takewhile

import sqlglot

from sql import Query

_MARK = "-- not portable:"


def not_portable_reason(query: Query) -> str | None:
    """Why the file of a query says that it cannot run on Spark; None if it does not say so.

    Only the comment lines at the top count. Raises ValueError for a mark without a reason.
    """
    header = takewhile(lambda line: line.startswith("--"), query.text.splitlines())
    marks = [line.removeprefix(_MARK).strip() for line in header if line.startswith(_MARK)]
    if "" in marks:
        raise ValueError(f"{query.table}: '{_MARK}' has to say why")
    return "; ".join(marks) or None


def to_spark(text: str) -> str:
    """A DuckDB query in Spark's dialect.

    Raises sqlglot's ParseError or UnsupportedError where it cannot be told in Spark SQL, ValueError if it is not one
    statement.
    """
    statements = sqlglot.transpile(text, read="duckdb", write="spark", unsupported_level=sqlglot.ErrorLevel.RAISE)
    if len(statements) != 1:
        raise ValueError(f"expected one statement, found {len(statements)}")
    return statements[0]

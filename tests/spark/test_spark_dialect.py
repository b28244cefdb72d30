"""Every SQL file turns into Spark SQL, or says in its header why it cannot."""

import pytest
import sqlglot
from portable_sql import not_portable_reason, to_spark

from sql import Query, queries

PORTABLE = [table for table, query in queries().items() if not_portable_reason(query) is None]


@pytest.mark.parametrize("table", PORTABLE)
def test_file_turns_into_spark_sql(table: str) -> None:
    translated = to_spark(queries()[table].text)
    assert isinstance(sqlglot.parse_one(translated, read="spark"), sqlglot.exp.Query)


def test_what_spark_sql_cannot_say_is_refused() -> None:
    with pytest.raises(sqlglot.errors.UnsupportedError, match="EXCLUDE"):
        to_spark("SELECT sum(amount) OVER (ORDER BY spent_on ROWS UNBOUNDED PRECEDING EXCLUDE CURRENT ROW) FROM spend")


def test_more_than_one_statement_is_refused() -> None:
    with pytest.raises(ValueError, match="one statement"):
        to_spark("SELECT 1; SELECT 2")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("-- Who bought.\nSELECT 1", None),
        ("-- Who bought.\n-- not portable: ASOF JOIN\nSELECT 1", "ASOF JOIN"),
        ("-- not portable: ASOF JOIN\n-- not portable: quantile_cont\nSELECT 1", "ASOF JOIN; quantile_cont"),
        ("-- Who bought.\nSELECT 1 -- not portable: no header\n", None),
        ("-- Who bought.\nSELECT 1\n-- not portable: no header\n", None),
    ],
)
def test_header_says_why_a_file_is_not_portable(text: str, reason: str | None) -> None:
    assert not_portable_reason(query_of(text)) == reason


def test_header_without_a_reason_is_refused() -> None:
    with pytest.raises(ValueError, match=r"core_spells.*has to say why"):
        not_portable_reason(query_of("-- not portable:\nSELECT 1"))


def query_of(text: str) -> Query:
    return Query("core_spells", "core", text, frozenset())

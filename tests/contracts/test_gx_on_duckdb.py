"""Great Expectations on DuckDB: fails loudly when GX changes where the work-around takes hold."""

import duckdb
import pytest

from data_contracts import load_contract
from winback.contracts.ddl import table_ddl
from winback.contracts.expectations import suite_of
from winback.contracts.gx_on_duckdb import validate_table
from winback.errors import RunFailedError


@pytest.fixture
def con():
    connection = duckdb.connect()
    connection.execute("CREATE TABLE t AS SELECT range AS id, range / 10 AS prob FROM range(10)")
    yield connection
    connection.close()


def test_gx_still_keeps_connections_by_the_tuple_that_the_work_around_extends() -> None:
    from great_expectations.execution_engine import sqlalchemy_execution_engine as engine

    kept = engine._PERSISTED_CONNECTION_DIALECTS
    assert isinstance(kept, tuple), "GX changed: see winback/contracts/gx_on_duckdb.py"
    assert "sqlite" in [getattr(d, "value", d) for d in kept], "GX changed: see winback/contracts/gx_on_duckdb.py"


def test_results_come_in_the_order_of_the_rules_and_say_what_was_seen(con) -> None:
    results = validate_table(
        con,
        "t",
        [
            ("expect_column_values_to_be_between", {"column": "prob", "min_value": 0, "max_value": 0.5}),
            ("expect_column_values_to_be_unique", {"column": "id"}),
            ("expect_table_row_count_to_be_between", {"min_value": 11}),
        ],
    )
    assert [r.is_met for r in results] == [False, True, False]
    assert [r.observed for r in results] == ["4 rows break it", "0 rows break it", "10"]
    assert results[0].columns == ("prob",)


def test_a_missing_column_is_a_failure_and_not_a_violation(con) -> None:
    with pytest.raises(RunFailedError, match="could not be evaluated"):
        validate_table(con, "t", [("expect_column_values_to_be_unique", {"column": "nowhere"})])


def test_rows_that_break_a_rule_are_looked_for_once(con) -> None:
    """The query counts its looks at the two rows; GX itself would run it once to count and once more to sample."""
    con.execute("CREATE SEQUENCE looks")
    query = "SELECT id FROM {batch} WHERE nextval('looks') > 0 AND id < 2 ORDER BY id"
    (result,) = validate_table(con, "t", [("unexpected_rows_expectation", {"unexpected_rows_query": query})])
    assert (result.is_met, result.observed) == (False, "0; 1")
    assert con.execute("SELECT nextval('looks')").fetchone() == (3,)


def test_a_rule_that_cannot_be_looked_for_is_a_failure(con) -> None:
    with pytest.raises(RunFailedError, match=r"contract of 't'.*nowhere"):
        validate_table(con, "t", [("unexpected_rows_expectation", {"unexpected_rows_query": "SELECT nowhere FROM {batch}"})])


def test_a_computed_table_must_have_a_unique_key_and_numbers_in_range() -> None:
    rules = suite_of(load_contract("score_return_time"))
    assert 'GROUP BY "account_id", "as_of_on", "horizon_days" HAVING' in str(rules[-1].kwargs)
    assert "prob below 0" in str(rules[-1].kwargs)
    assert all(r.is_blocking for r in rules)


def test_key_and_ranges_of_a_table_are_one_rule_that_names_what_is_broken() -> None:
    contract = load_contract("score_propensity")
    with duckdb.connect() as con:
        con.execute(table_ddl(contract).replace(" NOT NULL", ""))
        con.execute(
            "INSERT INTO score_propensity (account_id, as_of_on, play_id, horizon_days, touched_prob, model_level) VALUES "
            "('a', '2026-01-05', 'p', 56, 1.5, 'nonsense'), ('b', '2026-01-05', 'p', 0, -0.5, NULL), "
            "('c', '2026-01-05', 'p', 56, 1.25, 'rules'), ('c', '2026-01-05', 'p', 56, 0.25, 'rules')"
        )
        results = validate_table(con, contract.name, [(r.type, r.kwargs) for r in suite_of(contract)])
    (ranges,) = [r for r in results if r.type == "unexpected_rows_expectation"]
    assert not ranges.is_met
    assert set(ranges.observed.split("; ")) == {
        "key not unique, 2",
        "horizon_days below 1, 1",
        "touched_prob below 0, 1",
        "touched_prob above 1, 2",
        "model_level none of those allowed, 1",
    }

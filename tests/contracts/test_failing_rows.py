"""Failing expectations show the rows that break them, as many as Great Expectations counts, and nothing personal."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import duckdb
import pytest

from data_contracts import Contract, load_contract, table_names
from winback.contracts.ddl import raw_table_ddl, table_ddl
from winback.contracts.expectations import SuiteRule, suite_of
from winback.contracts.failing_rows import _KINDS, HIDDEN, MOST_ROWS, failing_rows
from winback.contracts.gx_on_duckdb import validate_table

MONDAY = date(2026, 1, 5)
SPAN = load_contract("score_return_time")
PAIR = "expect_column_pair_values_a_to_be_greater_than_b"
RANGES = "unexpected_rows_expectation"
KINDS = {*_KINDS}


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    connection = duckdb.connect()
    yield connection
    connection.close()


def made(con: duckdb.DuckDBPyConnection, contract: Contract, *rows: dict[str, object]) -> None:
    con.execute(table_ddl(contract).replace(" NOT NULL", ""))
    for row in rows:
        con.execute(
            f"INSERT INTO {contract.name} ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})", list(row.values())
        )


def rule_of(contract: Contract, kind: str, words: str = "") -> SuiteRule:
    return next(r for r in suite_of(contract) if r.type == kind and words in r.description)


def span(account: str, prob: float | None, low: float, high: float, days: int = 56) -> dict[str, object]:
    return {"account_id": account, "as_of_on": MONDAY, "horizon_days": days, "prob": prob, "low": low, "high": high}


def test_rows_where_one_value_is_below_another_are_shown_with_both(con) -> None:
    made(con, SPAN, span("a", 0.3, 0.2, 0.4), span("b", 0.5, 0.2, 0.4), span("c", 0.5, 0.5, 0.5))
    found = failing_rows(con, SPAN.name, SPAN, rule_of(SPAN, PAIR, "high is at least prob"))
    assert found.words == "high is at least prob."
    assert found.rows.to_dicts() == [{"account_id": "b", "as_of_on": MONDAY, "horizon_days": 56, "high": 0.4, "prob": 0.5}]
    assert found.in_short.startswith("high is at least prob: 1 row(s) break this, such as account_id b, ")
    assert found.in_short.endswith(", horizon_days 56, high 0.4, prob 0.5")


def test_repeated_keys_are_shown_with_how_often(con) -> None:
    made(con, SPAN, span("a", 0.3, 0.2, 0.4), span("a", 0.4, 0.2, 0.4), span("b", 0.3, 0.2, 0.4))
    found = failing_rows(con, SPAN.name, SPAN, rule_of(SPAN, RANGES))
    assert found.n_rows == 2
    assert found.rows.select("account_id", "what_is_wrong").row(0) == ("a", "there are 2 of this key")
    assert found.in_short.startswith("The key is unique. Numbers lie in their ranges")


def test_numbers_out_of_range_are_named_with_their_values(con) -> None:
    contract = load_contract("score_propensity")
    made(
        con,
        contract,
        {"account_id": "a", "play_id": "p", "horizon_days": 0, "touched_prob": 1.5, "model_level": "rules"},
        {"account_id": "b", "play_id": "p", "horizon_days": 56, "touched_prob": 0.5, "model_level": "nonsense"},
        {"account_id": "c", "play_id": "p", "horizon_days": 56, "touched_prob": None, "model_level": "rules"},
    )
    found = failing_rows(con, contract.name, contract, rule_of(contract, RANGES))
    assert found.rows.select("account_id", "what_is_wrong").rows() == [
        ("a", "horizon_days below 1: 0; touched_prob above 1: 1.5"),
        ("b", "model_level none of those allowed: nonsense"),
    ]


@pytest.mark.parametrize(("kind", "n_accounts", "step"), [(PAIR, 45, 0.02), (RANGES, 45, 0.02), (RANGES, 40, 0.001)])
def test_there_are_as_many_as_great_expectations_counts(con, kind: str, n_accounts: int, step: float) -> None:
    """Values below others, numbers out of range, and keys that are not unique."""
    rows = [span(f"a{n % n_accounts}", 0.5 + n * step, 0.2, 0.8) for n in range(45)] + [span("n", None, 0.2, 0.8)]
    made(con, SPAN, *rows)
    rule = rule_of(SPAN, kind)
    (result,) = validate_table(con, SPAN.name, [(rule.type, rule.kwargs)])
    found = failing_rows(con, SPAN.name, SPAN, rule)
    assert not result.is_met
    assert str(found.n_rows) in result.observed
    assert found.rows.height == min(found.n_rows, MOST_ROWS)


def test_personal_values_are_never_shown(con) -> None:
    people = load_contract("people")
    con.execute(raw_table_ddl(people))
    con.execute(
        "INSERT INTO raw_people (person_id, account_id, phone, email, _file_id, _line, _batch) VALUES "
        "('p', 'a', '13800138000', 'x@example.com', 3, 7, 1), ('q', 'b', '13800138000', NULL, 3, 8, 1)"
    )
    rule = SuiteRule(PAIR, {"column_A": "phone", "column_B": "email"}, True, "No two alike.")
    found = failing_rows(con, "raw_people", people, rule)
    assert found.rows.height > 0
    assert found.rows["phone"].unique().to_list() == [HIDDEN]
    assert "13800138000" not in found.in_short + str(found.rows.rows())
    assert found.rows.columns[:2] == ["_file_id", "_line"]


def test_allowed_words_of_a_personal_column_are_hidden_too(con) -> None:
    contract = load_contract("score_propensity")
    secret = replace(contract.field("model_level"), personal="text")
    hidden = replace(contract, fields=tuple(secret if f.name == "model_level" else f for f in contract.fields))
    made(con, contract, {"account_id": "b", "play_id": "p", "model_level": "somebody"})
    found = failing_rows(con, contract.name, hidden, rule_of(contract, RANGES))
    assert found.rows["what_is_wrong"].to_list() == [f"model_level none of those allowed: {HIDDEN}"]


def test_rules_of_the_table_as_a_whole_are_told_in_words(con) -> None:
    contract = load_contract("spend")
    found = failing_rows(con, "raw_spend", contract, suite_of(contract)[0])
    assert (found.n_rows, found.in_short) == (0, "At least one spend line.")


def test_every_expectation_in_use_can_show_its_rows(con) -> None:
    for name in table_names():
        contract = load_contract(name)
        if contract.direction != "input" and contract.expectations:
            con.execute(table_ddl(contract))
            for rule in suite_of(contract):
                assert failing_rows(con, name, contract, rule).n_rows == 0
        assert {rule.type for rule in suite_of(contract)} <= KINDS


def test_an_unknown_type_is_refused() -> None:
    rule = SuiteRule("expect_something_else", {}, True, "Something else.")
    with duckdb.connect() as con, pytest.raises(ValueError, match="expect_something_else"):
        failing_rows(con, SPAN.name, SPAN, rule)

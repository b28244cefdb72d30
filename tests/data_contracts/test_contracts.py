"""Contracts: valid by the published standard, complete, and one with the tables."""

import json
from importlib import resources
from pathlib import Path

import duckdb
import jsonschema
import pytest

from data_contracts import UnknownTableError, dictionary, load_contract, read_document, resolve_document, table_names
from winback.contracts.ddl import RAW_BOOKKEEPING
from winback.contracts.reference import reference_markdown
from winback.contracts.tables import create_empty_tables
from winback.contracts.templates import template_csv
from winback.load.ledger import create_ledger

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def odcs_schema() -> dict:
    return json.loads((resources.files("open_data_contract_standard") / "schema.json").read_text())


@pytest.mark.parametrize("table", table_names())
def test_contract_is_valid_odcs(table: str, odcs_schema: dict) -> None:
    assert read_document(table)["apiVersion"] == "v3.1.0"
    jsonschema.validate(read_document(table), odcs_schema)
    jsonschema.validate(resolve_document(table), odcs_schema)


def test_every_input_of_the_design_has_a_contract() -> None:
    assert set(table_names("input")) == {
        "accounts", "spend", "people", "touchpoints", "reps", "products", "offers", "usage", "account_setup",
        "account_events", "service_events", "service_standards", "incidents", "changes", "reference_cases", "outcomes",
        "fx_rates", "note_labels", "assignments",
    }  # fmt: skip
    assert {t for t in table_names("input") if load_contract(t).is_required_input} == {"accounts", "spend"}


def test_every_event_has_a_date_and_every_state_a_version_day() -> None:
    for table in table_names("input"):
        contract = load_contract(table)
        assert contract.kind in ("event", "state"), table
        assert (contract.event_date is not None) == (contract.kind == "event"), table
        assert ("valid_from_on" in contract.columns) == (contract.kind == "state"), table


def test_every_word_of_the_dictionary_is_used_and_said_in_both_languages() -> None:
    used = {name for t in table_names() for c in load_contract(t).columns for name in (c, f"{t}.{c}")}
    assert set(dictionary()) - used == set()
    for name, entry in dictionary().items():
        assert entry["description"].strip() and entry["en"].strip() and entry["zh"].strip(), name


def test_column_names_carry_their_unit() -> None:
    suffix = {"date": ("_on", "_on_plan"), "timestamp": ("_at",), "boolean": ("is_", "has_", "needs_")}
    for table in table_names():
        for field in load_contract(table).fields:
            if field.type in ("date", "timestamp"):
                assert field.name.endswith(suffix[field.type]), f"{table}.{field.name}"
            if field.type == "boolean":
                assert field.name.startswith(suffix["boolean"]), f"{table}.{field.name}"


def test_contracts_and_tables_list_the_same_columns() -> None:
    con = duckdb.connect()
    create_ledger(con)
    made = table_names("computed") + table_names("output")
    create_empty_tables(con, made)
    actual: dict[str, list[tuple[str, str]]] = {}
    for table, column, sql_type in con.execute(
        "SELECT table_name, column_name, data_type FROM information_schema.columns ORDER BY table_name, ordinal_position"
    ).fetchall():
        actual.setdefault(table, []).append((column, sql_type))
    for table in made:
        assert actual[table] == [(f.name, f.sql_type) for f in load_contract(table).fields], table
    for table in table_names("input"):
        expected = [(f.name, f.sql_type) for f in load_contract(table).fields]
        bookkeeping = [(name, sql_type.split()[0]) for name, sql_type in RAW_BOOKKEEPING.items()]
        assert actual[f"raw_{table}"] == expected + bookkeeping, table
    con.close()


def test_the_first_twelve_playbook_columns_are_what_a_representative_needs_on_the_phone() -> None:
    assert load_contract("out_playbook").columns[:12] == (
        "rank", "account_name", "person_name", "contact_role", "phone", "play_channel", "due_on_plan", "best_by_on",
        "action", "why_now", "reason_name", "offer_text",
    )  # fmt: skip


def test_write_back_columns_are_those_of_outcomes() -> None:
    write_back = {f.name for f in load_contract("out_playbook").fields if f.is_write_back}
    promises = {f.name for f in load_contract("out_promises").fields if f.is_write_back}
    outcomes = set(load_contract("outcomes").columns)
    assert write_back | {"row_key", "offer_id", "promise_done_on"} == outcomes
    assert promises | {"row_key", "offer_id", "promise", "promise_due_on"} == outcomes


def test_an_unknown_table_is_refused_with_a_hint() -> None:
    with pytest.raises(UnknownTableError, match="Did you mean 'accounts'"):
        load_contract("acounts")


def test_a_template_is_the_header_line_that_a_spreadsheet_opens() -> None:
    assert template_csv(load_contract("fx_rates")) == b"\xef\xbb\xbfcurrency,rate_on,rate\r\n"


def test_the_table_reference_is_current() -> None:
    assert (ROOT / "docs" / "tables.md").read_text(encoding="utf-8") == reference_markdown(), "run: make docs"

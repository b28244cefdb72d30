"""Every SQL file binds on empty contract tables and gives exactly its contract's columns and types."""

import pytest

from data_contracts import load_contract
from sql import queries


@pytest.mark.parametrize("table", sorted(queries()))
def test_query_gives_its_contract(table: str, empty_tables) -> None:
    described = empty_tables.execute(f"DESCRIBE {queries()[table].text}").fetchall()
    contract = load_contract(table)
    assert [row[0] for row in described] == list(contract.columns)
    castable = {"BIGINT": ("BIGINT", "INTEGER", "HUGEINT"), "DATE": ("DATE", "TIMESTAMP")}
    for name, sql_type, *_ in described:
        expected = contract.field(name).sql_type
        if sql_type == '"NULL"':
            continue
        assert sql_type in castable.get(expected, (expected,)), f"{table}.{name} is {sql_type}, contract says {expected}"


def test_layer_and_file_name_agree() -> None:
    for query in queries().values():
        assert query.table.startswith(f"{query.layer}_")
        assert query.text.lstrip().startswith("--"), f"{query.table} has no header that says what it is"

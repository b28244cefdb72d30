"""Keyed hashes: the same in Python and in the database, and nothing without the key."""

import hashlib
import hmac
from pathlib import Path

import duckdb
import pytest

from data_contracts import load_contract
from winback.load.receive import open_source
from winback.privacy.identifying import identifying_columns, titles
from winback.privacy.suppression import Suppression, digest, suppressed_in

KEY = bytes(range(32))


def test_the_hash_is_hmac_sha256_of_column_and_identifier() -> None:
    assert digest(KEY, "account_id", "客户1") == hmac.new(KEY, "account_id\x1f客户1".encode(), hashlib.sha256).hexdigest()
    assert digest(KEY, "account_id", "1") != digest(KEY, "person_id", "1")
    assert str(KEY) not in repr(Suppression(KEY, {}))


@pytest.mark.parametrize("identifier", ["A1", "客户1", "it's", "17"])
def test_the_database_finds_whom_python_hashed(tmp_path: Path, identifier: str) -> None:
    path = tmp_path / "spend.csv"
    path.write_text(
        f"account_id,spent_on,amount\n {identifier} ,2026-01-01,1\nA2,2026-01-01,1\n,2026-01-01,1\n", encoding="utf-8"
    )
    suppression = Suppression(
        KEY, {"account_id": frozenset({digest(KEY, "account_id", identifier)}), "person_id": frozenset({"x"})}
    )
    with duckdb.connect() as con:
        source = open_source(con, load_contract("spend"), path)
        assert suppressed_in(con, load_contract("spend"), source, suppression) == {"account_id": frozenset({identifier})}


def test_identifying_columns_come_from_the_contracts() -> None:
    assert identifying_columns() == ("account_id", "person_id", "row_key", "text_sha256")
    referring = {
        f.name
        for t in ("spend", "people", "touchpoints")
        for f in load_contract(t).fields
        if f.references == "accounts.account_id"
    }
    assert referring == {"account_id"}
    assert titles()[load_contract("out_playbook").field("row_key").title_zh.lower()] == "row_key"

"""Fixture that the tests of offers share."""

from collections.abc import Iterator

import duckdb
import pytest
from offer_rows import set_catalogues

from data_contracts import load_contract
from winback.contracts.ddl import table_ddl
from winback.contracts.identifiers import quote_name

MADE = ("core_offers_week", "plan_offer_fits", "plan_options", "plan_reps", "out_sponsor")
INPUTS = ("accounts", "offers", "people", "products", "reps", "spend", "touchpoints")
COMPUTED = (
    "core_touches",
    "core_accounts_week", "core_lapses", "core_offer_kinds", "core_offer_sizes", "core_play_choice", "core_play_offers",
    "core_plays", "core_treatments", "core_week", "feat_loyalty", "plan_candidates", "score_mentions", "score_reasons",
)  # fmt: skip


@pytest.fixture
def week() -> Iterator[duckdb.DuckDBPyConnection]:
    """The tables that the SQL of offers reads, empty but for the week, plays and kinds of offers. Few of them: it is quicker."""
    con = duckdb.connect(config={"threads": 1})
    for table in COMPUTED + MADE:
        con.execute(table_ddl(load_contract(table)))
    for table in INPUTS:
        columns = ", ".join(f"{quote_name(f.name)} {f.sql_type}" for f in load_contract(table).fields)
        con.execute(f"CREATE TABLE asof_{table} ({columns})")
    set_catalogues(con)
    yield con
    con.close()

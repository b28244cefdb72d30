"""What the steps of a run share: made once, from tables that the graph knows of."""

from datetime import date
from pathlib import Path

import duckdb

from assets.reasons import SIGN_TABLES
from assets.workspace import Warehouse
from assets.workspace_files import create_workspace
from data_contracts import load_contract
from winback.config import Settings
from winback.reasons.signs import load_signs


def test_what_is_asked_for_again_is_made_once_a_run(tmp_path: Path) -> None:
    """A second run makes it anew."""
    workspace, made = create_workspace(tmp_path / "ws", Settings()), []

    def make() -> int:
        made.append(1)
        return len(made)

    with duckdb.connect() as con:
        first, second = (Warehouse(workspace, con, date(2026, 3, 2)) for _ in range(2))
        assert [first.once("a", make), first.once("a", make), first.once("b", make), second.once("a", make)] == [1, 1, 2, 3]


def test_signs_read_tables_that_conclusions_depend_on() -> None:
    columns = {column for table in SIGN_TABLES for column in load_contract(table).columns}
    assert {sign.reads for sign in load_signs()} <= columns

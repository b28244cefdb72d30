"""`winback account` on a warehouse made by hand: terminal, page and JSON."""

import json
from pathlib import Path

import duckdb
import pytest
from page_market import put, put_listed, set_week
from typer.testing import CliRunner

from assets.workspace import Workspace
from data_contracts import load_contract, table_names
from pipelines.cli.app import app
from winback.contracts.ddl import table_ddl
from winback.contracts.identifiers import quote_name


@pytest.fixture
def workspace(make_workspace) -> Workspace:
    """A workspace whose warehouse stands at a week with one listed account."""
    made: Workspace = make_workspace()
    con = duckdb.connect(str(made.warehouse_path))
    for table in table_names("computed") + table_names("output"):
        con.execute(table_ddl(load_contract(table)))
    for table in table_names("input"):
        columns = ", ".join(f"{quote_name(f.name)} {f.sql_type}" for f in load_contract(table).fields)
        con.execute(f"CREATE TABLE asof_{table} ({columns})")
    set_week(con)
    put_listed(con, 1, account_name="[red]Jade[/] <b>Tea</b>")
    put(con, "asof_touchpoints", account_id="A0001", channel="phone", note_text="wants\x1b[2J a visit")
    con.close()
    return made


def run(workspace: Workspace, *options: str) -> str:
    result = CliRunner().invoke(app, ["account", "A0001", "--workspace", str(workspace.root), *options])
    assert result.exit_code == 0, result.output
    return str(result.stdout)


def test_the_terminal_shows_the_sheet_and_nothing_else_happens_there(workspace: Workspace) -> None:
    shown = run(workspace)
    for words in ("[red]Jade[/] <b>Tea</b>", "Person 1", "Recommended purchase", "Say hello.", "R0000001"):
        assert words in shown
    assert "\x1b[2J" not in shown


def test_the_page_and_the_json_hold_the_same_account(workspace: Workspace, tmp_path: Path) -> None:
    page = tmp_path / "sheet.html"
    run(workspace, "--html", str(page))
    assert "[red]Jade[/] &lt;b&gt;Tea&lt;/b&gt;" in page.read_text(encoding="utf-8")
    document = json.loads(run(workspace, "--json"))
    assert document["account_id"] == "A0001" and document["identity"]["account_name"] == "[red]Jade[/] <b>Tea</b>"
    assert document["timeline"][0]["channel"] == "phone"

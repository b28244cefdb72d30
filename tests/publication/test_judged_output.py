"""What the gate's verdict does to the week: withheld, accepted, or left as it is out already."""

import json
from collections.abc import Iterator
from datetime import date

import duckdb
import pytest

from assets.output_gate import judge_output, published_tables
from assets.workspace import Warehouse, Workspace
from tests.publication.output_rows import LAST_MONDAY, MONDAY, sound_week
from winback.config import OutputGateSettings, Settings
from winback.load.ledger import create_ledger
from winback.publication.folder import READER_TABLES
from winback.publication.output_bands import compare_figures
from winback.publication.output_gate import OutputVerdict, inspect_output
from winback.publication.week_ledger import Week, find_week, open_week

REASON = "checked with the branch"


@pytest.fixture
def warehouse(tmp_path) -> Iterator[Warehouse]:
    con = sound_week()
    create_ledger(con)
    con.execute("CREATE TABLE IF NOT EXISTS raw_spend (spent_on DATE, _superseded_batch BIGINT)")
    (tmp_path / "state").mkdir()
    yield Warehouse(Workspace(tmp_path, Settings()), con, date(2026, 3, 4))
    con.close()


def with_drift(con: duckdb.DuckDBPyConnection) -> None:
    for table, week, share in (("out_figures", MONDAY, 1.0), ("ledger_output_figures", LAST_MONDAY, 0.5)):
        revision = ", 1 AS revision" if table == "ledger_output_figures" else ""
        con.execute(
            f"INSERT INTO {table} BY NAME SELECT DATE '{week}' AS week_on{revision}, 'unknown_reason_share' AS figure, "
            f"'all' AS group_name, 1000 AS n_base, {share} AS value_number"
        )
    con.execute(
        "INSERT INTO ledger_weeks (week_on, revision, batch_cutoff, state) VALUES (?, 1, 1, 'published')", [LAST_MONDAY]
    )


def verdict_of(warehouse: Warehouse) -> OutputVerdict:
    return inspect_output(warehouse.con, MONDAY, warehouse.settings, None)


def passed(warehouse: Warehouse, week: Week) -> dict[str, bool]:
    return {str(r.check_name): r.passed for r in judge_output(warehouse, week, verdict_of(warehouse))}


def test_a_sound_week_goes_out(warehouse) -> None:
    week = open_week(warehouse.con, MONDAY, 1, reopen=False, accepted_reason=None)
    assert passed(warehouse, week) == {"output_rules": True, "output_bands": True}
    assert find_week(warehouse.con, MONDAY) == week


def test_a_drift_withholds_the_week_with_its_reason_in_ledger_and_state(warehouse) -> None:
    with_drift(warehouse.con)
    week = open_week(warehouse.con, MONDAY, 1, reopen=False, accepted_reason=None)
    assert passed(warehouse, week) == {"output_rules": True, "output_bands": False}
    told = json.loads((warehouse.workspace.folder("state") / "status.json").read_text())["weeks"][-1]
    assert (told["state"], told["reason"].partition(":")[0]) == ("withheld", "lapsed accounts whose reason is unknown")


def test_an_accepted_drift_goes_out_and_is_told_all_the_same(warehouse) -> None:
    with_drift(warehouse.con)
    week = open_week(warehouse.con, MONDAY, 1, reopen=False, accepted_reason=REASON)
    results = {str(r.check_name): r for r in judge_output(warehouse, week, verdict_of(warehouse))}
    assert results["output_bands"].passed
    assert results["output_bands"].metadata["accepted_reason"].value == REASON
    assert "after 50.0% in the week of 2026-02-23" in str(results["output_bands"].metadata["unknown_reason_share all"].value)


def test_a_broken_rule_cannot_be_accepted_and_shows_its_rows(warehouse) -> None:
    warehouse.con.execute("UPDATE core_accounts SET is_do_not_contact = true")
    week = open_week(warehouse.con, MONDAY, 1, reopen=False, accepted_reason=REASON)
    results = {str(r.check_name): r for r in judge_output(warehouse, week, verdict_of(warehouse))}
    assert not results["output_rules"].passed
    page = results["output_rules"].metadata["do_not_contact"].value
    assert "| row_key | account_id | is_do_not_contact |" in page and "| WA1 | a | True |" in page
    found = find_week(warehouse.con, MONDAY)
    assert found is not None and found.state == "withheld" and "no reason can accept this" in str(found.reason)


def test_a_week_that_is_out_already_stays_out(warehouse) -> None:
    with_drift(warehouse.con)
    warehouse.con.execute("UPDATE core_accounts SET is_do_not_contact = true")
    open_week(warehouse.con, MONDAY, 1, reopen=False, accepted_reason=None)
    warehouse.con.execute("UPDATE ledger_weeks SET state = 'published'")
    week = find_week(warehouse.con, MONDAY)
    assert week is not None and passed(warehouse, week) == {"output_rules": True, "output_bands": True}
    assert find_week(warehouse.con, MONDAY) == week


def test_the_first_week_has_nothing_to_be_compared_with(warehouse) -> None:
    assert verdict_of(warehouse).last_week_on is None
    assert compare_figures(warehouse.con, None, MONDAY, OutputGateSettings()) == []


def test_everything_that_is_published_is_judged_before() -> None:
    assert set(READER_TABLES) - {"core_week", "core_plays", "core_play_steps"} <= set(published_tables())

"""The assets of measurement on a warehouse of their own: tables, pages, and what a broken lot does to the week."""

from datetime import date
from types import SimpleNamespace
from typing import Any

import dagster as dg
import duckdb
import polars as pl
import pytest
from track_rows import AS_OF, PROBS, logged_market, treatment, treatments, units

from assets import track
from data_contracts import load_contract, table_names
from winback.config import Settings
from winback.contracts.tables import create_empty_tables, read_table, replace_from_frame
from winback.publication.week_ledger import create_week_ledger, find_week, open_week
from winback.track.lot_ratio import lot_ratios
from winback.track.pictures import effect_picture, kept_picture, policy_picture, recovery_picture

PARTITIONS = dg.WeeklyPartitionsDefinition("2026-01-05", day_offset=1)
BROKEN = {"treated": 850, "holdout": 40, "explore": 50}


@pytest.fixture
def warehouse(monkeypatch: pytest.MonkeyPatch) -> Any:
    """What the assets ask of a warehouse, in memory; the state file is not written."""
    con = duckdb.connect()
    create_week_ledger(con)
    create_empty_tables(con, table_names("computed"))
    open_week(con, AS_OF, 1, reopen=False, accepted_reason=None)
    monkeypatch.setattr(track, "write_state", lambda _: None)
    yield SimpleNamespace(con=con, settings=Settings())
    con.close()


def run(warehouse: Any) -> dg.ExecuteInProcessResult:
    @dg.asset(deps=["track_effect"], partitions_def=PARTITIONS)
    def published_week() -> None:
        """What must wait for the check."""

    outside = [dg.AssetSpec(t) for t in ("core_week", "core_treatments", "track_units", "track_returns")]
    job = dg.Definitions(
        assets=[*track.build_track_assets(PARTITIONS), published_week, *outside],
        resources={"warehouse": dg.ResourceDefinition.hardcoded_resource(warehouse)},
        jobs=[dg.define_asset_job("all", executor_def=dg.in_process_executor)],
    ).resolve_job_def("all")
    with dg.instance_for_test() as instance:
        return job.execute_in_process(partition_key=AS_OF.isoformat(), instance=instance, raise_on_error=False)


def done(result: dg.ExecuteInProcessResult) -> set[str]:
    return {
        e.asset_key.to_user_string()
        for e in result.all_events
        if e.event_type_value == "ASSET_MATERIALIZATION" and e.asset_key
    }


def test_a_log_gives_all_tables_and_their_pictures(warehouse: Any) -> None:
    logged, options, _ = logged_market(600, 4)
    replace_from_frame(warehouse.con, "track_units", logged)
    replace_from_frame(warehouse.con, "ledger_options", options)
    rows = [treatment(f"R{i}", is_worked=True, has_returned=i < 8, returned_on=date(2026, 1, 5)) for i in range(30)]
    replace_from_frame(warehouse.con, "core_treatments", treatments(*rows))
    result = run(warehouse)
    assert result.success
    assert done(result) == {"track_effect", "track_policy_value", "track_recovery", "track_regained", "published_week"}
    for table in ("track_effect", "track_policy_value", "track_recovery", "track_regained"):
        rows_made = read_table(warehouse.con, table)
        assert rows_made.columns == list(load_contract(table).columns)
        assert rows_made.height > 0
        (event,) = [e for e in result.asset_materializations_for_node(table) if e.asset_key.to_user_string() == table]
        pages = [v.value for v in event.metadata.values() if isinstance(v, dg.MarkdownMetadataValue)]
        assert any(page.startswith("![") for page in pages), table


def test_before_the_first_outcome_everything_is_empty_and_well(warehouse: Any) -> None:
    result = run(warehouse)
    assert result.success
    assert read_table(warehouse.con, "track_effect").is_empty()
    assert read_table(warehouse.con, "track_regained")["n_regained"].to_list() == [0] * 9


def test_a_broken_lot_withholds_the_week_and_says_why(warehouse: Any) -> None:
    replace_from_frame(warehouse.con, "track_units", units(BROKEN, {}))
    result = run(warehouse)
    assert not result.success
    assert "published_week" not in done(result)
    assert {"track_effect", "track_policy_value", "track_recovery", "track_regained"} <= done(result)
    (check,) = [c for c in result.get_asset_check_evaluations() if not c.passed]
    assert check.check_name == "lot_ratio" and check.severity == dg.AssetCheckSeverity.ERROR
    assert "Look at" in str(check.metadata["experiment E1"].value)
    week = find_week(warehouse.con, AS_OF)
    assert week is not None and week.state == "withheld"
    assert week.reason is not None and "did not deal as logged" in week.reason
    total = read_table(warehouse.con, "track_effect").filter(pl.col("effect_scope") == "total").row(0, named=True)
    assert "lot_ratio_mismatch" in total["usage_warning"]


def test_only_the_running_experiment_holds_the_week_up(warehouse: Any) -> None:
    """An earlier experiment, or a test made elsewhere, is flagged; a new name in the settings starts afresh."""
    broken = lot_ratios(units(BROKEN, {}, experiment_id="E0"))
    found = track.judge_lot(warehouse, AS_OF, broken)
    assert found.passed
    assert "did not deal as logged" in str(found.metadata["experiment E0"].value)


def test_an_accepted_or_published_week_passes(warehouse: Any) -> None:
    broken = lot_ratios(units(BROKEN, {}))
    open_week(warehouse.con, AS_OF, 1, reopen=False, accepted_reason="merged accounts, known")
    found = track.judge_lot(warehouse, AS_OF, broken)
    assert found.passed
    assert found.metadata["accepted_reason"].value == "merged accounts, known"
    warehouse.con.execute("UPDATE ledger_weeks SET state = 'published', accepted_reason = NULL")
    assert track.judge_lot(warehouse, AS_OF, broken).passed


def test_pictures_are_drawn_with_and_without_rows_and_are_the_same_every_time(warehouse: Any) -> None:
    empty = {
        t: read_table(warehouse.con, t) for t in ("track_effect", "track_policy_value", "track_recovery", "track_returns")
    }
    draws = [
        lambda: effect_picture(empty["track_effect"], "E1"),
        lambda: policy_picture(empty["track_policy_value"], "E1"),
        lambda: recovery_picture(empty["track_recovery"]),
        lambda: kept_picture(empty["track_returns"]),
    ]
    for draw in draws:
        assert draw() == draw()
        assert draw().startswith(b"\x89PNG")
    assert sum(PROBS.values()) == pytest.approx(1)

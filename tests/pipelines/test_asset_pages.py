"""Every asset's page says what it is, whose it is, what its columns are, and how many rows went in and out."""

from collections.abc import Callable
from pathlib import Path

import dagster as dg
import pytest

from assets.steps import with_rules
from assets.workspace import Workspace, open_warehouse
from pipelines.build import build_defs
from pipelines.cli.execution import Execution
from tests.conftest import MONDAY, TODAY, accounts_csv, spend_csv
from winback.config import Settings, WorkspaceSettings

NO_TABLE = {"published_week"}
"""Assets that are a folder."""


@pytest.fixture(scope="module")
def specs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dg.AssetSpec]:
    place = Workspace(tmp_path_factory.mktemp("ws"), Settings())
    definitions = build_defs(timezone="Asia/Shanghai", workspace=lambda: place, today=lambda: TODAY)
    return {spec.key.to_user_string(): spec for spec in definitions.resolve_all_asset_specs()}


def test_every_page_says_what_whose_and_which_columns(specs: dict[str, dg.AssetSpec]) -> None:
    for name, spec in specs.items():
        words = (spec.description or "").split()
        assert len(words) >= 5 and words[-1].endswith((".", ")")), f"{name}: {spec.description}"
        assert spec.owners and spec.kinds, name
        if name not in NO_TABLE:
            columns = spec.metadata["dagster/column_schema"].columns
            assert columns and all(column.type and column.description for column in columns), name


@pytest.mark.parametrize(("asked", "is_made"), [("2026-03-02", True), ("2026-02-23", False)])
def test_an_asset_refuses_the_tables_of_another_week(
    make_workspace: Callable[..., Workspace], asked: str, is_made: bool
) -> None:
    place = make_workspace()
    partitions = dg.WeeklyPartitionsDefinition(start_date="2026-01-05", day_offset=1)

    @dg.asset(partitions_def=partitions, required_resource_keys={"warehouse"})
    def some_table(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        return dg.MaterializeResult()

    with open_warehouse(place, lambda: TODAY, 0.0) as warehouse, dg.DagsterInstance.ephemeral() as instance:
        warehouse.con.execute("CREATE OR REPLACE TABLE core_week AS SELECT DATE '2026-03-02' AS as_of_on")
        result = dg.materialize(
            [with_rules(some_table)],
            partition_key=asked,
            resources={"warehouse": warehouse},
            instance=instance,
            raise_on_error=False,
        )
    assert result.success == is_made
    if not is_made:
        assert "holds the tables of 2026-03-02, not of week 2026-02-23" in str(
            result.get_step_failure_events()[0].step_failure_data.error
        )


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, object]]:
    """What the pages show after one whole week."""
    from assets.workspace_files import create_workspace

    place = create_workspace(tmp_path_factory.mktemp("run") / "ws", Settings(workspace=WorkspaceSettings(clock="data")))
    (place.folder("inbox") / "accounts.csv").write_text(accounts_csv(60))
    (place.folder("inbox") / "spend.csv").write_text(spend_csv(60, 40, seed=1))
    Execution(place, TODAY, 0.0).run_week(MONDAY, reopen=False, accepted_reason=None)
    return shown(place.folder("dagster"))


def shown(home: Path) -> dict[str, dict[str, object]]:
    with dg.DagsterInstance.from_config(str(home)) as instance:
        events = {key: instance.get_latest_materialization_event(key) for key in instance.all_asset_keys()}
    return {
        key.to_user_string(): {name: value.value for name, value in event.asset_materialization.metadata.items()}
        for key, event in events.items()
        if event is not None
    }


def number(page: dict[str, object], name: str) -> float:
    value = page.get(name)
    assert isinstance(value, int | float), f"'{name}' is no number on the page: {sorted(page)}"
    return value


@pytest.mark.slow
def test_after_a_week_every_page_has_rows_in_and_out_and_every_model_its_champion(
    specs: dict[str, dg.AssetSpec], pages: dict[str, dict[str, object]]
) -> None:
    assert pages.keys() == specs.keys()
    for name, page in pages.items():
        if name in NO_TABLE:
            continue
        number(page, "dagster/row_count")
        if not name.startswith("raw_"):
            number(page, "rows read")
        if name.startswith("model_"):
            assert page["champion"] and page["why"], name
        if name.startswith("model_") and name != "model_return_curves":
            assert "| role |" in str(page["champion and challengers"]), name
    received = number(pages["raw_spend"], "rows received (newest files)")
    assert received == number(pages["raw_spend"], "rows loaded (newest files)") == number(pages["core_spend"], "rows read")
    assert number(pages["raw_spend"], "rows in quarantine") == 0
    assert 0 <= number(pages["score_return_time"], "mean of prob, 56 days") <= 1

"""A contract that is broken: its page shows the rows, the terminal one line, and neither anything personal."""

from collections.abc import Callable
from types import SimpleNamespace

import dagster as dg
import duckdb

from assets.checks import FAILING_ROWS, contract_specs, made
from assets.resources import WAREHOUSE
from assets.workspace import Workspace
from data_contracts import load_contract
from pipelines.cli.execution import _cause
from winback.contracts.ddl import table_ddl

TABLE = "score_return_time"


@dg.asset(name=TABLE, check_specs=contract_specs(TABLE), required_resource_keys={WAREHOUSE})
def broken_table(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
    con = context.resources.warehouse.con
    con.execute(table_ddl(load_contract(TABLE)).replace(" NOT NULL", ""))
    con.execute(
        f"INSERT INTO {TABLE} (account_id, as_of_on, horizon_days, prob, low, high, usage_warning) "
        "SELECT concat('A|', range), DATE '2026-01-05', 56, 0.5 + range / 20, 0.4, 0.9, '<b>' FROM range(1, 20)"
    )
    return made(context, TABLE)


def test_the_page_has_a_table_and_the_terminal_one_line(make_workspace: Callable[..., Workspace]) -> None:
    with duckdb.connect() as con:
        result = dg.materialize([broken_table], resources={WAREHOUSE: SimpleNamespace(con=con)}, raise_on_error=False)
        message = _cause(result, make_workspace())
    (evaluation,) = result.get_asset_check_evaluations()
    page = evaluation.metadata[FAILING_ROWS].value
    assert not evaluation.passed
    assert "**high is at least prob.** 11 row(s) break it." in page
    assert "| account_id | as_of_on | horizon_days | high | prob |" in page
    assert "| A\\|10 | 2026-01-05 | 56 | 0.9 | 1.0 |" in page
    assert "prob above 1: 1.05" in page
    assert page.count("| A\\|1") <= 20
    assert message.startswith(
        f"a check failed: {TABLE}: expect_column_pair_values_a_to_be_greater_than_b high,prob: high is"
    )
    assert "such as account_id A|10" in message
    assert "|---|" not in message and "DagsterAssetCheckFailedError" not in message

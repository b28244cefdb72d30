"""The week being run, and the gate it has to pass.

Belongs here: opening the week in the ledger, setting its parameters, and the feed gate as a blocking check. Does not belong
here: what is computed for the week.
"""

from datetime import date

import dagster as dg

from assets.checks import contract_specs, made
from assets.metadata import OWNER, column_schema
from assets.resources import WAREHOUSE, run_options
from assets.state import write_state
from assets.workspace import Warehouse
from data_contracts import load_contract, table_names
from winback.load.ledger import last_batch
from winback.publication.feed_gate import FeedProblem, inspect_feed
from winback.publication.week_ledger import Week, close_week, open_week
from winback.publication.week_parameters import set_week

GROUP = "week"
FEED_GATE = "feed_gate"


def build_week_asset(partitions: dg.PartitionsDefinition) -> dg.AssetsDefinition:
    """The `core_week` asset with its check."""

    @dg.asset(
        name="core_week",
        group_name=GROUP,
        partitions_def=partitions,
        deps=[f"core_{t}" for t in table_names("input")],
        check_specs=[
            *contract_specs("core_week"),
            dg.AssetCheckSpec(
                FEED_GATE, asset="core_week", blocking=True, description="What was delivered may be believed; else no list."
            ),
        ],
        required_resource_keys={WAREHOUSE},
        description=load_contract("core_week").description,
        owners=[OWNER],
        kinds={"duckdb"},
        metadata={"dagster/column_schema": column_schema(load_contract("core_week"))},
    )
    def core_week(context: dg.AssetExecutionContext):  # type: ignore[no-untyped-def]
        warehouse, options = context.resources.warehouse, run_options(context)
        week = open_week(
            warehouse.con,
            date.fromisoformat(context.partition_key),
            last_batch(warehouse.con),
            reopen=options.reopen,
            accepted_reason=options.accepted_reason,
        )
        set_week(warehouse.con, week, warehouse.settings)
        yield made(context, "core_week")
        yield _judge_feed(warehouse, week)

    return core_week


def _judge_feed(warehouse: Warehouse, week: Week) -> dg.AssetCheckResult:
    is_calendar_week = warehouse.settings.workspace.clock == "today"
    problems = inspect_feed(warehouse.con, week, warehouse.settings.feed_gate, is_calendar_week=is_calendar_week)
    may_pass = not problems or week.state == "published" or _may_accept(week, problems)
    if not may_pass:
        close_week(warehouse.con, week, "withheld", "; ".join(p.message for p in problems))
        write_state(warehouse)
    return dg.AssetCheckResult(
        check_name=FEED_GATE,
        passed=may_pass,
        severity=dg.AssetCheckSeverity.ERROR,
        metadata={p.name: p.message for p in problems} | {"accepted_reason": week.accepted_reason or ""},
    )


def _may_accept(week: Week, problems: list[FeedProblem]) -> bool:
    """An operator may accept any doubt about the feed, but not a table that is not there."""
    return week.accepted_reason is not None and all(p.name != "table_missing" for p in problems)

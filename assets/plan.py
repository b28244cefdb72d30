"""The plan and its publication.

Belongs here: choosing this week's rows and publishing the week. Does not belong here: the choice (`winback.plan`) or what a
published week holds (`winback.publication`).
"""

from datetime import date
from typing import Any

import dagster as dg
import duckdb
import polars as pl

from assets.checks import contract_specs, made
from assets.metadata import OWNER, markdown_table, table_spec
from assets.output_gate import OUT_GATE, published_tables
from assets.publish import publish_week
from assets.resources import WAREHOUSE
from assets.state import write_state
from winback.config import Settings
from winback.contracts.tables import read_table, replace_from_frame
from winback.plan.columns import PlanTables
from winback.plan.lists import PlanRules, WeekPlan, assign_week
from winback.plan.lots import Experiment
from winback.publication.week_ledger import find_week

_PLANNED_FROM = ["core_week", "core_lapses", "core_treatments", "plan_options", "plan_reps", "score_net_value"]
"""Of both tables of the plan: else a backfill would make a week's lists in another run than its plan."""


def build_plan_assets(partitions: dg.PartitionsDefinition) -> list[dg.AssetsDefinition]:
    """`plan_assignments`, `plan_summary` and `published_week`."""

    @dg.multi_asset(
        name="plan",
        specs=[
            table_spec("plan_assignments", "plan", _PLANNED_FROM),
            table_spec("plan_summary", "plan", _PLANNED_FROM),
        ],
        check_specs=contract_specs("plan_assignments", "plan_summary"),
        partitions_def=partitions,
        required_resource_keys={WAREHOUSE},
    )
    def plan(context: dg.AssetExecutionContext):  # type: ignore[no-untyped-def]
        """Plan the week, draw the lots, refill, and tell what the plan comes to."""
        warehouse, week_on = context.resources.warehouse, date.fromisoformat(context.partition_key)
        con = warehouse.con
        week = assign_week(_plan_tables(con), _plan_rules(warehouse.settings, week_on))
        replace_from_frame(con, "plan_assignments", week.assignments)
        replace_from_frame(con, "plan_summary", week.summary)
        yield made(context, "plan_assignments", _plan_page(week))
        yield made(context, "plan_summary")

    @dg.asset(
        name="published_week",
        group_name="out",
        partitions_def=partitions,
        deps=[OUT_GATE, *published_tables()],
        required_resource_keys={WAREHOUSE},
        description="The week's folder: playbooks, the accounts on no list, manifest, and a database for readers.",
        owners=[OWNER],
        kinds={"csv", "duckdb"},
    )
    def published_week(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        warehouse = context.resources.warehouse
        week = find_week(warehouse.con, date.fromisoformat(context.partition_key))
        if week is None:
            raise dg.Failure(f"week {context.partition_key} was never opened; run the whole job weekly_playbooks")
        folder = publish_week(warehouse, week)
        write_state(warehouse)
        return dg.MaterializeResult(metadata={"folder": dg.MetadataValue.path(str(folder)), "revision": week.revision})

    return [plan, published_week]


def _plan_tables(con: duckdb.DuckDBPyConnection) -> PlanTables:
    return PlanTables(
        options=read_table(con, "plan_options"),
        net_values=read_table(con, "score_net_value"),
        reps=read_table(con, "plan_reps"),
        capacities=read_table(con, "asof_reps").select("rep_id", "weekly_minutes"),
        plays=read_table(con, "core_plays"),
        lapses=read_table(con, "core_lapses"),
        history=read_table(con, "core_treatments"),
    )


def _plan_rules(settings: Settings, week_on: date) -> PlanRules:
    lot, plan = settings.experiment, settings.plan
    return PlanRules(
        week_on=week_on,
        default_weekly_minutes=plan.default_weekly_minutes,
        greedy_above_columns=plan.greedy_above_columns,
        experiment=Experiment(lot.name, lot.holdout_share, lot.explore_share, lot.salt.encode()),
    )


def _plan_page(week: WeekPlan) -> dict[str, Any]:
    whole = week.summary.row(0, named=True)
    limits = week.summary.filter(pl.col("constraint_kind") != "plan").select(
        "constraint_kind", "constraint_id", "n_listed", "used", "capacity", "shadow_price_amount"
    )
    return {
        "chosen": whole["n_listed"],
        "withheld": whole["n_withheld"],
        "value of the plan": whole["plan_value_amount"],
        "upper bound": whole["bound_amount"],
        "gap": whole["gap_share"],
        "method": whole["method"],
        "value listed": whole["listed_value_amount"],
        "limits and shadow prices (an hour, a unit of budget)": dg.MetadataValue.md(markdown_table(limits)),
    }

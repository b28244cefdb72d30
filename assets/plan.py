"""The plan and its publication.

Belongs here: choosing this week's rows and publishing the week. Does not belong here: the choice (`winback.plan`) or what a
published week holds (`winback.publication`).
"""

from datetime import date

import dagster as dg
import polars as pl

from assets.metadata import OWNER, column_schema, table_metadata
from assets.publish import publish_week
from assets.resources import WAREHOUSE
from assets.state import write_state
from assets.tables import MADE_BY_PYTHON
from data_contracts import load_contract
from sql import queries
from winback.contracts.tables import read_table, replace_from_frame
from winback.plan.lists import assign_week
from winback.publication.folder import READER_TABLES
from winback.publication.week_ledger import find_week


def build_plan_assets(partitions: dg.PartitionsDefinition) -> list[dg.AssetsDefinition]:
    """`plan_assignments` and `published_week`."""

    @dg.asset(
        name="plan_assignments",
        group_name="plan",
        partitions_def=partitions,
        deps=["core_week", "plan_candidates"],
        required_resource_keys={WAREHOUSE},
        description=load_contract("plan_assignments").description,
        owners=[OWNER],
        kinds={"duckdb", "polars"},
        metadata={"dagster/column_schema": column_schema(load_contract("plan_assignments"))},
    )
    def plan_assignments(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        warehouse = context.resources.warehouse
        assignments = assign_week(
            read_table(warehouse.con, "plan_candidates"),
            read_table(warehouse.con, "asof_reps").select("rep_id", "weekly_minutes"),
            read_table(warehouse.con, "core_plays"),
            week_on=date.fromisoformat(context.partition_key),
            default_weekly_minutes=warehouse.settings.plan.default_weekly_minutes,
        )
        replace_from_frame(warehouse.con, "plan_assignments", assignments)
        per_rep = assignments.group_by("rep_id").agg(rows=pl.len(), minutes=pl.col("minutes").sum()).sort("rep_id")
        load = dg.MetadataValue.md("\n".join(["| rep | rows | minutes |", "|---|---|---|", *map(_row, per_rep.iter_rows())]))
        return dg.MaterializeResult(metadata=table_metadata(warehouse.con, "plan_assignments") | {"load": load})

    @dg.asset(
        name="published_week",
        group_name="out",
        partitions_def=partitions,
        deps=sorted(
            {"out_playbook", "out_not_this_week", *(t for t in READER_TABLES if t in MADE_BY_PYTHON | set(queries()))}
        ),
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

    return [plan_assignments, published_week]


def _row(row: tuple[str, int, int]) -> str:
    return "| " + " | ".join(str(v).replace("|", "\\|") for v in row) + " |"

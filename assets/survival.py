"""Assets of spells and survival that need Python.

Belongs here: lapse thresholds and the return-time model. Does not belong here: the estimates themselves
(`winback.spells`, `winback.survival`).
"""

from datetime import date

import dagster as dg

from assets.metadata import OWNER, column_schema, picture, table_metadata
from assets.resources import WAREHOUSE
from data_contracts import load_contract
from winback.contracts.tables import read_table, replace_from_frame
from winback.spells.thresholds import threshold_table
from winback.survival.pictures import return_chance_picture
from winback.survival.return_time import return_time_table


def build_survival_assets(partitions: dg.PartitionsDefinition) -> list[dg.AssetsDefinition]:
    """`core_lapse_thresholds` and `model_return_time`."""

    @dg.asset(
        name="core_lapse_thresholds",
        group_name="spells",
        partitions_def=partitions,
        deps=["core_week", "core_gaps"],
        required_resource_keys={WAREHOUSE},
        description=load_contract("core_lapse_thresholds").description,
        owners=[OWNER],
        kinds={"duckdb", "polars"},
        metadata={"dagster/column_schema": column_schema(load_contract("core_lapse_thresholds"))},
    )
    def core_lapse_thresholds(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        warehouse = context.resources.warehouse
        table = threshold_table(
            read_table(warehouse.con, "core_gaps"),
            as_of_on=date.fromisoformat(context.partition_key),
            groups=read_table(warehouse.con, "core_cycle_groups"),
            settings=warehouse.settings.lapse,
        )
        replace_from_frame(warehouse.con, "core_lapse_thresholds", table)
        return dg.MaterializeResult(metadata=table_metadata(warehouse.con, "core_lapse_thresholds"))

    @dg.asset(
        name="model_return_time",
        group_name="survival",
        partitions_def=partitions,
        deps=["core_week", "core_gaps"],
        required_resource_keys={WAREHOUSE},
        description=load_contract("model_return_time").description,
        owners=[OWNER],
        kinds={"duckdb", "python"},
        metadata={"dagster/column_schema": column_schema(load_contract("model_return_time"))},
    )
    def model_return_time(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        warehouse = context.resources.warehouse
        table = return_time_table(
            read_table(warehouse.con, "core_gaps"),
            as_of_on=date.fromisoformat(context.partition_key),
            cycle_groups=list(read_table(warehouse.con, "core_cycle_groups")["cycle_group"]),
            horizon_days=warehouse.settings.lapse.horizon_days,
        )
        replace_from_frame(warehouse.con, "model_return_time", table)
        metadata = table_metadata(warehouse.con, "model_return_time")
        plot = return_chance_picture(table, warehouse.settings.lapse.horizon_days)
        return dg.MaterializeResult(metadata=metadata | {"chance of return": picture(plot, "chance of return")})

    return [core_lapse_thresholds, model_return_time]

"""Assets of spells and survival that need Python.

Belongs here: lapse thresholds, and fitting or taking from the shelf the model of time to return, and scoring. Does not belong
here: the estimates themselves (`winback.spells`, `winback.survival`).
"""

from datetime import date
from typing import Any

import dagster as dg
import polars as pl

from assets.assumption_checks import assumption_results, assumption_specs
from assets.checks import contract_specs, made
from assets.metadata import OWNER, column_schema, picture, table_spec
from assets.model_page import champion, promotion
from assets.resources import WAREHOUSE
from assets.return_model import ModelOrReason, hazard_picture, return_model_of
from assets.workspace import Warehouse
from data_contracts import load_contract
from sql import queries
from winback.contracts.tables import read_table, replace_from_frame
from winback.spells.thresholds import threshold_table
from winback.survival.assumption_calibration import calibration_error
from winback.survival.curve_scores import score_by_curves
from winback.survival.pictures import calibration_picture, return_chance_picture
from winback.survival.return_model import ReturnModel
from winback.survival.return_scores import ReturnScores, score_parts
from winback.survival.return_time import return_time_table
from winback.survival.snapshots import feature_parts

FEATURES = sorted(name for name, query in queries().items() if query.layer == "feat")


def build_survival_assets(partitions: dg.PartitionsDefinition) -> list[dg.AssetsDefinition]:
    """`core_lapse_thresholds`, `model_return_curves`, `model_return_time` with its scores."""

    @dg.asset(
        name="core_lapse_thresholds",
        group_name="spells",
        check_specs=contract_specs("core_lapse_thresholds"),
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
        return made(context, "core_lapse_thresholds")

    @dg.asset(
        name="model_return_curves",
        group_name="survival",
        check_specs=contract_specs("model_return_curves"),
        partitions_def=partitions,
        deps=["core_week", "core_gaps"],
        required_resource_keys={WAREHOUSE},
        description=load_contract("model_return_curves").description,
        owners=[OWNER],
        kinds={"duckdb", "python"},
        metadata={"dagster/column_schema": column_schema(load_contract("model_return_curves"))},
    )
    def model_return_curves(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        warehouse = context.resources.warehouse
        table = return_time_table(
            read_table(warehouse.con, "core_gaps"),
            as_of_on=date.fromisoformat(context.partition_key),
            cycle_groups=list(read_table(warehouse.con, "core_cycle_groups")["cycle_group"]),
            horizon_days=warehouse.settings.lapse.horizon_days,
        )
        replace_from_frame(warehouse.con, "model_return_curves", table)
        plot = return_chance_picture(table, warehouse.settings.lapse.horizon_days)
        return made(
            context, "model_return_curves", _curves_page(table) | {"chance of return": picture(plot, "chance of return")}
        )

    @dg.multi_asset(
        name="return_time",
        specs=[
            table_spec("model_return_time", "survival", ["core_week", "core_spells", "core_lapses", *FEATURES]),
            table_spec(
                "score_return_time",
                "survival",
                ["core_week", "core_lapses", "model_return_curves", "model_return_time", *FEATURES],
            ),
            table_spec(
                "score_return_timing",
                "survival",
                ["core_week", "core_lapses", "model_return_curves", "model_return_time", *FEATURES],
            ),
        ],
        check_specs=[
            *contract_specs("model_return_time", "score_return_time", "score_return_timing"),
            *assumption_specs(),
        ],
        partitions_def=partitions,
        required_resource_keys={WAREHOUSE},
    )
    def return_time(context: dg.AssetExecutionContext):  # type: ignore[no-untyped-def]
        """Fit the model of time to return, or take a current one, and score every lapsed account."""
        warehouse, week_on = context.resources.warehouse, date.fromisoformat(context.partition_key)
        found = return_model_of(warehouse, week_on)
        replace_from_frame(warehouse.con, "model_return_time", found.trials(week_on))
        yield made(context, "model_return_time", _model_page(warehouse, found, week_on))
        yield from assumption_results(found.model)
        scores = _scores(warehouse, found.model)
        level = scores.chances.select("account_id", "model_level").unique("account_id")
        replace_from_frame(warehouse.con, "score_return_time", scores.chances)
        timing = scores.timing.join(level, on="account_id")
        replace_from_frame(warehouse.con, "score_return_timing", timing)
        for table in ("score_return_time", "score_return_timing"):
            yield made(context, table, champion(read_table(warehouse.con, "model_return_time")))

    return [core_lapse_thresholds, model_return_curves, return_time]


def _curves_page(curves: pl.DataFrame) -> dict[str, Any]:
    """The curves are the baseline of `model_return_time`; a group with too few gaps shares the curve of all."""
    is_pooled = pl.col("usage_warning").fill_null("").str.contains("pooled")
    groups = curves.group_by("cycle_group").agg(is_pooled.any().alias("is_pooled"))
    return {
        "champion": "kaplan_meier",
        "why": "The baseline, and what scores where no model is better: model_return_time tells which one leads and why.",
        "groups with a curve of their own": groups.filter(~pl.col("is_pooled")).height,
        "groups that share one": groups.filter("is_pooled").height,
    }


def _scores(warehouse: Warehouse, model: ReturnModel | None) -> ReturnScores:
    if model is not None:
        return score_parts(model, feature_parts(warehouse.con, model.features))
    curves, lapses = read_table(warehouse.con, "model_return_curves"), read_table(warehouse.con, "core_lapses")
    return score_by_curves(curves, lapses, warehouse.settings.lapse.horizon_days)


def _model_page(warehouse: Warehouse, found: ModelOrReason, week_on: date) -> dict[str, Any]:
    trials = read_table(warehouse.con, "model_return_time")
    page: dict[str, Any] = promotion(trials) | {"why this level": found.reason}
    if found.model is not None and found.model.calibration:
        page["champion: calibration error (less is better)"] = calibration_error(found.model.calibration)
        page["calibration out of time"] = picture(calibration_picture(found.model), "calibration of the chance of return")
    page["returns a week since the lapse"] = picture(hazard_picture(warehouse, week_on), "hazard of return")
    return page

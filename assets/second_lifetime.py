"""Assets of second lifetimes that need Python.

Belongs here: fitting the model or taking a current one from the shelf, and scoring. Does not belong here: the model itself
(`winback.second_lifetime`).
"""

from datetime import date
from typing import Any

import dagster as dg
import polars as pl

from assets.checks import contract_specs, made
from assets.metadata import picture, table_spec
from assets.model_page import champion, promotion
from assets.model_shelf import current_model, store_model
from assets.resources import WAREHOUSE
from assets.workspace import Warehouse
from winback.contracts.tables import read_table, replace_from_frame
from winback.second_lifetime.model import SecondLifetimeModel, fit_second_lifetime, trial_table
from winback.second_lifetime.model_file import model_files, read_model
from winback.second_lifetime.pictures import second_lifetime_picture
from winback.second_lifetime.score import score_second_lifetime

NAME = "second_lifetime"


def build_second_lifetime_assets(partitions: dg.PartitionsDefinition) -> list[dg.AssetsDefinition]:
    """`model_second_lifetime` and `score_second_lifetime`."""

    @dg.multi_asset(
        name="second_lifetime",
        specs=[
            table_spec("model_second_lifetime", "survival", ["core_week", "core_second_lifetimes"]),
            table_spec("score_second_lifetime", "survival", ["core_week", "core_lapse_histories", "model_second_lifetime"]),
        ],
        check_specs=contract_specs("model_second_lifetime", "score_second_lifetime"),
        partitions_def=partitions,
        required_resource_keys={WAREHOUSE},
    )
    def second_lifetime(context: dg.AssetExecutionContext):  # type: ignore[no-untyped-def]
        """Fit the model of second lifetimes, or take a current one, and score every lapsed account."""
        warehouse, week_on = context.resources.warehouse, date.fromisoformat(context.partition_key)
        con = warehouse.con
        model = _model(warehouse, week_on)
        trials = trial_table(model).with_columns(as_of_on=pl.lit(week_on))
        replace_from_frame(con, "model_second_lifetime", trials)
        yield made(context, "model_second_lifetime", _model_page(model))
        lapses = read_table(con, "core_lapse_histories").filter(pl.col("end_cause") == "open")
        scores = score_second_lifetime(model, lapses, as_of_on=week_on, settings=warehouse.settings.value)
        replace_from_frame(con, "score_second_lifetime", scores)
        yield made(context, "score_second_lifetime", champion(trial_table(model)))

    return [second_lifetime]


def _model(warehouse: Warehouse, week_on: date) -> SecondLifetimeModel:
    folder = current_model(warehouse.workspace, NAME, week_on)
    if folder is not None:
        return read_model(folder)
    model = fit_second_lifetime(read_table(warehouse.con, "core_second_lifetimes"), as_of_on=week_on)
    store_model(warehouse.workspace, NAME, week_on, model_files(model))
    return model


def _model_page(model: SecondLifetimeModel) -> dict[str, Any]:
    return promotion(trial_table(model)) | {
        "trained for": model.as_of_on.isoformat(),
        "survival of second lifetimes": picture(second_lifetime_picture(model), "survival of second lifetimes"),
    }

"""Assets of accounts at risk: the chance to lapse, before the loss.

Belongs here: fitting the model or taking a current one from the shelf, and scoring the active accounts. Does not belong here: the
model itself (`winback.at_risk`).
"""

from datetime import date, timedelta
from typing import Any

import dagster as dg
import polars as pl

from assets.checks import contract_specs, made
from assets.landmarks import first_spend_on, landmarks_of
from assets.metadata import picture, table_spec
from assets.model_page import champion, promotion
from assets.model_shelf import current_model, store_model
from assets.resources import WAREHOUSE
from assets.survival import FEATURES
from assets.workspace import Warehouse
from winback.at_risk.active_rows import active_columns, active_parts
from winback.at_risk.families import MIN_ACCOUNTS
from winback.at_risk.model import AtRiskModel
from winback.at_risk.model_files import model_files, read_model
from winback.at_risk.pictures import at_risk_picture
from winback.at_risk.score import score_at_risk
from winback.at_risk.train import train_at_risk
from winback.at_risk.trials import trial_table
from winback.contracts.tables import read_table, replace_from_frame
from winback.survival.train_return_model import training_landmarks

NAME = "at_risk"


def build_at_risk_assets(partitions: dg.PartitionsDefinition) -> list[dg.AssetsDefinition]:
    """`model_at_risk` and `score_at_risk`."""

    @dg.multi_asset(
        name="at_risk",
        specs=[
            table_spec("model_at_risk", "survival", ["core_week", "core_actives", *FEATURES]),
            table_spec("score_at_risk", "survival", ["core_week", "core_actives", "model_at_risk", *FEATURES]),
        ],
        check_specs=contract_specs("model_at_risk", "score_at_risk"),
        partitions_def=partitions,
        required_resource_keys={WAREHOUSE},
    )
    def at_risk(context: dg.AssetExecutionContext):  # type: ignore[no-untyped-def]
        """Fit the model of lapsing, or take a current one, and score every active account."""
        warehouse, week_on = context.resources.warehouse, date.fromisoformat(context.partition_key)
        model = _model(warehouse, week_on)
        replace_from_frame(warehouse.con, "model_at_risk", trial_table(model, as_of_on=week_on))
        yield made(context, "model_at_risk", _model_page(model))
        replace_from_frame(warehouse.con, "score_at_risk", _scores(warehouse, model))
        yield made(context, "score_at_risk", champion(trial_table(model)))

    return [at_risk]


def _scores(warehouse: Warehouse, model: AtRiskModel) -> pl.DataFrame:
    max_age_days = warehouse.settings.models.retrain_after_days
    parts = active_parts(warehouse.con, model.features)
    return pl.concat([score_at_risk(model, rows, max_age_days) for rows in parts])


def _model(warehouse: Warehouse, week_on: date) -> AtRiskModel:
    folder = current_model(warehouse.workspace, NAME, week_on)
    if folder is not None:
        return read_model(folder, feature_columns=active_columns(warehouse.con))
    landmarks = landmarks_of(warehouse, week_on, _days(warehouse, week_on))
    model = train_at_risk(
        landmarks.active,
        as_of_on=week_on,
        horizon_days=warehouse.settings.lapse.horizon_days,
        account_share=landmarks.account_share,
    )
    store_model(warehouse.workspace, NAME, week_on, model_files(model))
    return model


def _days(warehouse: Warehouse, week_on: date) -> list[date]:
    """Landmarks of training; a single one, that teaches nothing, of a history that cannot hold enough lapses."""
    lapses = read_table(warehouse.con, "core_spells").filter(pl.col("spell_kind") == "lapsed")
    first_on = first_spend_on(warehouse)
    single = [week_on - timedelta(weeks=4)]
    if first_on is None or lapses["account_id"].n_unique() < MIN_ACCOUNTS["rules"]:
        return single
    return training_landmarks(week_on, first_on) or single


def _model_page(model: AtRiskModel) -> dict[str, Any]:
    return promotion(trial_table(model)) | {
        "trained for": model.training.as_of_on.isoformat(),
        "calibration": picture(at_risk_picture(model), "calibration of the chance to lapse"),
    }

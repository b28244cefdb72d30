"""Assets of accounts at risk: the chance to lapse, before the loss.

Belongs here: fitting the model or taking a current one from the shelf, and scoring the active accounts. Does not belong here: the
model itself (`winback.at_risk`).
"""

from datetime import date, timedelta
from typing import Any

import dagster as dg
import polars as pl

from assets.metadata import markdown_table, picture, table_metadata, table_spec
from assets.model_shelf import current_model, store_model
from assets.resources import WAREHOUSE
from assets.survival import FEATURES
from assets.workspace import Warehouse
from winback.at_risk.active_rows import active_rows, active_snapshots
from winback.at_risk.families import MIN_ACCOUNTS
from winback.at_risk.model import AtRiskModel
from winback.at_risk.model_files import model_files, read_model
from winback.at_risk.pictures import at_risk_picture
from winback.at_risk.score import score_at_risk
from winback.at_risk.train import train_at_risk
from winback.at_risk.trials import trial_table
from winback.contracts.tables import read_table, replace_from_frame
from winback.survival.train_return_model import sampled_accounts, training_landmarks

NAME = "at_risk"


def build_at_risk_assets(partitions: dg.PartitionsDefinition) -> list[dg.AssetsDefinition]:
    """`model_at_risk` and `score_at_risk`."""

    @dg.multi_asset(
        name="at_risk",
        specs=[
            table_spec("model_at_risk", "survival", ["core_week", "core_actives", *FEATURES]),
            table_spec("score_at_risk", "survival", ["core_week", "core_actives", "model_at_risk", *FEATURES]),
        ],
        partitions_def=partitions,
        required_resource_keys={WAREHOUSE},
    )
    def at_risk(context: dg.AssetExecutionContext):  # type: ignore[no-untyped-def]
        """Fit the model of lapsing, or take a current one, and score every active account."""
        warehouse, week_on = context.resources.warehouse, date.fromisoformat(context.partition_key)
        model = _model(warehouse, week_on)
        replace_from_frame(warehouse.con, "model_at_risk", trial_table(model, as_of_on=week_on))
        yield dg.MaterializeResult("model_at_risk", metadata=_model_page(warehouse, model))
        replace_from_frame(warehouse.con, "score_at_risk", _scores(warehouse, model))
        yield dg.MaterializeResult("score_at_risk", metadata=table_metadata(warehouse.con, "score_at_risk"))

    return [at_risk]


def _scores(warehouse: Warehouse, model: AtRiskModel) -> pl.DataFrame:
    return score_at_risk(model, active_rows(warehouse.con), warehouse.settings.models.retrain_after_days)


def _model(warehouse: Warehouse, week_on: date) -> AtRiskModel:
    con, settings = warehouse.con, warehouse.settings
    folder = current_model(warehouse.workspace, NAME, week_on)
    if folder is not None:
        return read_model(folder, feature_columns=active_rows(con).columns)
    accounts = read_table(con, "core_accounts_week").select("account_id", "first_spend_on")
    landmarks = _landmarks(warehouse, week_on, accounts["first_spend_on"].min())
    sample, share = sampled_accounts(accounts["account_id"], len(landmarks))
    cutoff = read_table(con, "core_week")["batch_cutoff"][0]
    rows = active_snapshots(con, settings, landmarks, seen_until_on=week_on, accounts=sample, batch_cutoff=cutoff)
    model = train_at_risk(rows, as_of_on=week_on, horizon_days=settings.lapse.horizon_days, account_share=share)
    store_model(warehouse.workspace, NAME, week_on, model_files(model))
    return model


def _landmarks(warehouse: Warehouse, week_on: date, first_on: Any) -> list[date]:
    """Those of training; a single one, that teaches nothing, of a history that cannot hold enough lapses."""
    lapses = read_table(warehouse.con, "core_spells").filter(pl.col("spell_kind") == "lapsed")
    has_enough = lapses["account_id"].n_unique() >= MIN_ACCOUNTS["rules"] and isinstance(first_on, date)
    return (training_landmarks(week_on, first_on) if has_enough else []) or [week_on - timedelta(weeks=4)]


def _model_page(warehouse: Warehouse, model: AtRiskModel) -> dict[str, Any]:
    return table_metadata(warehouse.con, "model_at_risk") | {
        "champion and challengers": dg.MetadataValue.md(markdown_table(trial_table(model))),
        "calibration": picture(at_risk_picture(model), "calibration of the chance to lapse"),
    }

"""The model of time to return that a week uses.

Belongs here: taking it from the shelf, or training it on landmarks of the workspace's own history. Does not belong here: the
model (`winback.survival`), the assets (`assets.survival`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import polars as pl

from assets.landmarks import first_spend_on, landmarks_of
from assets.model_shelf import current_model, store_model
from assets.workspace import Warehouse
from winback.contracts.tables import read_table
from winback.survival.model_folder import load_model, model_files
from winback.survival.pictures import return_hazard_picture
from winback.survival.return_model import ReturnModel
from winback.survival.snapshots import feature_columns
from winback.survival.sufficiency import MIN_ACCOUNTS
from winback.survival.train_return_model import (
    NotEnoughReturnsError,
    train_return_model,
    training_landmarks,
)
from winback.survival.trials import return_trials

NAME = "return_time"


@dataclass(frozen=True)
class ModelOrReason:
    """The week's model, or None and why there is none: then Kaplan-Meier curves by cycle group are used alone."""

    model: ReturnModel | None
    reason: str

    def trials(self, week_on: date) -> pl.DataFrame:
        """Rows of `model_return_time`."""
        return return_trials(self.model, self.reason, week_on)


def return_model_of(warehouse: Warehouse, week_on: date) -> ModelOrReason:
    """The model on the shelf if it is current, else one trained for this week and put there."""
    folder = current_model(warehouse.workspace, NAME, week_on)
    if folder is not None:
        columns, oldest = feature_columns(warehouse.con), warehouse.settings.models.retrain_after_days
        model = load_model(folder, columns, week_on, oldest)
        return ModelOrReason(model, model.sufficiency_reason)
    try:
        model = _trained(warehouse, week_on)
    except NotEnoughReturnsError as error:
        return ModelOrReason(None, str(error))
    store_model(warehouse.workspace, NAME, week_on, model_files(model))
    return ModelOrReason(model, model.sufficiency_reason)


def hazard_picture(warehouse: Warehouse, week_on: date) -> bytes:
    """Returns a week over days since the lapse, as PNG."""
    spells = read_table(warehouse.con, "core_spells").filter(pl.col("spell_kind") == "lapsed")
    return return_hazard_picture(spells, week_on)


def _trained(warehouse: Warehouse, week_on: date) -> ReturnModel:
    first_on = first_spend_on(warehouse)
    if first_on is None:
        raise NotEnoughReturnsError("no account has counted spend")
    _require_returns(warehouse)
    days = training_landmarks(week_on, first_on)
    if not days:
        raise NotEnoughReturnsError(f"the history begins on {first_on}, too short for a landmark eight weeks after it")
    landmarks, horizon = landmarks_of(warehouse, week_on, days), warehouse.settings.lapse.horizon_days
    return train_return_model(
        landmarks.lapsed, as_of_on=week_on, horizon_days=horizon, account_share=landmarks.account_share
    )


def _require_returns(warehouse: Warehouse) -> None:
    """Do not make landmarks of a history that cannot hold enough of them: every return of a landmark ends a lapse."""
    returned = read_table(warehouse.con, "core_spells").filter(pl.col("end_cause") == "return")["account_id"].n_unique()
    least = MIN_ACCOUNTS["kaplan_meier"]
    if returned < least:
        raise NotEnoughReturnsError(f"{returned} accounts ever returned from a lapse; a model wants {least} at least")

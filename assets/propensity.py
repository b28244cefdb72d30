"""Assets of what a contact does: the chance of a return once contacted, what a contact changes, and what drives it.

Belongs here: fitting the models or taking current ones from the shelf, scoring the week's options, the drivers of listed rows. Does
not belong here: the models themselves (`winback.propensity`, `winback.uplift`).
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
from assets.survival import FEATURES
from assets.touch_history import options_of, return_model, settled, touches_of
from assets.workspace import Warehouse
from winback.contracts.tables import read_table, replace_from_frame
from winback.propensity.contributions import contributions
from winback.propensity.drivers import score_drivers, told_features
from winback.propensity.families import enough_for
from winback.propensity.model import PropensityModel
from winback.propensity.model_files import model_files, read_model
from winback.propensity.past_weeks import this_week
from winback.propensity.pictures import reliability_picture
from winback.propensity.score import no_scores, score_propensity
from winback.propensity.touch_rows import play_family, worked_treatments
from winback.propensity.train import NotEnoughTouchesError, train_propensity
from winback.propensity.trials import propensity_trials
from winback.propensity.uplift_features import uplift_features
from winback.uplift.arm_response import ARM_FEATURES
from winback.uplift.family_rates import family_rates
from winback.uplift.logged_rows import enough_for as enough_for_uplift
from winback.uplift.logged_rows import has_logged_chances, held_rate, logged_rows
from winback.uplift.pictures import qini_picture
from winback.uplift.weekly_files import read_uplift, uplift_files
from winback.uplift.weekly_model import UpliftModel, train_uplift
from winback.uplift.weekly_score import UpliftEvidence, score_uplift
from winback.uplift.weekly_table import uplift_trials

PROPENSITY, UPLIFT = "propensity", "uplift"

_TRAINED_ON = ["core_week", "core_treatments", "core_offers", "core_note_labels", "score_return_time", *FEATURES]
_OPTIONS = ["plan_options", "score_reasons", "core_lapses"]


def build_propensity_assets(partitions: dg.PartitionsDefinition) -> list[dg.AssetsDefinition]:
    """`model_propensity` and `model_uplift` with their scores, and `score_drivers`."""

    @dg.multi_asset(
        name="propensity",
        specs=[
            table_spec("model_propensity", "score", _TRAINED_ON),
            table_spec("score_propensity", "score", ["model_propensity", *_TRAINED_ON, *_OPTIONS]),
        ],
        check_specs=contract_specs("model_propensity", "score_propensity"),
        partitions_def=partitions,
        required_resource_keys={WAREHOUSE},
    )
    def propensity(context: dg.AssetExecutionContext):  # type: ignore[no-untyped-def]
        """Fit the model of return after a contact, or take a current one, and score every option of the week."""
        warehouse, week_on = context.resources.warehouse, date.fromisoformat(context.partition_key)
        model, reason = _propensity(warehouse, week_on)
        replace_from_frame(warehouse.con, "model_propensity", propensity_trials(model, reason, week_on))
        yield made(context, "model_propensity", _propensity_page(warehouse, model, reason))
        replace_from_frame(warehouse.con, "score_propensity", _propensity_scores(warehouse, model, week_on))
        yield made(context, "score_propensity", champion(read_table(warehouse.con, "model_propensity")))

    @dg.multi_asset(
        name="uplift",
        specs=[
            table_spec("model_uplift", "score", _TRAINED_ON),
            table_spec("score_uplift", "score", ["model_uplift", "score_propensity", *_TRAINED_ON, *_OPTIONS]),
        ],
        check_specs=contract_specs("model_uplift", "score_uplift"),
        partitions_def=partitions,
        required_resource_keys={WAREHOUSE},
    )
    def uplift(context: dg.AssetExecutionContext):  # type: ignore[no-untyped-def]
        """Learn from the lots what a contact changes, as far as they carry, and score every option of the week."""
        warehouse, week_on = context.resources.warehouse, date.fromisoformat(context.partition_key)
        evidence, reason = _evidence(warehouse, week_on)
        replace_from_frame(warehouse.con, "model_uplift", uplift_trials(evidence.model, evidence.status, reason, week_on))
        yield made(context, "model_uplift", _uplift_page(warehouse, evidence, reason))
        replace_from_frame(warehouse.con, "score_uplift", _uplift_scores(warehouse, evidence, week_on))
        yield made(context, "score_uplift", champion(read_table(warehouse.con, "model_uplift")))

    @dg.multi_asset(
        name="drivers",
        specs=[
            table_spec(
                "score_drivers",
                "score",
                ["core_week", "plan_assignments", "score_propensity", "score_return_time", *_OPTIONS],
            )
        ],
        check_specs=contract_specs("score_drivers"),
        partitions_def=partitions,
        required_resource_keys={WAREHOUSE},
    )
    def drivers(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        """Say what speaks most for or against the return of each listed account."""
        warehouse, week_on = context.resources.warehouse, date.fromisoformat(context.partition_key)
        replace_from_frame(warehouse.con, "score_drivers", _drivers(warehouse, week_on))
        return made(context, "score_drivers")

    return [propensity, uplift, drivers]


def _propensity(warehouse: Warehouse, week_on: date) -> tuple[PropensityModel | None, str]:
    """The week's model and why it is of its level, or None and what lacks."""
    folder = current_model(warehouse.workspace, PROPENSITY, week_on)
    if folder is not None:
        model = read_model(folder)
        return model, model.level_reason
    worked = worked_treatments(settled(warehouse))
    enough, reason = enough_for(worked["has_returned"].cast(pl.Float64).to_numpy())
    if enough is None:
        return None, reason
    touches = touches_of(warehouse, week_on).join(worked.select("row_key"), on="row_key", how="semi")
    try:
        model = train_propensity(touches, as_of_on=week_on, horizon_days=warehouse.settings.lapse.horizon_days)
    except NotEnoughTouchesError as error:
        return None, str(error)
    store_model(warehouse.workspace, PROPENSITY, week_on, model_files(model))
    return model, model.level_reason


def _propensity_scores(warehouse: Warehouse, model: PropensityModel | None, week_on: date) -> pl.DataFrame:
    if model is None:
        return no_scores()
    return score_propensity(model, options_of(warehouse, week_on), warehouse.settings.models.retrain_after_days)


def _evidence(warehouse: Warehouse, week_on: date) -> tuple[UpliftEvidence, str]:
    """What there is to say of uplift, and why no more."""
    treatments = settled(warehouse)
    model, reason = _uplift(warehouse, treatments, week_on)
    has_chances, lot = has_logged_chances(treatments), logged_rows(treatments)
    contacts = lot.filter(pl.col("is_contact")) if has_chances else worked_treatments(treatments)
    rates = family_rates(contacts.with_columns(reason_family=play_family("play_id")))
    return UpliftEvidence(model, rates, has_chances, held_rate(lot)), reason


def _uplift(warehouse: Warehouse, treatments: pl.DataFrame, week_on: date) -> tuple[UpliftModel | None, str]:
    is_enough, reason = enough_for_uplift(logged_rows(treatments))
    folder = current_model(warehouse.workspace, UPLIFT, week_on)
    if folder is not None and is_enough:
        return read_uplift(folder), reason
    if not is_enough:
        return None, reason
    known = touches_of(warehouse, week_on)
    rows = logged_rows(treatments).join(known.select("row_key"), on="row_key", how="semi")
    is_enough, reason = enough_for_uplift(rows)
    if not is_enough:
        return None, reason
    then = rows.select("row_key").join(known, on="row_key", how="left", maintain_order="left")
    horizon = warehouse.settings.lapse.horizon_days
    arms = then.select(ARM_FEATURES)
    model = train_uplift(rows, uplift_features(then), arms=arms, as_of_on=week_on, horizon_days=horizon, reason=reason)
    store_model(warehouse.workspace, UPLIFT, week_on, uplift_files(model))
    return model, reason


def _uplift_scores(warehouse: Warehouse, evidence: UpliftEvidence, week_on: date) -> pl.DataFrame:
    con, horizon = warehouse.con, warehouse.settings.lapse.horizon_days
    options = read_table(con, "plan_options").with_columns(reason_family=play_family("play_id"))
    alone = read_table(con, "score_return_time").filter(pl.col("horizon_days") == horizon)
    options = options.join(
        alone.select("account_id", untouched_prob="prob", untouched_low="low", untouched_high="high"),
        on="account_id",
        how="left",
    )
    touched = read_table(con, "score_propensity").select(
        "account_id",
        "play_id",
        "offer_id",
        "touched_prob",
        touched_low="low",
        touched_high="high",
        touched_level="model_level",
    )
    options = options.join(touched, on=["account_id", "play_id", "offer_id"], how="left", nulls_equal=True)
    if evidence.model is not None:
        known = options_of(warehouse, week_on)
        told = pl.concat([known.select("account_id", "arm_no", *ARM_FEATURES), uplift_features(known)], how="horizontal")
        options = options.drop(told.drop("account_id", "arm_no").columns, strict=False)
        options = options.join(told, on=["account_id", "arm_no"], how="left")
    return score_uplift(options, evidence, horizon)


def _drivers(warehouse: Warehouse, week_on: date) -> pl.DataFrame:
    con = warehouse.con
    listed = (
        read_table(con, "plan_assignments")
        .filter(pl.col("assignment") != "holdout")
        .select("account_id", "play_id", "offer_id")
    )
    options = read_table(con, "plan_options").join(
        listed, on=["account_id", "play_id", "offer_id"], how="semi", nulls_equal=True
    )
    rows = options_of(warehouse, week_on, options).unique("account_id", keep="first", maintain_order=True)
    folder = current_model(warehouse.workspace, PROPENSITY, week_on)
    found = contributions(None if folder is None else read_model(folder), return_model(warehouse, week_on), rows)
    return score_drivers(rows, this_week(con, only=told_features()), found, warehouse.settings.workspace.language)


def _propensity_page(warehouse: Warehouse, model: PropensityModel | None, reason: str) -> dict[str, Any]:
    trials = read_table(warehouse.con, "model_propensity")
    return promotion(trials) | {
        "why this level": reason,
        "reliability": picture(reliability_picture(model, reason), "reliability of the chance of a return if contacted"),
    }


def _uplift_page(warehouse: Warehouse, evidence: UpliftEvidence, reason: str) -> dict[str, Any]:
    trials = read_table(warehouse.con, "model_uplift")
    return promotion(trials) | {
        "rests on": evidence.status,
        "why this level": reason,
        "Qini": picture(qini_picture(evidence.model, reason), "Qini curve"),
    }

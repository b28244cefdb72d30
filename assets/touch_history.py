"""Past contacts beside what was known then, for the models that learn from them.

Belongs here: gathering them from the warehouse once per run: features, reasons, chances if left alone. Does not belong here: the
models (`winback.propensity`, `winback.uplift`), the assets (`assets.propensity`).
"""

from __future__ import annotations

from datetime import date
from functools import partial

import polars as pl

from assets.labelling import labeller_of
from assets.model_shelf import current_model
from assets.return_model import NAME as RETURN_MODEL
from assets.workspace import Warehouse
from winback.contracts.tables import append_missing, read_table
from winback.errors import UsageError
from winback.propensity.past_weeks import (
    ContactReader,
    PastWeeks,
    contact_weeks,
    monday,
    past_reasons,
    past_weeks,
    this_week,
)
from winback.propensity.touch_rows import option_rows, past_touches, worked_treatments
from winback.propensity.untouched import with_untouched
from winback.reasons.labeller import load_labeller
from winback.reasons.note_labels import label_rows, unlabelled
from winback.survival.model_folder import load_model
from winback.survival.out_of_time import spend_window
from winback.survival.return_model import ReturnModel
from winback.survival.snapshots import feature_columns, snapshots
from winback.survival.train_return_model import NotEnoughReturnsError, train_return_model, training_landmarks
from winback.survival.walk import walk
from winback.weeks import first_monday_after


def touches_of(warehouse: Warehouse, week_on: date) -> pl.DataFrame:
    """Settled assignments of the newest weeks (holdouts among them) as `touch_rows.past_touches` has them, with the columns of
    `core_treatments`; a second model that is trained in the same run gets the rows of the first."""
    return warehouse.once(("touches", week_on), lambda: _gathered(warehouse, week_on))


def options_of(warehouse: Warehouse, week_on: date, options: pl.DataFrame | None = None) -> pl.DataFrame:
    """The week's options, or those of its `plan_options` that are given, as `touch_rows.option_rows` has them."""
    con = warehouse.con
    options = read_table(con, "plan_options") if options is None else options
    accounts = this_week(con, among=options["account_id"])
    known = with_untouched(accounts, return_model(warehouse, week_on), warehouse.settings.lapse.horizon_days)
    return option_rows(options, known, read_table(con, "score_reasons"), read_table(con, "core_offers"))


def return_model(warehouse: Warehouse, week_on: date) -> ReturnModel | None:
    """The model of time to return that the week uses, None where it has none."""
    folder = current_model(warehouse.workspace, RETURN_MODEL, week_on)
    if folder is None:
        return None
    return load_model(folder, feature_columns(warehouse.con), week_on, warehouse.settings.models.retrain_after_days)


def settled(warehouse: Warehouse) -> pl.DataFrame:
    """Rows of `core_treatments` whose horizon is over."""
    return read_table(warehouse.con, "core_treatments").filter(pl.col("is_settled") & pl.col("has_returned").is_not_null())


def _gathered(warehouse: Warehouse, week_on: date) -> pl.DataFrame:
    con, settings = warehouse.con, warehouse.settings
    treatments = settled(warehouse)
    treatments = treatments.filter(monday().is_in(contact_weeks(treatments)))
    cutoff = read_table(con, "core_week")["batch_cutoff"][0]
    known = past_weeks(con, settings, treatments, batch_cutoff=cutoff)
    reasons = _reasons_then(warehouse, known)
    features = with_untouched(known.features, return_model(warehouse, week_on), settings.lapse.horizon_days)
    return past_touches(treatments, features, reasons, read_table(con, "core_offers"))


def _reasons_then(warehouse: Warehouse, known: PastWeeks) -> pl.DataFrame:
    """Notes of past weeks that no run has labelled are labelled now: else a label would tell that the account is still away."""
    con, labeller = warehouse.con, labeller_of(warehouse, known.notes)
    new = unlabelled(known.notes, read_table(con, "ledger_note_labels"), labeller.model_version)
    if new.height:
        append_missing(con, "ledger_note_labels", label_rows(new, labeller))
    human = read_table(con, "asof_note_labels")
    return past_reasons(known, read_table(con, "ledger_note_labels"), human, labeller.model_version)


def touches_to_judge(warehouse: Warehouse) -> pl.DataFrame:
    """Worked, settled contacts as of the Monday after the last spend, with nothing in the warehouse changed.

    Notes are read by the shipped labeller. The chance if left alone is that of a return model fitted on landmarks before the first
    contact. Raises UsageError without any
    settled contact.
    """
    con, settings = warehouse.con, warehouse.settings
    as_of_on = first_monday_after(spend_window(con)[1])
    everyone = read_table(con, "core_accounts").select("account_id").unique()
    reader = ContactReader({as_of_on: everyone}, ("core_treatments",), partial(read_table, table="core_treatments"))
    worked = worked_treatments(walk(con, settings, [reader])[0])
    if worked.is_empty():
        raise UsageError(
            "No contact is settled: none was worked and written back a horizon ago. Run weeks and return the lists."
        )
    known = past_weeks(con, settings, worked)
    labeller, ledger = load_labeller(), read_table(con, "ledger_note_labels")
    ledger = pl.concat(
        [ledger, label_rows(unlabelled(known.notes, ledger, labeller.model_version), labeller)], how="diagonal"
    )
    reasons = past_reasons(known, ledger, read_table(con, "core_note_labels"), labeller.model_version)
    features = with_untouched(known.features, _early_model(warehouse, worked), settings.lapse.horizon_days)
    return past_touches(worked, features, reasons, read_table(con, "core_offers"))


def _early_model(warehouse: Warehouse, worked: pl.DataFrame) -> ReturnModel | None:
    """The return model as of the first contact that is judged; None where the log was too short then."""
    con, settings = warehouse.con, warehouse.settings
    first_contact_on = contact_weeks(worked)[0]
    landmarks = training_landmarks(first_contact_on, spend_window(con)[0])
    if not landmarks:
        return None
    rows = snapshots(con, settings, landmarks, seen_until_on=first_contact_on)
    try:
        return train_return_model(rows, as_of_on=first_contact_on, horizon_days=settings.lapse.horizon_days)
    except NotEnoughReturnsError:
        return None

"""The truth of a simulated market as frames.

Belongs here: every cause, chance and counterfactual that the journal holds, under readable names. Does not belong here:
input tables (`tables`), or reading and writing files (`truth_folder`). Nothing here may be read by the pipeline.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl

from winback.simulate.catalogue import load_catalogue
from winback.simulate.days import dates
from winback.simulate.journal import Columns, Journal
from winback.simulate.parameters import CODES, TOUCH_CHANNELS
from winback.simulate.state import Floats, Lot
from winback.simulate.tables import account_ids, rep_ids, words

_LOTS = [lot.name.lower() for lot in Lot]
_OFFERS = [str(o["offer_id"]) for o in load_catalogue().offers]

LAPSES = {
    "account_id": pl.String, "lapse_no": pl.Int64, "left_on": pl.Date, "last_spend_on": pl.Date, "trouble_from_on": pl.Date,
    "reason_code": pl.String, "second_code": pl.String, "is_silent": pl.Boolean, "lot": pl.String,
    "season_share": pl.Float64, "prob_untouched": pl.Float64, "prob_touched": pl.Float64, "uplift_share": pl.Float64,
}  # fmt: skip
RETURNS = {
    "account_id": pl.String, "lapse_no": pl.Int64, "returned_on": pl.Date, "reason_code": pl.String, "delay_days": pl.Int64,
    "was_touched": pl.Boolean, "channel": pl.String, "offer_id": pl.String, "duration_days": pl.Float64,
    "daily_amount": pl.Float64, "value_amount": pl.Float64,
}  # fmt: skip
TOUCHES = {
    "account_id": pl.String, "lapse_no": pl.Int64, "touched_on": pl.Date, "rep_id": pl.String, "channel": pl.String,
    "offer_id": pl.String, "is_reached": pl.Boolean, "was_lapsed": pl.Boolean, "lot": pl.String,
    "assignment_prob": pl.Float64, "prob_untouched": pl.Float64, "prob_touched": pl.Float64, "uplift_share": pl.Float64,
}  # fmt: skip
CLOSURES = {"account_id": pl.String, "closed_on": pl.Date, "is_reported": pl.Boolean, "was_lapsed": pl.Boolean}
RECOVERIES = {"account_id": pl.String, "recovered_on": pl.Date, "trouble_code": pl.String}


def truth_frames(journal: Journal) -> dict[str, pl.DataFrame]:
    """The truth about the journal's events; they leave the journal. Frames without events have columns and no rows.

    lapses: one row per lapse with its reason and, on the Monday after it, the chance of a return within 56 days untouched
    and with one call that reaches someone. returns: one row per return with the length (days) and daily spend (base
    currency) of the second lifetime it begins, whether or not it has ended. touches: one row per win-back contact with the
    same two chances on its Monday, the second under that very contact had it reached someone. closures: businesses that
    closed, reported or not. recoveries: troubles that passed, so that their signs meant nothing.
    """
    return {
        "lapses": _frame(journal.take("lapses"), LAPSES, _lapses),
        "returns": _frame(journal.take("returns"), RETURNS, _returns),
        "touches": _frame(journal.take("touches"), TOUCHES, _touches),
        "closures": _frame(journal.take("closures"), CLOSURES, _closures),
        "recoveries": _frame(journal.take("recoveries"), RECOVERIES, _recoveries),
    }


Maker = Callable[[Columns], dict[str, Any]]


def _frame(events: Columns | None, schema: dict[str, Any], make: Maker) -> pl.DataFrame:
    return pl.DataFrame(schema=schema) if events is None else pl.DataFrame(make(events), schema_overrides=schema)


def _lapses(e: Columns) -> dict[str, Any]:
    return {
        "account_id": account_ids(e["account"]),
        "lapse_no": e["lapse_no"],
        "left_on": dates(e["day"]),
        "last_spend_on": dates(e["last_spend_day"]),
        "trouble_from_on": dates(e["onset_day"]),
        "reason_code": words(CODES, e["code"]),
        "second_code": words(CODES, e["second"]),
        "is_silent": e["is_silent"],
        "lot": words(_LOTS, e["lot"]),
        "season_share": e["season"],
        "prob_untouched": e["prob_untouched"],
        "prob_touched": e["prob_touched"],
        "uplift_share": e["prob_touched"] - e["prob_untouched"],
    }


def _returns(e: Columns) -> dict[str, Any]:
    return {
        "account_id": account_ids(e["account"]),
        "lapse_no": e["lapse_no"],
        "returned_on": dates(e["day"]),
        "reason_code": words(CODES, e["code"]),
        "delay_days": e["delay_days"],
        "was_touched": e["was_touched"],
        "channel": words(TOUCH_CHANNELS, e["channel"]),
        "offer_id": words(_OFFERS, e["offer"]),
        "duration_days": e["duration_days"],
        "daily_amount": e["daily_amount"],
        "value_amount": e["duration_days"] * e["daily_amount"],
    }


def _touches(e: Columns) -> dict[str, Any]:
    return {
        "account_id": account_ids(e["account"]),
        "lapse_no": e["lapse_no"],
        "touched_on": dates(e["day"]),
        "rep_id": rep_ids(e["rep"]),
        "channel": words(TOUCH_CHANNELS, e["channel"]),
        "offer_id": words(_OFFERS, e["offer"]),
        "is_reached": e["is_reached"],
        "was_lapsed": e["was_lapsed"],
        "lot": words(_LOTS, e["lot"]),
        "assignment_prob": _known(e["prob"]),
        "prob_untouched": _known(e["prob_untouched"]),
        "prob_touched": _known(e["prob_touched"]),
        "uplift_share": _known(e["prob_touched"] - e["prob_untouched"]),
    }


def _closures(e: Columns) -> dict[str, Any]:
    return {
        "account_id": account_ids(e["account"]),
        "closed_on": dates(e["day"]),
        "is_reported": e["is_reported"],
        "was_lapsed": e["was_lapsed"],
    }


def _recoveries(e: Columns) -> dict[str, Any]:
    return {
        "account_id": account_ids(e["account"]),
        "recovered_on": dates(e["day"]),
        "trouble_code": words(CODES, e["code"]),
    }


def _known(prob: Floats) -> pl.Series:
    return pl.Series(prob).fill_nan(None)

"""Contacts and options pass through the same joins; tables have their contracts' columns."""

from datetime import date

import polars as pl

from data_contracts import load_contract
from winback.propensity.drivers import no_drivers
from winback.propensity.past_weeks import contact_weeks
from winback.propensity.score import no_scores
from winback.propensity.touch_rows import features_of, option_rows, past_touches, play_family, worked_treatments
from winback.propensity.trials import propensity_trials
from winback.uplift.weekly_table import uplift_trials

WEEK = date(2025, 12, 1)
KNOWN = pl.DataFrame(
    {"account_id": ["A1", "A2"], "as_of_on": [WEEK] * 2, "silence_days": [90, 40], "year_amount": [1000.0, 0.0]}
)
REASONS = pl.DataFrame(
    {
        "account_id": ["A1"], "as_of_on": [WEEK], "likeliest_code": ["1b"], "reason_tier": ["1"], "is_abstained": [False],
        "reason_prob": [0.9],
    }
)  # fmt: skip
OFFERS = pl.DataFrame(
    {
        "offer_id": ["O1", "O1"], "valid_from_on": [None, date(2025, 6, 1)], "kind": ["points", "cash_off"],
        "reason_codes": ["2a", "1b;1a"], "amount": [1.0, 50.0], "discount_share": [None, None],
    },
    schema_overrides={"discount_share": pl.Float64},
)  # fmt: skip


def arms(**columns: object) -> pl.DataFrame:
    frame = pl.DataFrame({"account_id": ["A1", "A1", "A3"], "play_id": ["ask_reason"] * 3, "offer_id": ["O1", None, None],
                          "play_channel": ["phone", None, "mail"]})  # fmt: skip
    return frame.with_columns(**columns)  # type: ignore[arg-type]


def test_a_contact_and_an_option_have_the_same_features() -> None:
    treatments = arms(row_key=pl.Series(["H1", "H2", "H3"]), week_on=pl.lit(WEEK), has_returned=pl.lit(True))
    options = arms(as_of_on=pl.lit(WEEK), arm_no=pl.Series([1, 2, 1]))
    past, now = past_touches(treatments, KNOWN, REASONS, OFFERS), option_rows(options, KNOWN, REASONS, OFFERS)
    assert past["row_key"].to_list() == ["H1", "H2"], "an account that was not lapsed then is left out"
    assert features_of(past).equals(features_of(now)) and "has_returned" not in features_of(past).columns
    first = now.row(0, named=True)
    assert first["offer_kind"] == "cash_off" and first["offer_amount_share"] == 0.05 and first["is_price_offer"]
    assert first["is_reason_matched"] and first["reason_family"] == "1" and first["is_asking"]
    assert now["offer_kind"][1] == "none" and not now["is_reason_matched"][1] and now["play_channel"][1] == "unknown"


def test_an_account_without_a_reason_then_stays_without_one() -> None:
    options = pl.DataFrame({"account_id": ["A2"], "as_of_on": [WEEK], "arm_no": [1], "play_id": ["ask_reason"], "offer_id": ["O1"],
                            "play_channel": ["phone"]})  # fmt: skip
    row = option_rows(options, KNOWN, REASONS, OFFERS).row(0, named=True)
    assert (row["likeliest_code"], row["reason_family"], row["reason_tier"]) == ("unknown", "unknown", "4")
    assert not row["is_reason_matched"] and row["offer_amount_share"] == 1.0


def test_assignments_of_any_day_count_for_their_week() -> None:
    """Delivered assignments are dated on any day: five days with contacts are one week of the log, known as of its Monday."""
    days = [date(2025, 12, d) for d in (1, 2, 3, 4, 5, 8)]
    assert contact_weeks(pl.DataFrame({"week_on": days}), 2) == [date(2025, 12, 1), date(2025, 12, 8)]
    treatments = arms(row_key=pl.Series(["H1", "H2", "H3"]), week_on=pl.lit(date(2025, 12, 4)), has_returned=pl.lit(True))
    assert past_touches(treatments, KNOWN, REASONS, OFFERS)["as_of_on"].to_list() == [WEEK, WEEK]


def test_families_of_plays() -> None:
    frame = pl.DataFrame({"play_id": ["ask_reason", "cost_too_high", None, "no_such_play"]}, schema={"play_id": pl.String})
    assert frame.select(play_family("play_id"))["play_id"].to_list() == ["unknown", "1", "unknown", "unknown"]


def test_only_worked_and_settled_contacts_are_learned_from() -> None:
    frame = pl.DataFrame(
        {
            "row_key": list("abcde"), "is_worked": [True, False, True, True, True], "is_settled": [True, True, False, True, True],
            "assignment": ["treated", "treated", "treated", "holdout", "explore"], "has_returned": [True, True, None, True, False],
        }
    )  # fmt: skip
    assert worked_treatments(frame)["row_key"].to_list() == ["a", "e"]


def test_tables_have_the_columns_of_their_contracts() -> None:
    made = {
        "score_propensity": no_scores(), "score_drivers": no_drivers(), "model_propensity": propensity_trials(None, "few", WEEK),
        "model_uplift": uplift_trials(None, "none", "few", WEEK),
    }  # fmt: skip
    for table, frame in made.items():
        assert set(frame.columns) == set(load_contract(table).columns), table

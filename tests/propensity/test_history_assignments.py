"""The history's contacts as assignments: keys of the outcomes, honest chances, held-back lapses that nobody touched."""

from datetime import date

import polars as pl
import pytest

from winback.simulate.days import require_monday
from winback.simulate.habits import habitual_touches
from winback.simulate.history_assignments import history_assignments
from winback.simulate.history_outcomes import history_outcomes
from winback.simulate.journal import Journal
from winback.simulate.life import coming_week, live_week
from winback.simulate.market import found_market
from winback.simulate.parameters import default_parameters
from winback.simulate.truth import truth_frames

Frames = tuple[pl.DataFrame, pl.DataFrame, dict[str, pl.DataFrame]]


@pytest.fixture(scope="module")
def history() -> Frames:
    parameters, end = default_parameters(), require_monday(date(2026, 1, 5), "end")
    state, journal = found_market(1500, end - 7 * 80, end, 3, parameters), Journal()
    for _ in range(80):
        week = coming_week(state, parameters)
        live_week(state, habitual_touches(state, week), week, journal)
    outcomes = history_outcomes(journal, state, parameters)
    assignments = history_assignments(journal, state, parameters)
    assert history_assignments(journal, state, parameters).equals(assignments)
    return assignments, outcomes, truth_frames(journal)


def test_every_outcome_has_its_assignment(history: Frames) -> None:
    assignments, outcomes, truth = history
    joined = outcomes.join(assignments, on="row_key")
    assert joined.height == outcomes.height > 0
    assert assignments["row_key"].is_unique().all()
    assert assignments.filter(pl.col("assignment") != "holdout").height == truth["touches"].height
    assert (joined["worked_on"] >= joined["assigned_on"]).all()


def test_only_what_was_drawn_by_lot_has_a_chance(history: Frames) -> None:
    assignments, _, truth = history
    by = {a: f for (a,), f in assignments.partition_by("assignment", as_dict=True).items()}
    assert by["treated"]["assignment_prob"].null_count() == by["treated"].height
    assert by["explore"]["assignment_prob"].unique().to_list() == pytest.approx([0.6])
    assert by["holdout"]["assignment_prob"].unique().to_list() == pytest.approx([0.4])
    assert by["explore"].height == truth["touches"].filter(pl.col("lot") == "explore").height
    assert (by["explore"]["arm_prob"] * by["explore"]["n_arms"]).to_list() == pytest.approx([1.0] * by["explore"].height)


def test_who_is_held_back_was_lapsed_and_left_alone(history: Frames) -> None:
    assignments, _, truth = history
    held = assignments.filter(pl.col("assignment") == "holdout").select("account_id", "assigned_on")
    lapses = truth["lapses"].filter(pl.col("lot") == "holdout").select("account_id", "lapse_no", "left_on")
    inside = held.join(lapses, on="account_id").filter(pl.col("left_on") < pl.col("assigned_on"))
    assert inside.select("account_id", "assigned_on").unique().height == held.unique().height > 50
    returns = truth["returns"].select("account_id", "lapse_no", "returned_on")
    open_then = inside.join(returns, on=["account_id", "lapse_no"], how="left").filter(
        pl.col("returned_on").is_null() | (pl.col("returned_on") >= pl.col("assigned_on"))
    )
    assert open_then.select("account_id", "assigned_on").unique().height == held.unique().height

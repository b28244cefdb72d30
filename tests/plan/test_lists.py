"""The week's lists: who is on them, in which order, with which lot."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.plan.plan_rows import NO_LOT, SILENT_SINCE, WEEK, MadeWeek, shuffled, simple_week
from winback.plan.lists import PlanRules, assign_week
from winback.plan.lots import EXPLORE, HOLDOUT, TREATED, Experiment

LOT = Experiment("E1", 0.1, 0.05, b"salt")
RULES = PlanRules(WEEK, 600, 200_000, NO_LOT)
BEFORE = WEEK - timedelta(days=21)


def columns(frame: pl.DataFrame, *names: str) -> list[tuple]:
    return frame.sort("rep_id", "rank", nulls_last=True).select(names).rows()


def test_the_most_valuable_that_fit_in_order_of_value() -> None:
    made = (
        MadeWeek([(a, 1, 12, v, None, 0.0) for a, v in (("a", 5.0), ("b", 9.0), ("c", 7.0))], {"r": 25}).plan().assignments
    )
    assert columns(made, "rep_id", "rank", "account_id", "plan_value_amount") == [("r", 1, "b", 9.0), ("r", 2, "c", 7.0)]


def test_the_red_lane_comes_first_and_ties_go_by_account() -> None:
    week = MadeWeek([("b", 1, 5, 5.0, None, 0.0), ("a", 1, 5, 5.0, None, 0.0), ("c", 2, 5, 1.0, None, 0.0)], {"r": 60})
    week.lanes = {2: "red"}
    assert columns(week.plan().assignments, "account_id", "rank") == [("c", 1), ("a", 2), ("b", 3)]


def test_minutes_not_stated_are_the_default_and_a_value_below_nothing_is_not_chosen() -> None:
    week = MadeWeek([(f"a{n}", 1, 100, 1.0 + n, None, 0.0) for n in range(8)] + [("z", 1, 0, -1.0, None, 0.0)], {"r": None})
    assert week.plan().assignments["account_id"].sort().to_list() == [f"a{n}" for n in range(2, 8)]


def test_nothing_to_plan_is_an_empty_plan() -> None:
    plan = MadeWeek([], {"r": 60}).plan(LOT)
    assert plan.assignments.is_empty()
    assert plan.summary.rows(named=True)[0]["plan_value_amount"] == 0


def test_the_own_representative_is_preferred_until_full_and_whoever_listed_it_last_counts_as_own() -> None:
    arms = [("a", 1, 10, 10.0, None, 0.0), ("b", 1, 10, 9.0, None, 0.0)]
    fits = {"a": {"r": 1.0, "s": 0.8}, "b": {"r": 1.0, "s": 0.8}}
    week = MadeWeek(arms, {"r": 10, "s": 10}, fits)
    assert columns(week.plan().assignments, "account_id", "rep_id", "plan_value_amount") == [
        ("a", "r", 10.0),
        ("b", "s", 7.2),
    ]
    week.history = [("a", BEFORE, "s", TREATED, None)]
    assert columns(week.plan().assignments, "account_id", "rep_id") == [("b", "r"), ("a", "s")]
    week.history = [("a", SILENT_SINCE, "s", TREATED, None)]  # an earlier silence
    assert columns(week.plan().assignments, "account_id", "rep_id") == [("a", "r"), ("b", "s")]


@pytest.mark.parametrize("flag", ["is_feasible", "contact_room"])
def test_an_arm_without_room_for_contacts_is_not_taken(flag: str) -> None:
    tables = MadeWeek([("a", 1, 10, 9.0, None, 0.0), ("a", 2, 10, 5.0, None, 0.0)], {"r": 60}).tables()
    limited = replace(tables, options=tables.options.with_columns((pl.col("arm_no") != 1).alias(flag)))
    assert assign_week(limited, RULES).assignments["play_id"].to_list() == ["play2"]


def test_the_budget_is_kept_with_the_chance_of_redeeming() -> None:
    arms = [(a, n, 10, v, o, c) for a in "abc" for n, v, o, c in ((1, 1.0, None, 0.0), (2, 5.0, "o", 10.0))]
    week = MadeWeek(arms, {"r": 60}, budgets={"o": 10.0})
    assert week.plan().assignments["offer_id"].drop_nulls().len() == 1
    tables = week.tables()
    halved = replace(tables, net_values=tables.net_values.with_columns(touched_prob=pl.lit(0.5)))
    plan = assign_week(halved, RULES)
    assert plan.assignments["offer_id"].drop_nulls().len() == 2
    offer = plan.summary.filter(pl.col("constraint_kind") == "offer").row(0, named=True)
    assert (offer["capacity"], offer["used"], offer["n_listed"]) == (10.0, 10.0, 2)


def test_the_four_rules_of_the_lot_by_hand() -> None:
    """Thirty of 60 accounts fit. Those chosen draw, unless a lot was drawn before in their silence; the room is refilled."""
    week = simple_week(60, 30, n_arms=3)
    week.history = [("A00000", BEFORE, "r", HOLDOUT, "E0"), ("A00001", BEFORE, "r", TREATED, None)]
    week.history += [("A00002", SILENT_SINCE, "r", TREATED, "E0")]  # in an earlier silence
    experiment = Experiment("E1", 0.3, 0.3, b"salt")
    made = week.plan(experiment).assignments
    rows = {row["account_id"]: row for row in made.iter_rows(named=True)}
    chosen = [f"A{n:05d}" for n in range(30)]
    lots = {a: experiment.assignment(a, SILENT_SINCE) for a in chosen}
    assert (rows["A00000"]["assignment"], rows["A00000"]["experiment_id"]) == (TREATED, None)
    for account in chosen[1:]:
        row, lot = rows[account], lots[account]
        assert (row["assignment"], row["experiment_id"], row["n_arms"]) == (lot, "E1", 3)
        assert row["assignment_prob"] == pytest.approx({TREATED: 0.4, HOLDOUT: 0.3, EXPLORE: 0.3}[lot])
        assert row["arm_prob"] == pytest.approx(1 / 3 if lot == EXPLORE else 1)
        assert (row["rank"] is None) == (row["change_word"] is None) == (lot == HOLDOUT)
    assert {lots[a] for a in chosen[1:]} == {TREATED, HOLDOUT, EXPLORE}
    refill = sorted(rows.keys() - set(chosen))
    assert refill == [f"A{n:05d}" for n in range(30, 30 + len(refill))]
    assert all(rows[a]["assignment"] == experiment.assignment(a, SILENT_SINCE) for a in refill)
    assert made.filter(pl.col("assignment") != HOLDOUT).height == 30


def test_an_exploring_account_that_takes_more_leaves_less_for_the_refill() -> None:
    arms = [(f"A{n:03d}", arm, 10 * arm, 500.0 - n - 100 * (arm - 1), None, 0.0) for n in range(200) for arm in (1, 2)]
    plan = MadeWeek(arms, {"r": 1000}).plan(Experiment("E1", 0.1, 0.2, b"salt"))
    listed = plan.assignments.filter(pl.col("assignment") != HOLDOUT)
    assert listed["minutes"].sum() <= 1000
    explored = listed.filter(pl.col("assignment") == EXPLORE)
    assert set(explored["n_arms"]) == {1, 2}  # where reserving ran out, the draw was from one arm
    assert set(explored["minutes"]) == {10, 20}


def test_words_for_the_change() -> None:
    week = simple_week(6, 6)
    assert set(week.plan().assignments["change_word"]) == {"first_week"}
    week.history = [
        ("A00000", WEEK - timedelta(days=7), "r", TREATED, None),
        ("A00001", BEFORE, "r", EXPLORE, "E1"),
        ("A00002", BEFORE, "r", HOLDOUT, "E1"),
        ("A00005", SILENT_SINCE, "r", TREATED, None),
    ]
    week.lapsed_on = {"A00003": WEEK - timedelta(days=7), "A00004": WEEK - timedelta(days=8)}
    words = week.plan().assignments.sort("account_id")["change_word"].to_list()
    assert words == ["carried", "again", "holdout_over", "new_lapse", "entered", "entered"]


def test_row_keys_start_with_a_letter_and_stay_the_same() -> None:
    keys = simple_week(20, 20).plan().assignments["row_key"]
    assert all(key[0] == "R" and len(key) == 16 for key in keys)
    assert keys.equals(simple_week(20, 20).plan().assignments["row_key"])
    assert keys.n_unique() == 20


weeks = st.builds(
    lambda arms, minutes, budgets, reps: MadeWeek(
        [(f"a{n}", k + 1, m, v / 4, o, float(c)) for n, of in enumerate(arms) for k, (m, v, o, c) in enumerate(of)],
        dict(zip("rs", minutes, strict=True)),
        {f"a{n}": {"r": 1.0, "s": 0.8} if both else {"s": 1.0} for n, both in zip(range(len(arms)), reps, strict=False)},
        dict(zip("op", budgets, strict=True)),
    ),
    st.lists(
        st.lists(
            st.tuples(st.integers(1, 30), st.integers(-5, 60), st.sampled_from([None, "o", "p"]), st.integers(0, 20)),
            min_size=1,
            max_size=4,
        ),
        max_size=15,
    ),
    st.tuples(st.integers(0, 90), st.integers(0, 90)),
    st.tuples(st.integers(0, 50), st.integers(0, 50)),
    st.lists(st.booleans(), min_size=15, max_size=15),
)


def test_without_an_effect_treated_and_held_differ_by_chance_only() -> None:
    """Placebo: who returns is settled beforehand and hangs on the account's worth; 60 salts, each its own lot."""
    week, rng = simple_week(300, 200), np.random.default_rng(8)
    returns = {f"A{n:05d}": bool(rng.random() < 0.6 - n / 600) for n in range(300)}
    differences = []
    for salt in range(60):
        rows = week.plan(Experiment("E1", 0.3, 0.0, bytes([salt]))).assignments.filter(pl.col("experiment_id").is_not_null())
        came = rows.with_columns(has_returned=pl.col("account_id").replace_strict(returns))
        rates = dict(came.group_by("assignment").agg(pl.col("has_returned").mean()).iter_rows())
        differences.append(rates[TREATED] - rates[HOLDOUT])
    assert abs(np.mean(differences)) < 3 * np.std(differences) / np.sqrt(len(differences))


@settings(deadline=None, max_examples=25)
@given(weeks, st.sampled_from([NO_LOT, Experiment("E1", 0.3, 0.3, b"salt")]), st.sampled_from([0, 200_000]))
def test_what_holds_for_every_week(week: MadeWeek, experiment: Experiment, greedy_above_columns: int) -> None:
    plan = week.plan(experiment, greedy_above_columns=greedy_above_columns)
    rows, eligible = plan.assignments, {arm[0] for arm in week.arms}
    listed = rows.filter(pl.col("assignment") != HOLDOUT)
    assert rows["account_id"].n_unique() == rows.height
    assert set(listed["account_id"]) | (eligible - set(listed["account_id"])) == eligible
    for rep, limit in week.minutes.items():
        own = listed.filter(pl.col("rep_id") == rep)
        assert own["minutes"].sum() <= limit
        assert sorted(own["rank"]) == list(range(1, own.height + 1))
    for offer, limit in week.budgets.items():
        spent = sum(min(c for a, _, m, _, o, c in week.arms if (a, o, m) == key) for key in _given(listed, offer))
        assert spent <= limit
    assert rows.filter(pl.col("assignment") == HOLDOUT)["rank"].null_count() == rows.height - listed.height
    whole = plan.summary.row(0, named=True)
    assert whole["plan_value_amount"] <= whole["bound_amount"] + 1e-6
    again = assign_week(shuffled(week.tables(), 3), PlanRules(WEEK, 600, greedy_above_columns, experiment))
    assert again.assignments.equals(plan.assignments)
    assert again.summary.equals(plan.summary)


def _given(listed: pl.DataFrame, offer: str) -> list[tuple[str, str, int]]:
    return [(a, offer, m) for a, m in listed.filter(pl.col("offer_id") == offer).select("account_id", "minutes").iter_rows()]

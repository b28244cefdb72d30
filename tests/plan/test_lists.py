"""Lists under minutes."""

from datetime import date

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from winback.plan.lists import assign_week
from winback.plays.catalogue import play_table

PLAYS = play_table("en")
MINUTES = PLAYS["minutes"][0]


def assign(candidates: list[tuple[str, str | None, str | None, int]], capacities: dict[str, int | None]) -> pl.DataFrame:
    frame = pl.DataFrame(
        candidates,
        schema={"account_id": pl.String, "rep_id": pl.String, "cause": pl.String, "value_at_stake_amount": pl.Int64},
        orient="row",
    ).with_columns(year_amount=pl.col("value_at_stake_amount"), return_prob=pl.lit(0.1))
    reps = pl.DataFrame(
        {"rep_id": list(capacities), "weekly_minutes": list(capacities.values())},
        schema={"rep_id": pl.String, "weekly_minutes": pl.Int64},
    )
    return assign_week(frame, reps, PLAYS, week_on=date(2026, 3, 2), default_weekly_minutes=2 * MINUTES)


def test_the_most_valuable_that_fit_in_order() -> None:
    made = assign(
        [("a", "r", None, 5), ("b", "r", None, 9), ("c", "r", None, 7), ("d", "r", "no_consent", 99), ("e", "s", None, 1)],
        {"r": 2 * MINUTES + 1, "s": None},
    )
    assert made.select("rep_id", "rank", "account_id").rows() == [("r", 1, "b"), ("r", 2, "c"), ("s", 1, "e")]


def test_ties_are_broken_by_account() -> None:
    assert assign([("b", "r", None, 5), ("a", "r", None, 5)], {"r": MINUTES})["account_id"].to_list() == ["a"]


def test_row_keys_start_with_a_letter_and_stay_the_same() -> None:
    keys = assign([("a", "r", None, 5), ("b", "r", None, 9)], {"r": 600})["row_key"]
    assert all(key[0] == "R" and len(key) == 16 for key in keys)
    assert keys.equals(assign([("a", "r", None, 5), ("b", "r", None, 9)], {"r": 600})["row_key"])
    assert keys.n_unique() == 2


@given(
    st.lists(st.tuples(st.sampled_from("rst"), st.integers(0, 100)), max_size=40),
    st.dictionaries(st.sampled_from("rst"), st.integers(0, 100), max_size=3),
)
def test_nobody_is_over_their_minutes_and_nobody_is_listed_twice(accounts, capacities) -> None:
    made = assign([(f"a{n}", rep, None, value) for n, (rep, value) in enumerate(accounts)], capacities)
    for (rep,), rows in made.partition_by("rep_id", as_dict=True).items():
        assert rows["minutes"].sum() <= capacities.get(rep, 2 * MINUTES)
        assert rows["rank"].to_list() == list(range(1, rows.height + 1))
    assert made["account_id"].n_unique() == made.height

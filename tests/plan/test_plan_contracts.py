"""The plan's tables keep their contracts, from empty tables on."""

from datetime import timedelta

import duckdb
import polars as pl

from tests.plan.plan_rows import NO_LOT, WEEK, simple_week
from winback.contracts.tables import read_table, replace_from_frame
from winback.plan.columns import PlanTables
from winback.plan.lists import PlanRules, WeekPlan, assign_week
from winback.plan.lots import Experiment

CHECKS = """
SELECT
    count(*) FILTER (WHERE (rank IS NULL) <> (assignment = 'holdout')),
    count(*) FILTER (WHERE (change_word IS NULL) <> (assignment = 'holdout')),
    count(*) FILTER (WHERE experiment_id IS NULL AND assignment <> 'treated'),
    count(*) FILTER (WHERE arm_prob <> 1 AND assignment <> 'explore')
FROM plan_assignments
"""


def store(con: duckdb.DuckDBPyConnection, plan: WeekPlan) -> None:
    replace_from_frame(con, "plan_assignments", plan.assignments)
    replace_from_frame(con, "plan_summary", plan.summary)


def test_the_plan_of_empty_tables_is_an_empty_plan(empty_tables: duckdb.DuckDBPyConnection) -> None:
    con = empty_tables
    tables = PlanTables(
        options=read_table(con, "plan_options"),
        net_values=read_table(con, "score_net_value"),
        reps=read_table(con, "plan_reps"),
        capacities=read_table(con, "asof_reps").select("rep_id", "weekly_minutes"),
        plays=read_table(con, "core_plays"),
        lapses=read_table(con, "core_lapses"),
        history=read_table(con, "core_treatments"),
    )
    store(con, assign_week(tables, PlanRules(WEEK, 600, 200_000, NO_LOT)))
    assert con.execute("SELECT count(*) FROM plan_assignments").fetchone() == (0,)
    assert con.execute("SELECT constraint_kind, plan_value_amount FROM plan_summary").fetchall() == [("plan", 0)]


def test_a_plan_with_lots_is_stored_as_its_contracts_say(empty_tables: duckdb.DuckDBPyConnection) -> None:
    week = simple_week(300, 200, n_arms=3)
    week.history = [(f"A{n:05d}", WEEK - timedelta(days=7 * n), "r", "treated", None) for n in range(1, 8)]
    plan = week.plan(Experiment("E1", 0.1, 0.1, b"salt"))
    store(empty_tables, plan)
    assert empty_tables.execute(CHECKS).fetchall() == [(0, 0, 0, 0)]
    stored = read_table(empty_tables, "plan_summary").sort("constraint_kind").rows(named=True)
    assert [row["constraint_kind"] for row in stored] == ["plan", "rep"]
    assert stored[0]["n_listed"] == stored[1]["n_listed"] == plan.assignments.filter(pl.col("rank").is_not_null()).height
    assert stored[1]["used"] == 2000
    assert stored[0]["bound_amount"] >= stored[0]["plan_value_amount"] > stored[0]["listed_value_amount"]

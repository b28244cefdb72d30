"""One week's lists: the plan, the lot among the chosen, the refill, and the order of every list.

Belongs here: the steps from tables to the rows of `plan_assignments`. Does not belong here: the optimisation
(`winback.plan.solver`), the draws (`winback.plan.lots`), or who may be contacted at all (`plan_candidates`).

The plan is made as if there were no lot. Those who were in no lot yet in their present silence then draw theirs: some are withheld,
some explore. What becomes free is planned again among the accounts that were not chosen, and they draw theirs in turn, so that
nobody's own lot decides whether they are compared, and nobody whose lot is to be left alone is contacted.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from datetime import date

import polars as pl

from winback.plan.columns import PlanTables, Resources, plan_columns, plan_program, plan_resources, worthwhile
from winback.plan.lots import EXPLORE, HOLDOUT, TREATED, Arm, Experiment, explorable_arms
from winback.plan.ranks import change_words, ranks
from winback.plan.solver import Solution, solve
from winback.plan.summary import plan_summary

N_ROUNDS = 4
"""Most plans of one week: with a tenth withheld, a thousandth of the minutes is still free after the third."""


@dataclass(frozen=True)
class PlanRules:
    """How a week is planned: its Monday, the minutes where none are stated, where greedy begins, and the experiment."""

    week_on: date
    default_weekly_minutes: int
    greedy_above_columns: int
    experiment: Experiment


@dataclass(frozen=True)
class WeekPlan:
    """Rows of `plan_assignments` and `plan_summary`."""

    assignments: pl.DataFrame
    summary: pl.DataFrame


def assign_week(tables: PlanTables, rules: PlanRules) -> WeekPlan:
    """The week's plan; the same tables in any order of rows give the same plan."""
    resources = plan_resources(tables, rules.default_weekly_minutes)
    rest, left = plan_columns(tables, resources), resources
    rounds: list[pl.DataFrame] = []
    solutions: list[Solution] = []
    for round_no in range(N_ROUNDS):
        chosen, solution = _plan(rest, left, rules, is_first=round_no == 0)
        drawn = _draw(chosen, tables, rules.experiment)
        fixed = drawn.filter(pl.col("assignment") == TREATED)
        withheld = drawn.filter(pl.col("assignment") == HOLDOUT)
        explored = _explore(drawn, rest, left.without(fixed), rules.experiment)
        rounds += [fixed, withheld, explored]
        solutions.append(solution)
        rest, left = rest.join(chosen, on="account_id", how="anti"), left.without(fixed).without(explored)
        if withheld.is_empty() and explored.is_empty():
            break
    rows = pl.concat(rounds, how="diagonal")
    listed = rows.filter(pl.col("assignment") != HOLDOUT)
    n_withheld = rows.height - listed.height
    return WeekPlan(
        _assignments(rows, tables, rules.week_on), plan_summary(solutions[0], resources, listed, n_withheld=n_withheld)
    )


def _plan(columns: pl.DataFrame, resources: Resources, rules: PlanRules, *, is_first: bool) -> tuple[pl.DataFrame, Solution]:
    """Chosen columns. Only the first plan is solved in full: what is planned again is a tenth of it and less."""
    useful = worthwhile(columns, resources)
    above = rules.greedy_above_columns if is_first else 0
    solution = solve(plan_program(useful, resources), greedy_above_columns=above)
    return useful[solution.chosen], solution


def _spells(tables: PlanTables) -> pl.DataFrame:
    return tables.lapses.select("account_id", "last_spend_on")


def _outside() -> list[pl.Expr]:
    """A row outside the experiment: treated because the plan says so."""
    return [
        pl.lit(TREATED).alias("assignment"),
        pl.lit(1.0).alias("assignment_prob"),
        pl.lit(1.0).alias("arm_prob"),
        pl.lit(None, pl.String).alias("experiment_id"),
    ]


def _draw(chosen: pl.DataFrame, tables: PlanTables, experiment: Experiment) -> pl.DataFrame:
    """The chosen rows with their assignment; whoever was in a lot in this silence, here or elsewhere, is treated outside of it."""
    rows = chosen.join(_spells(tables), on="account_id").sort("account_id")
    rows = rows.with_columns(*_outside(), planned_arm_no=pl.col("arm_no"))
    if not experiment.is_on:
        return rows
    new = rows.join(_in_a_lot_before(tables), on="account_id", how="anti")
    lots = [experiment.assignment(*row) for row in new.select("account_id", "last_spend_on").iter_rows()]
    drawn = new.with_columns(
        assignment=pl.Series("assignment", lots, pl.String),
        assignment_prob=pl.Series([experiment.probability(lot) for lot in lots], dtype=pl.Float64),
        experiment_id=pl.lit(experiment.name),
    )
    return pl.concat([rows.join(new, on="account_id", how="anti"), drawn])


def _in_a_lot_before(tables: PlanTables) -> pl.DataFrame:
    return tables.spell_history.filter(pl.col("experiment_id").is_not_null()).select("account_id").unique()


def _explore(drawn: pl.DataFrame, columns: pl.DataFrame, left: Resources, experiment: Experiment) -> pl.DataFrame:
    """The exploring rows with the arm that was drawn for them, under the representative of the plan."""
    rows = drawn.filter(pl.col("assignment") == EXPLORE)
    planned = rows.select(
        "account_id", "rep_id", "last_spend_on", "experiment_id", "assignment_prob", planned_arm_no="arm_no"
    )
    arms = columns.join(planned, on=["account_id", "rep_id"]).sort("account_id", "arm_no")
    entries = [
        (str(account), int(of_account["rep"][0]), _arms(of_account))
        for (account,), of_account in arms.partition_by("account_id", as_dict=True).items()
    ]
    sets = explorable_arms(entries, left)
    spells = dict(rows.select("account_id", "last_spend_on").iter_rows())
    draws = pl.DataFrame(
        [(a, experiment.arm(a, spells[a], arm_nos), len(arm_nos)) for a, arm_nos in sets.items()],
        schema={"account_id": pl.String, "arm_no": columns.schema["arm_no"], "n_arms": pl.Int64},
        orient="row",
    )
    return (
        arms.drop("n_arms")
        .join(draws, on=["account_id", "arm_no"])
        .with_columns(assignment=pl.lit(EXPLORE), arm_prob=1.0 / pl.col("n_arms"))
        .select(rows.columns)
    )


def _arms(rows: pl.DataFrame) -> list[Arm]:
    wanted = rows.select("arm_no", "minutes", "offer", "cost", is_planned=pl.col("arm_no") == pl.col("planned_arm_no"))
    return [Arm(*row) for row in wanted.iter_rows()]


def _assignments(rows: pl.DataFrame, tables: PlanTables, week_on: date) -> pl.DataFrame:
    versions = tables.plays.select("play_id", "play_version")
    full = (
        rows.join(versions, on="play_id", how="left")
        .join(change_words(tables, week_on), on="account_id", how="left")
        .sort("account_id")
    )
    is_listed = pl.col("assignment") != HOLDOUT
    return full.select(
        row_keys(full, week_on).alias("row_key"),
        "account_id",
        pl.lit(week_on).alias("week_on"),
        "rep_id",
        ranks(full),
        "play_id",
        "play_version",
        "offer_id",
        "minutes",
        "assignment",
        "assignment_prob",
        "arm_prob",
        "n_arms",
        "experiment_id",
        "plan_value_amount",
        "planned_arm_no",
        pl.when(is_listed).then(pl.col("change_word")).alias("change_word"),
    )


def row_keys(rows: pl.DataFrame, week_on: date) -> pl.Series:
    """Keys of playbook rows: 'R' and 15 base-32 characters of SHA-256 over week, account and play.

    They start with a letter so that no spreadsheet takes one for a number.
    """
    return pl.Series(
        "row_key",
        [_row_key(week_on.isoformat(), account, play) for account, play in rows.select("account_id", "play_id").iter_rows()],
        dtype=pl.String,
    )


def _row_key(*parts: str) -> str:
    digest = hashlib.sha256("\x1f".join(parts).encode()).digest()
    return "R" + base64.b32encode(digest).decode()[:15].replace("=", "")

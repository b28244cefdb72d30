"""Columns of the plan: what can be done for whom by which representative, and what it takes.

Belongs here: joining arms, values and representatives into columns, leaving out what cannot be in the best plan, and what there is
of every resource. Does not belong here: choosing among them (`winback.plan.solver`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import polars as pl

from winback.plan.program import COST_UNITS, Ints, Program

_KEY = ("account_id", "arm_no", "rep_id")


@dataclass(frozen=True)
class PlanTables:
    """What a week's plan is made from, as tables of these names hold it.

    `options` plan_options, `net_values` score_net_value, `reps` plan_reps, `capacities` rep_id and weekly_minutes of asof_reps,
    `plays` core_plays, `lapses` core_lapses, `history` core_treatments (assignments of earlier weeks).
    """

    options: pl.DataFrame
    net_values: pl.DataFrame
    reps: pl.DataFrame
    capacities: pl.DataFrame
    plays: pl.DataFrame
    lapses: pl.DataFrame
    history: pl.DataFrame

    @cached_property
    def spell_history(self) -> pl.DataFrame:
        """Earlier assignments within the account's present silence: those after its last purchase."""
        spells = self.lapses.select("account_id", spell_last_spend_on="last_spend_on")
        return self.history.join(spells, on="account_id").filter(pl.col("week_on") > pl.col("spell_last_spend_on"))


@dataclass(frozen=True)
class Resources:
    """Minutes per representative and limited budgets per offer; budgets in 1/10000 of the base currency."""

    rep_ids: tuple[str, ...]
    minutes: Ints
    offer_ids: tuple[str, ...]
    budgets: Ints

    def without(self, rows: pl.DataFrame) -> Resources:
        """What is left after `rows` (columns of the plan) are done."""
        minutes, budgets = self.minutes.copy(), self.budgets.copy()
        np.subtract.at(minutes, rows["rep"].to_numpy(), rows["minutes"].to_numpy())
        limited = rows.filter(pl.col("offer") >= 0)
        np.subtract.at(budgets, limited["offer"].to_numpy(), limited["cost"].to_numpy())
        return replace(self, minutes=minutes, budgets=budgets)


def plan_resources(tables: PlanTables, default_weekly_minutes: int) -> Resources:
    """What there is this week. A representative without stated minutes has the default; an offer without budget is not limited."""
    reps = (
        tables.reps.select("rep_id")
        .unique()
        .join(tables.capacities, on="rep_id", how="left")
        .with_columns(pl.col("weekly_minutes").cast(pl.Int64).fill_null(default_weekly_minutes))
        .sort("rep_id")
    )
    offers = (
        tables.options.filter(pl.col("offer_id").is_not_null() & pl.col("budget_amount").is_not_null())
        .group_by("offer_id")
        .agg(budget=pl.col("budget_amount").cast(pl.Float64).min())
        .sort("offer_id")
    )
    budgets = np.floor(np.maximum(offers["budget"].to_numpy(), 0) * COST_UNITS + 0.5).astype(np.int64)
    return Resources(
        tuple(reps["rep_id"].to_list()),
        reps["weekly_minutes"].to_numpy().copy(),
        tuple(offers["offer_id"].to_list()),
        budgets,
    )


def plan_columns(tables: PlanTables, resources: Resources) -> pl.DataFrame:
    """One row per account, feasible arm and eligible representative, in a total order.

    Beside what plan_options holds: plan_value_amount times the fit of the representative (1 for whoever listed the account last in
    this silence), `cost` (expected cost of the offer, 0 where its budget is not limited), `n_arms` of the account, and positions
    `rep` and `offer` in `resources` (-1: no limited offer).
    """
    fit = _fits(tables)
    values = tables.net_values.select("account_id", "arm_no", "plan_value_amount", "touched_prob")
    expected = pl.col("offer_cost_amount").cast(pl.Float64).fill_null(0) * pl.col("touched_prob").fill_null(1.0)
    return (
        _with_room(tables.options)
        .select("account_id", "arm_no", "play_id", "offer_id", "minutes", "lane", "offer_cost_amount")
        .join(values, on=["account_id", "arm_no"])
        .join(fit, on="account_id")
        .with_columns(
            pl.col("minutes").cast(pl.Int64),
            rep=_position(pl.col("rep_id"), resources.rep_ids),
            offer=_position(pl.col("offer_id"), resources.offer_ids).fill_null(-1),
            plan_value_amount=(pl.col("plan_value_amount").cast(pl.Float64) * pl.col("rep_fit")).round(4),
        )
        .with_columns(cost=pl.when(pl.col("offer") >= 0).then((expected * COST_UNITS).ceil()).otherwise(0).cast(pl.Int64))
        .with_columns(n_arms=pl.len().over("account_id", "rep_id").cast(pl.Int64))
        .drop("offer_cost_amount", "touched_prob", "rep_fit")
        .sort(_KEY)
    )


def worthwhile(columns: pl.DataFrame, resources: Resources) -> pl.DataFrame:
    """Columns that the best plan may need: worth 0 or more, within what is left, and not dominated.

    A column is dominated by another of the same account and representative that is worth no less and takes no more minutes and no
    more of any budget; of equal ones the first arm stays.
    """
    minutes, budgets = pl.Series(resources.minutes), pl.Series([*resources.budgets, 0])
    fitting = columns.filter(
        (pl.col("plan_value_amount") >= 0)
        & (pl.col("minutes") <= minutes.gather(columns["rep"]))
        & (pl.col("cost") <= budgets.gather(columns["offer"] % len(budgets)))
    )
    rival = fitting.select(
        "account_id",
        "rep_id",
        *(pl.col(c).alias(f"by_{c}") for c in ("arm_no", "minutes", "offer", "cost", "plan_value_amount")),
    )
    is_same = (pl.col("by_minutes") == pl.col("minutes")) & (pl.col("by_plan_value_amount") == pl.col("plan_value_amount"))
    beaten = fitting.join(rival, on=["account_id", "rep_id"]).filter(
        (pl.col("by_arm_no") != pl.col("arm_no"))
        & (pl.col("by_minutes") <= pl.col("minutes"))
        & (pl.col("by_plan_value_amount") >= pl.col("plan_value_amount"))
        & ((pl.col("by_cost") == 0) | ((pl.col("by_offer") == pl.col("offer")) & (pl.col("by_cost") <= pl.col("cost"))))
        & (~is_same | (pl.col("by_cost") < pl.col("cost")) | (pl.col("by_arm_no") < pl.col("arm_no")))
    )
    return fitting.join(beaten.select(_KEY).unique(), on=_KEY, how="anti").sort(_KEY)


def plan_program(columns: pl.DataFrame, resources: Resources) -> Program:
    """The program over `columns`, which are in their total order."""
    whole = columns.select("rep", "offer", "minutes", "cost").cast(pl.Int64)
    account = (columns["account_id"].rle_id()).cast(pl.Int64)
    return Program(
        account=account.to_numpy(),
        rep=whole["rep"].to_numpy(),
        offer=whole["offer"].to_numpy(),
        minutes=whole["minutes"].to_numpy(),
        cost=whole["cost"].to_numpy(),
        value=columns["plan_value_amount"].cast(pl.Float64).to_numpy(),
        minute_limit=resources.minutes,
        budget_limit=resources.budgets,
    )


def _with_room(options: pl.DataFrame) -> pl.DataFrame:
    """Arms that may be taken at all; tables without the two columns have no such limits."""
    for name in ("is_feasible", "contact_room"):
        if name in options.columns:
            options = options.filter(pl.col(name).cast(pl.Int64).fill_null(1) > 0)
    return options


def _fits(tables: PlanTables) -> pl.DataFrame:
    """Eligible representatives of each account with their fit; whoever listed it last in this silence fits fully."""
    last = (
        tables.spell_history.filter(pl.col("assignment") != "holdout")
        .sort("account_id", "week_on", "rep_id")
        .group_by("account_id", maintain_order=True)
        .agg(last_rep_id=pl.col("rep_id").last())
    )
    is_last = (pl.col("rep_id") == pl.col("last_rep_id")).fill_null(False)
    return (
        tables.reps.join(last, on="account_id", how="left")
        .with_columns(rep_fit=pl.when(is_last).then(1.0).otherwise(pl.col("rep_fit").cast(pl.Float64)))
        .select("account_id", "rep_id", "rep_fit")
    )


def _position(ids: pl.Expr, known: tuple[str, ...]) -> pl.Expr:
    return ids.replace_strict(list(known), list(range(len(known))), default=None, return_dtype=pl.Int64)

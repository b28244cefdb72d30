"""Small weeks to plan, written by hand or drawn."""

from dataclasses import dataclass, field, replace
from datetime import date, timedelta

import polars as pl

from winback.plan.columns import PlanTables
from winback.plan.lists import PlanRules, WeekPlan, assign_week
from winback.plan.lots import Experiment

WEEK = date(2026, 3, 2)
SILENT_SINCE = date(2026, 1, 5)
NO_LOT = Experiment("E1", 0.0, 0.0, b"salt")


@dataclass
class MadeWeek:
    """Arms are (account, arm, minutes, value, offer or None, cost); history is (account, week, rep, assignment, experiment)."""

    arms: list[tuple[str, int, int, float, str | None, float]]
    minutes: dict[str, int | None]
    reps: dict[str, dict[str, float]] = field(default_factory=dict)
    budgets: dict[str, float] = field(default_factory=dict)
    history: list[tuple[str, date, str, str, str | None]] = field(default_factory=list)
    lapsed_on: dict[str, date] = field(default_factory=dict)
    lanes: dict[int, str] = field(default_factory=dict)

    def tables(self) -> PlanTables:
        """The week as tables; accounts without representatives of their own have the first one."""
        accounts = sorted({arm[0] for arm in self.arms})
        first = next(iter(self.minutes))
        arms = [
            (*arm, self.budgets.get(arm[4] or ""), self.lanes.get(arm[1], "green"), f"play{arm[1]}") for arm in self.arms
        ]
        names = [
            "account_id",
            "arm_no",
            "minutes",
            "plan_value_amount",
            "offer_id",
            "offer_cost_amount",
            "budget_amount",
            "lane",
        ]
        schema = dict(zip([*names, "play_id"], _TYPES, strict=True))
        rows = pl.DataFrame(arms, schema=schema, orient="row")
        reps = [(a, r, fit) for a in accounts for r, fit in self.reps.get(a, {first: 1.0}).items()]
        return PlanTables(
            options=rows.drop("plan_value_amount"),
            net_values=rows.select("account_id", "arm_no", "plan_value_amount", touched_prob=pl.lit(None, pl.Float64)),
            reps=pl.DataFrame(
                reps, schema={"account_id": pl.String, "rep_id": pl.String, "rep_fit": pl.Float64}, orient="row"
            ),
            capacities=pl.DataFrame(
                {"rep_id": list(self.minutes), "weekly_minutes": list(self.minutes.values())},
                schema={"rep_id": pl.String, "weekly_minutes": pl.Int64},
            ),
            plays=pl.DataFrame({"play_id": [f"play{n}" for n in range(1, 9)]}).with_columns(play_version=pl.lit("1")),
            lapses=pl.DataFrame(
                {
                    "account_id": accounts,
                    "last_spend_on": [SILENT_SINCE] * len(accounts),
                    "lapsed_on": [self.lapsed_on.get(a, SILENT_SINCE + timedelta(days=20)) for a in accounts],
                },
                schema={"account_id": pl.String, "last_spend_on": pl.Date, "lapsed_on": pl.Date},
            ),
            history=pl.DataFrame(self.history, schema=_HISTORY, orient="row"),
        )

    def plan(self, experiment: Experiment = NO_LOT, *, greedy_above_columns: int = 200_000) -> WeekPlan:
        """The week's plan."""
        return assign_week(self.tables(), PlanRules(WEEK, 600, greedy_above_columns, experiment))


_TYPES = [pl.String, pl.Int64, pl.Int64, pl.Float64, pl.String, pl.Float64, pl.Float64, pl.String, pl.String]
_HISTORY = {
    "account_id": pl.String,
    "week_on": pl.Date,
    "rep_id": pl.String,
    "assignment": pl.String,
    "experiment_id": pl.String,
}


def simple_week(n_accounts: int, listed: int, n_arms: int = 1) -> MadeWeek:
    """One representative with room for `listed` of the accounts, ten minutes each; later accounts are worth less."""
    arms = [
        (f"A{n:05d}", arm, 10, float(n_accounts - n) + (arm == 1), None, 0.0)
        for n in range(n_accounts)
        for arm in range(1, n_arms + 1)
    ]
    return MadeWeek(arms, {"r": 10 * listed})


def shuffled(tables: PlanTables, seed: int) -> PlanTables:
    """The same tables with their rows in another order."""
    names = ("options", "net_values", "reps", "capacities", "plays", "lapses", "history")
    return replace(tables, **{name: getattr(tables, name).sample(fraction=1.0, shuffle=True, seed=seed) for name in names})

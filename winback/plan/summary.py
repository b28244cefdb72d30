"""What the week's plan comes to: value, bound, and how each limit was used.

Belongs here: the rows of `plan_summary`. Does not belong here: the plan itself.
"""

from __future__ import annotations

import polars as pl

from winback.plan.columns import Resources
from winback.plan.program import COST_UNITS
from winback.plan.solver import Solution

SCHEMA = {
    "constraint_kind": pl.String,
    "constraint_id": pl.String,
    "capacity": pl.Float64,
    "used": pl.Float64,
    "shadow_price_amount": pl.Float64,
    "n_listed": pl.Int64,
    "n_withheld": pl.Int64,
    "listed_value_amount": pl.Float64,
    "plan_value_amount": pl.Float64,
    "bound_amount": pl.Float64,
    "gap_share": pl.Float64,
    "method": pl.String,
}


def plan_summary(solution: Solution, resources: Resources, listed: pl.DataFrame, *, n_withheld: int) -> pl.DataFrame:
    """One row for the plan, one per representative (minutes, price of an hour) and one per limited offer (price of a unit).

    Value, bound and gap are those of the plan before the lot; what is used and listed is what the lists hold after it.
    """
    whole = {
        "constraint_kind": "plan",
        "constraint_id": "week",
        "capacity": float(resources.minutes.sum()),
        "used": float(listed["minutes"].sum()),
        **_listed(listed),
        "n_withheld": n_withheld,
        "plan_value_amount": round(solution.value, 4),
        "bound_amount": round(solution.bound, 4),
        "gap_share": solution.gap_share,
        "method": solution.method,
    }
    rows = [whole, *_rep_rows(solution, resources, listed), *_offer_rows(solution, resources, listed)]
    return pl.DataFrame(rows, schema=SCHEMA)


def _rep_rows(solution: Solution, resources: Resources, listed: pl.DataFrame) -> list[dict[str, object]]:
    rows = []
    for at, rep_id in enumerate(resources.rep_ids):
        own = listed.filter(pl.col("rep") == at)
        price = {"shadow_price_amount": round(float(solution.prices.minute[at]) * 60, 4)}
        used = {"capacity": float(resources.minutes[at]), "used": float(own["minutes"].sum())}
        rows.append({"constraint_kind": "rep", "constraint_id": rep_id, **used, **price, **_listed(own)})
    return rows


def _offer_rows(solution: Solution, resources: Resources, listed: pl.DataFrame) -> list[dict[str, object]]:
    rows = []
    for at, offer_id in enumerate(resources.offer_ids):
        own = listed.filter(pl.col("offer") == at)
        price = {"shadow_price_amount": round(float(solution.prices.budget[at]), 4)}
        used = {"capacity": float(resources.budgets[at]) / COST_UNITS, "used": float(own["cost"].sum()) / COST_UNITS}
        rows.append({"constraint_kind": "offer", "constraint_id": offer_id, **used, **price, **_listed(own)})
    return rows


def _listed(rows: pl.DataFrame) -> dict[str, object]:
    return {"n_listed": rows.height, "listed_value_amount": round(float(rows["plan_value_amount"].sum()), 4)}

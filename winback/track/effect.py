"""Treated against holdout, by assignment: the rows of `track_effect`.

Belongs here: the comparison per experiment and week and in total, and what travels with it as a warning. Does not belong here:
which rows are compared (`track_units`), the intervals (`shares`, `means`), the check of the lot (`lot_ratio`).

The lot is drawn per lapse, so units are independent of each other in their assignment, and no clustering by account is needed. All
units count where the lot put them, worked or not, contaminated or not. Only units whose horizon has passed are compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np
import polars as pl

from winback.track.frames import contract_frame
from winback.track.lot_ratio import LotRatio
from winback.track.means import difference_of_means, weighted_mean
from winback.track.shares import newcombe
from winback.uplift.experiment import Vector

MIN_UNITS_FOR_SHARES = 10
"""Fewest units on either side at which shares and their difference are shown."""

MIN_UNITS_FOR_AMOUNTS = 30
"""Fewest units on either side at which amounts are shown: a few large buyers decide a mean of less."""

_SIDES = ("treated", "holdout")
_AMOUNTS = {"spend": "horizon_amount", "second": "second_amount"}
_DIGITS = 6


def effect_rows(units: pl.DataFrame, ratios: Sequence[LotRatio], as_of_on: date) -> pl.DataFrame:
    """Rows of `track_effect` from those of `track_units` and the checks of the lot.

    An experiment without any logged chance is compared all the same, as `observational`; where only some rows lack one, they are
    left out.
    """
    compared = units.filter(pl.col("assignment").is_in(_SIDES)).sort("experiment_id", "week_on", "row_key")
    checks = {ratio.experiment_id: ratio for ratio in ratios}
    found: list[dict[str, Any]] = []
    for (name,), rows in compared.partition_by("experiment_id", as_dict=True, maintain_order=True).items():
        base = {"as_of_on": as_of_on, "experiment_id": name}
        is_logged = bool((rows["assignment_prob"] > 0).any())
        found.append(base | {"effect_scope": "total"} | _row(rows, checks.get(str(name)), is_logged=is_logged))
        for (week_on,), week in rows.partition_by("week_on", as_dict=True, maintain_order=True).items():
            found.append(base | {"effect_scope": "week", "week_on": week_on} | _row(week, None, is_logged=is_logged))
    return contract_frame("track_effect", found)


def _row(rows: pl.DataFrame, ratio: LotRatio | None, *, is_logged: bool) -> dict[str, Any]:
    has_chance = (pl.col("assignment_prob") > 0).fill_null(value=False)
    used = rows.filter(pl.col("is_settled") & (has_chance | pl.lit(not is_logged)))
    sides = {side: used.filter(pl.col("assignment") == side) for side in _SIDES}
    weights = {side: _weights(side_rows, is_logged=is_logged) for side, side_rows in sides.items()}
    row = {
        "effect_status": "experimental" if is_logged else "observational",
        **{f"n_{side}": side_rows.height for side, side_rows in sides.items()},
        **{f"n_{side}_returned": int(side_rows["has_returned"].sum()) for side, side_rows in sides.items()},
        "n_contaminated": int(sides["holdout"]["is_contaminated"].sum()),
        "n_open": rows.filter(~pl.col("is_settled")).height,
        "n_unlogged": rows.filter(~has_chance).height,
        "is_weighted": any(bool(np.ptp(w) > 0) for w in weights.values() if len(w)),
        "lot_ratio_prob": ratio.p_value if ratio else None,
    }
    fewest = min(side_rows.height for side_rows in sides.values())
    row |= _shares(sides, weights) if fewest >= MIN_UNITS_FOR_SHARES else {}
    row |= _amounts(sides, weights) if fewest >= MIN_UNITS_FOR_AMOUNTS else {}
    return row | {"usage_warning": _warning(row, ratio), "hidden_reason": _hidden_reason(fewest)}


def _weights(rows: pl.DataFrame, *, is_logged: bool) -> Vector:
    """One over the chance of the assignment; all the same without chances."""
    return 1 / rows["assignment_prob"].to_numpy() if is_logged else np.ones(rows.height)


def _shares(sides: dict[str, pl.DataFrame], weights: dict[str, Vector]) -> dict[str, float]:
    treated, holdout = (weighted_mean(sides[s]["has_returned"].cast(pl.Float64).to_numpy(), weights[s]) for s in _SIDES)
    difference = newcombe(treated.value, treated.share_n, holdout.value, holdout.share_n)
    figures = {
        "treated_return_share": treated.value,
        "holdout_return_share": holdout.value,
        "return_difference_share": difference.value,
        "return_difference_low_share": difference.low,
        "return_difference_high_share": difference.high,
    }
    return {name: round(value, _DIGITS) for name, value in figures.items()}


def _amounts(sides: dict[str, pl.DataFrame], weights: dict[str, Vector]) -> dict[str, float]:
    rows = pl.concat([sides[s] for s in _SIDES])
    weight = np.concatenate([weights[s] for s in _SIDES])
    is_treated = (rows["assignment"] == "treated").to_numpy()
    week = rows["week_on"].rank("dense").to_numpy().astype(np.int64)
    found: dict[str, float] = {}
    for name, column in _AMOUNTS.items():
        amounts = rows[column].cast(pl.Float64).to_numpy()
        difference = difference_of_means(amounts, weight, is_treated, week)
        found |= {
            f"treated_{name}_amount": weighted_mean(amounts[is_treated], weight[is_treated]).value,
            f"holdout_{name}_amount": weighted_mean(amounts[~is_treated], weight[~is_treated]).value,
            f"{name}_difference_amount": difference.value,
            f"{name}_difference_low_amount": difference.low,
            f"{name}_difference_high_amount": difference.high,
        }
    return found


def _warning(row: dict[str, Any], ratio: LotRatio | None) -> str | None:
    said = {
        "not_by_lot": row["effect_status"] == "observational",
        "lot_ratio_mismatch": ratio is not None and ratio.is_mismatch,
        "rows_without_chance_left_out": row["effect_status"] == "experimental" and row["n_unlogged"] > 0,
        "contaminated": row["n_contaminated"] > 0,
        "small_sample": min(row["n_treated"], row["n_holdout"]) < MIN_UNITS_FOR_AMOUNTS,
    }
    return ";".join(word for word, holds in said.items() if holds) or None


def _hidden_reason(fewest: int) -> str | None:
    if fewest >= MIN_UNITS_FOR_AMOUNTS:
        return None
    shown = "amounts are" if fewest >= MIN_UNITS_FOR_SHARES else "shares and amounts are"
    return (
        f"{fewest} settled unit(s) on the smaller side: {shown} hidden; shares need {MIN_UNITS_FOR_SHARES} and amounts "
        f"{MIN_UNITS_FOR_AMOUNTS} on either side"
    )

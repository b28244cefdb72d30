"""How many returns a level of model needs, and which level a log has enough for.

Belongs here: the published minimums. Does not belong here: what the levels do.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from winback.survival.landmark_rows import labels

MIN_ACCOUNTS = {"kaplan_meier": 20, "cox": 100, "stacked": 400}
"""Fewest accounts that returned within the horizon, and fewest that did not, per level. With 40 columns after scaling, 100
returns carry a penalised Cox fit; trees and learned weights want several hundred."""

MIN_LANDMARKS = 2
"""Fewest landmarks with seen labels from which families are judged out of time."""


@dataclass(frozen=True)
class Sufficiency:
    """The level that the rows are enough for ("rules": none), and why no higher one, in words."""

    level: str
    reason: str


def enough_for(rows: pl.DataFrame, horizon_days: int) -> Sufficiency:
    """Judge landmark rows by the accounts that returned within the horizon and those that did not."""
    returned, weights = labels(rows, horizon_days)
    seen = rows.filter(pl.Series(weights > 0)).with_columns(is_return=pl.Series(returned[weights > 0] > 0))
    n_returned = seen.filter(pl.col("is_return"))["account_id"].n_unique()
    n_silent = seen.filter(~pl.col("is_return"))["account_id"].n_unique()
    n_landmarks = seen["as_of_on"].n_unique()
    level = "rules"
    for name, least in MIN_ACCOUNTS.items():
        wants_landmarks = MIN_LANDMARKS if name == "stacked" else 1
        if min(n_returned, n_silent) < least or n_landmarks < wants_landmarks:
            return Sufficiency(
                level,
                f"level {name} wants {least} accounts that returned within {horizon_days} days, as many that did not, and "
                f"{wants_landmarks} landmark(s); there are {n_returned}, {n_silent} and {n_landmarks}",
            )
        level = name
    return Sufficiency(level, f"{n_returned} accounts returned within {horizon_days} days, {n_silent} did not")

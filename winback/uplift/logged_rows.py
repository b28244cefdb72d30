"""Assignments whose chances were logged: the only rows that tell what a contact changes.

Belongs here: which assignments belong to the test, and the test as arrays. Does not belong here: learning from it
(`weekly_model`), contacts without logged chances (`family_rates`).

The contrast is contacted against held back, by intention to treat: a row counts where the lot put it, worked or not. How plays and
offers differ is learned among the contacted alone (`arm_response`).
"""

from __future__ import annotations

import numpy as np
import polars as pl

from winback.survival.gap_curve import Z_80
from winback.uplift.experiment import Experiment

ARMS = ("held back", "contacted")

MIN_ROWS_PER_SIDE = 200
"""Fewest accounts contacted, and fewest held back, for an experimental figure: with a tenth returning, the effect is then known to
about six points at worst."""

MIN_RETURNS_PER_SIDE = 30
"""Fewest returns on each side: with fewer, models per side tell no direction apart."""


def has_logged_chances(treatments: pl.DataFrame) -> bool:
    """Whether any assignment has its chance and its experiment logged."""
    return treatments.filter(_is_logged()).height > 0


def logged_rows(treatments: pl.DataFrame) -> pl.DataFrame:
    """Settled rows of `core_treatments` inside an experiment, the first of each account and lapse; sorted by week and account.

    Later rows of the same lapse are left out: who was contacted and came back has none, so they would compare the stubborn with
    everybody. Adds `is_contact` and `held_prob`, the logged chance of being held back. Experiments without a holdout have no
    contrast and are left out; of several shares held back the one that most rows have is kept.
    """
    known = treatments.filter(_is_logged() & pl.col("is_settled") & pl.col("has_returned").is_not_null())
    held = (
        known.filter(pl.col("assignment") == "holdout")
        .group_by("experiment_id")
        .agg(held_prob=pl.col("assignment_prob").mean().round(6))
    )
    rows = known.join(held, on="experiment_id", how="inner").filter(pl.col("held_prob").is_between(0, 1, closed="none"))
    first = rows.sort("week_on", "row_key").unique(
        ["account_id", "last_spend_on", "experiment_id"], keep="first", maintain_order=True
    )
    shares = first.group_by("held_prob").len().sort("len", "held_prob", descending=[True, False])
    return (
        first.join(shares.head(1).select("held_prob"), on="held_prob", how="semi")
        .with_columns(is_contact=pl.col("assignment") != "holdout")
        .sort("week_on", "account_id", "row_key")
    )


def sides(rows: pl.DataFrame) -> dict[bool, tuple[int, int]]:
    """Rows and returns of the contacted (True) and of those held back (False)."""
    found = {False: (0, 0), True: (0, 0)}
    counted = rows.group_by("is_contact").agg(n=pl.len(), returned=pl.col("has_returned").sum())
    return found | {bool(c): (int(n), int(r)) for c, n, r in counted.iter_rows()}


def held_rate(rows: pl.DataFrame) -> tuple[float, float] | None:
    """Rate of return of those held back, from Jeffreys' prior, and half the width of its 80 % interval; None without any."""
    n, returned = sides(rows)[False]
    if n == 0:
        return None
    rate = (returned + 0.5) / (n + 1)
    return rate, Z_80 * float(np.sqrt(rate * (1 - rate) / (n + 2)))


def enough_for(rows: pl.DataFrame) -> tuple[bool, str]:
    """Whether `logged_rows` are enough for an experimental figure, and the counts in words."""
    (n_held, r_held), (n_contact, r_contact) = (sides(rows)[side] for side in (False, True))
    words = (
        f"{n_contact} settled accounts contacted by lot ({r_contact} returned) and {n_held} held back ({r_held} returned); "
        f"experimental figures want {MIN_ROWS_PER_SIDE} and {MIN_RETURNS_PER_SIDE} on each side"
    )
    return min(n_held, n_contact) >= MIN_ROWS_PER_SIDE and min(r_held, r_contact) >= MIN_RETURNS_PER_SIDE, words


def as_experiment(rows: pl.DataFrame, outcome: str = "has_returned") -> Experiment:
    """The test as arrays, clustered by account; `outcome` is a column of `rows` (a flag or an amount)."""
    held = float(rows["held_prob"][0])
    return Experiment(
        arm_names=ARMS,
        arm=rows["is_contact"].cast(pl.Int64).to_numpy(),
        outcome=rows[outcome].cast(pl.Float64).to_numpy(),
        cluster=rows["account_id"].rank("dense").cast(pl.Int64).to_numpy() - 1,
        costs=np.zeros(len(ARMS)),
        shares=np.array([held, 1 - held]),
        rows=pl.DataFrame(),
        n_without_arm=0,
        n_without_outcome=0,
        n_without_cluster=0,
    )


def _is_logged() -> pl.Expr:
    return pl.col("assignment_prob").is_not_null() & pl.col("experiment_id").is_not_null()

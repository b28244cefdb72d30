"""What is known of an account at its return, as numbers for models of the duration.

Belongs here: the feature list and how each is made from the columns of `core_second_lifetimes` or `core_lapse_histories`.
Does not belong here: scaling, fitting. Amounts are left out on purpose: so the value of a return never falls where an account
that is otherwise alike spent more.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

Vector = npt.NDArray[np.float64]

FEATURES = (
    "log_cover_days",
    "log_lapsed_days",
    "log_first_lifetime_days",
    "log_purchase_days",
    "log_earlier_lapses",
    "is_single",
    "is_contract",
    "is_unpaid",
    "is_after_touch",
)
"""Features in order. Counts and days as log(1 + x); flags as 0 or 1, a missing flag as 0."""


def fact_matrix(frame: pl.DataFrame) -> Vector:
    """Features of every row, shape (rows, `FEATURES`)."""
    return (
        frame.select(
            _log("cover_days").alias("log_cover_days"),
            _log("lapsed_days").alias("log_lapsed_days"),
            _log("first_lifetime_days").alias("log_first_lifetime_days"),
            _log("n_earlier_purchase_days").alias("log_purchase_days"),
            _log("n_earlier_lapses").alias("log_earlier_lapses"),
            pl.col("mean_gap_days").is_null().cast(pl.Float64).alias("is_single"),
            (pl.col("lapse_basis") == "paid_through").cast(pl.Float64).alias("is_contract"),
            _flag("is_unpaid"),
            _flag("is_after_touch"),
        )
        .select(FEATURES)
        .to_numpy()
        .astype(np.float64)
    )


def _log(column: str) -> pl.Expr:
    return pl.col(column).cast(pl.Float64).log1p()


def _flag(column: str) -> pl.Expr:
    return pl.col(column).fill_null(False).cast(pl.Float64)

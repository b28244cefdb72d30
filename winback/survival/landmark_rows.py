"""Rows of landmarks as the models take them: outcomes, weights, accounts.

Belongs here: which rows a model may learn from, and their labels at a horizon. Does not belong here: making the rows
(`snapshots`), models.
"""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt
import polars as pl

from winback.evaluation.censoring import followed_share, known_weights
from winback.survival.btyd import PurchaseCounts, Vector

OUTCOMES = ("time_days", "has_returned", "seen_days", "is_touched", "is_closed")
"""Columns of a landmark that lie in its future."""

Flags = npt.NDArray[np.bool_]


def learnable(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows whose untouched future was seen for at least a day; sorted by landmark and account."""
    return rows.filter((pl.col("time_days") >= 1) & (pl.col("seen_days") >= 1)).sort("as_of_on", "account_id")


def labels(rows: pl.DataFrame, horizon_days: int) -> tuple[Vector, Vector]:
    """Returned within the horizon (0 or 1), and how much each row counts.

    A row whose landmark lies less than the horizon before the data's end counts 0; of the others, those censored by a touch
    count 0 and the rest stand for them (inverse probability of censoring). A closed business has not returned.
    """
    time, returned = rows["time_days"].to_numpy(), rows["has_returned"].to_numpy()
    weights = np.zeros(rows.height)
    is_seen = (rows["seen_days"] >= horizon_days).to_numpy()
    if is_seen.any():
        followed = followed_share(time[is_seen], returned[is_seen])
        weights[is_seen] = known_weights(time[is_seen], returned[is_seen], horizon_days, followed)
    return (returned & (time <= horizon_days)).astype(np.float64), weights


def account_folds(rows: pl.DataFrame, n_folds: int) -> npt.NDArray[np.int64]:
    """Fold of each row, 0 to n_folds - 1; all rows of an account share one."""
    return (rows["account_id"].rank("dense").cast(pl.Int64).to_numpy() - 1) % n_folds


def landmark_numbers(rows: pl.DataFrame) -> npt.NDArray[np.int64]:
    """Number of each row's landmark, from 0 in order of time."""
    return (rows["as_of_on"].rank("dense").cast(pl.Int64) - 1).to_numpy()


COUNT_COLUMNS = ("n_purchase_days", "active_span_days", "tenure_days")
"""Columns that `purchase_counts` reads."""


def purchase_counts(rows: pl.DataFrame) -> PurchaseCounts:
    """The counts that buy-till-you-die models read."""
    n_days, span, tenure = (rows[name].cast(pl.Float64).to_numpy() for name in COUNT_COLUMNS)
    return PurchaseCounts(n_days - 1, span, tenure)


def data_hash(rows: pl.DataFrame) -> str:
    """SHA-256 of the rows' content, columns in alphabetic order."""
    ordered = rows.select(sorted(rows.columns)).sort("as_of_on", "account_id")
    return hashlib.sha256(ordered.write_csv().encode()).hexdigest()

"""What an outcome would be under an arm, as the doubly robust estimate needs it.

Belongs here: one ridge regression over units and arms, cross-fitted by account. Does not belong here: the estimate itself.

The prediction only narrows the interval: with logged chances the estimate is right on average however bad it is. So the model is
plain: silence, the age of the assignment, whether touched, whether offered, which play and offer.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from winback.uplift.experiment import Codes, Matrix, Vector
from winback.uplift.linear import Linear

N_FOLDS = 5
_SEED = 19


def folds_by_account(accounts: pl.Series) -> tuple[Codes, Codes]:
    """Fold of each row, all rows of an account in one, and the account's number."""
    names, account = np.unique(accounts.to_numpy().astype(str), return_inverse=True)
    order = np.random.default_rng(_SEED).permutation(len(names)) % N_FOLDS
    return order[account], account


class OutcomeModel:
    """The expected outcome under an arm, from models of which none saw the account it is asked about.

    `logged`: rows of `logged_units`; `outcome`: one figure each; `fold`: as `folds_by_account` deals them.
    """

    def __init__(self, logged: pl.DataFrame, outcome: Vector, fold: Codes) -> None:
        given = logged.select(is_touched=pl.col("assignment") != "holdout", play_id="play_id", offer_id="offer_id")
        touched = given.filter("is_touched")
        self._names = [(c, v) for c in ("play_id", "offer_id") for v in touched[c].drop_nulls().unique().sort().to_list()]
        self._account, self._fold = _account_columns(logged), fold
        x = self._columns(given)
        self._models = {int(k): Linear(x[fold != k], outcome[fold != k], is_binary=False) for k in np.unique(fold)}

    def under(self, targets: pl.DataFrame) -> Vector:
        """The expected outcome of every row under its target, in the unit of the outcome."""
        aimed = targets.select(
            is_touched=pl.col("target") != "holdout", play_id="target_play_id", offer_id="target_offer_id"
        )
        x, found = self._columns(aimed), np.empty(len(self._fold))
        for k, model in self._models.items():
            found[self._fold == k] = model(x[self._fold == k])
        return found

    def _columns(self, arms: pl.DataFrame) -> Matrix:
        touched = arms["is_touched"].to_numpy().astype(np.float64)
        flags = [touched * (arms[column] == value).fill_null(value=False).to_numpy() for column, value in self._names]
        return np.column_stack([self._account, touched, touched * self._account[:, 0], *flags])


def _account_columns(logged: pl.DataFrame) -> Matrix:
    silence = np.log1p(logged["silence_days"].fill_null(0).to_numpy().astype(np.float64))
    week = (logged["week_on"] - logged["week_on"].min()).dt.total_days().to_numpy() / 7.0
    return np.column_stack([silence, silence**2, week])

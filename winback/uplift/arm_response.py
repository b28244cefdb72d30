"""How plays and offers differ in what they do, beside what a contact does for the account.

Belongs here: what the arm given adds to an account's chance once contacted, whether that holds out of fold, and an account's uplift
moved to one arm. Does not belong here: the account's uplift (`weekly_model`), files, tables.

One penalised logistic regression on the contacted rows of the lots, from each account's own chance once contacted. Columns are
centred, so the average arm carries the account's uplift, and the ridge draws an arm with few rows back to it. It is used only where
it pays: on rows whose arm a lot gave, out of fold, taking arms by the odds the model gives them instead of with equal chances must
bring more returns by more than a standard error.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import polars as pl

from winback.propensity.families import Inputs, TouchRows
from winback.propensity.family_logistic import FAMILY, FittedLogistic, fit
from winback.survival.btyd import Matrix
from winback.survival.curves import inverse_logit, logit
from winback.survival.design import Design, fit_design
from winback.survival.gap_curve import Z_80
from winback.survival.landmark_rows import account_folds
from winback.uplift.experiment import Flags, Vector
from winback.uplift.influence import SHARED_ROWS_FACTOR, Estimate, estimate

ARM_FEATURES = (
    "play_channel", "offer_kind", "is_price_offer", "offer_amount_share", "offer_discount_share", "is_reason_matched",
    "is_asking",
)  # fmt: skip
"""What arms are told apart by: channel, kind and size of the offer, whether it answers the reason, whether the play asks."""

MIN_DRAWN_ROWS = 100
"""Fewest contacted rows whose arm a lot gave: what arms do is judged on them alone, since the plan's own choice of an arm goes with
the account."""

MIN_RETURNS = 20
"""Fewest returns among the contacted, and fewest of them that did not return."""

_N_FOLDS = 5
_LEAST_CHANCE = 1e-3


@dataclass(frozen=True)
class ArmResponse:
    """What arms add on the log-odds scale. `gain`: returns per contact that taking arms by it adds, out of fold."""

    design: Design
    logistic: FittedLogistic
    gain: Estimate
    n_drawn: int

    def moved(
        self, rows: pl.DataFrame, untouched: Vector, uplift: tuple[Vector, Vector, Vector]
    ) -> tuple[Vector, Vector, Vector]:
        """Uplift, low and high of accounts, each moved to the row's arm; unmoved where the chance if left alone is NaN.

        `rows` has the columns of ARM_FEATURES. The interval adds what the arms' figures are unsure by, in squares.
        """
        value, low, high = uplift
        matrix = self.design.matrix(rows)
        odds = logit(np.clip(untouched + value, _LEAST_CHANCE, 1 - _LEAST_CHANCE))
        base, touched = inverse_logit(odds), inverse_logit(odds + arm_odds(self.logistic, matrix))
        reach = Z_80 * _arm_spread(self.logistic, matrix) * touched * (1 - touched)
        moved = value + touched - base
        is_known = np.isfinite(untouched)

        def kept(new: Vector, old: Vector) -> Vector:
            return np.asarray(np.where(is_known, np.clip(new, -1, 1), old))

        below, above = np.hypot(value - low, reach), np.hypot(high - value, reach)
        return kept(moved, value), kept(moved - below, low), kept(moved + above, high)

    def as_json(self) -> dict[str, Any]:
        """Plain data."""
        gain = {name: getattr(self.gain, name) for name in ("value", "low", "high", "standard_error")}
        return {
            "design": self.design.as_json(),
            "logistic": self.logistic.as_json(),
            "gain": gain,
            "n_drawn": self.n_drawn,
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """From `as_json`."""
        logistic = FAMILY.from_json(data["logistic"], {})
        assert isinstance(logistic, FittedLogistic)
        return cls(Design.from_json(data["design"]), logistic, Estimate(**data["gain"]), data["n_drawn"])


def fit_arms(arms: pl.DataFrame, expected: Vector, returned: Vector, is_drawn: Flags) -> tuple[ArmResponse | None, str]:
    """What the arms given to contacted rows add to `expected`, and in words whether it is used; None where it is not.

    `arms`: account_id and ARM_FEATURES of the contacted rows; `expected`: the chance of a return once contacted of each row's
    account, by models that had not seen it; `is_drawn`: whether a lot gave the arm.
    """
    n_drawn, n_returned = int(is_drawn.sum()), int(returned.sum())
    if n_drawn < MIN_DRAWN_ROWS or min(n_returned, len(returned) - n_returned) < MIN_RETURNS:
        return None, f"every play and offer alike: {n_drawn} arms were given by lot, {MIN_DRAWN_ROWS} are needed"
    design = fit_design(arms.select(ARM_FEATURES))
    if not design.columns:
        return None, "every play and offer alike: all contacts had the same arm"
    alone = logit(np.clip(expected, _LEAST_CHANCE, 1 - _LEAST_CHANCE))
    rows = TouchRows(arms, Inputs(design.matrix(arms), alone), returned)
    gain = _gain(rows, expected, is_drawn)
    told = f"arms by what they add bring {gain.value:+.4f} returns a contact out of fold, error {gain.standard_error:.4f}"
    if gain.value <= gain.standard_error:
        return None, f"every play and offer alike: {told}"
    return ArmResponse(design, fit(rows), gain, n_drawn), f"plays and offers told apart: {told}"


def arm_odds(logistic: FittedLogistic, matrix: Matrix) -> Vector:
    """Log-odds that the arm adds to the average arm's."""
    return np.asarray(matrix @ logistic.coefficients[2:])


def _arm_spread(logistic: FittedLogistic, matrix: Matrix) -> Vector:
    covariance = logistic.covariance[2:, 2:]
    return np.asarray(np.sqrt(np.maximum(np.einsum("ij,jk,ik->i", matrix, covariance, matrix), 0)))


def _gain(rows: TouchRows, expected: Vector, is_drawn: Flags) -> Estimate:
    """Returns per contact when arms are taken by their odds, less those under equal chances, on rows with an arm by lot.

    Each row counts as many times as its arm would be taken; what the account itself would do is taken off first.
    """
    fold = account_folds(rows.frame, _N_FOLDS)
    odds = np.zeros(len(expected))
    for k in range(_N_FOLDS):
        seen, judged = rows.at(fold != k), fold == k
        if 0 < seen.returned.sum() < len(seen.returned):
            odds[judged] = arm_odds(fit(seen), rows.inputs.matrix[judged])
    weight, surplus = np.exp(odds[is_drawn]), (rows.returned - expected)[is_drawn]
    weight = weight / weight.mean()
    influence = (weight - 1) * (surplus - surplus.mean())
    value = float(influence.mean())
    return estimate(value, SHARED_ROWS_FACTOR * (influence - value) / len(influence), rows.accounts[is_drawn])

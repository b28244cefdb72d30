"""The buy-till-you-die family: BG/NBD and modified BG/NBD fitted to times to return.

Belongs here: the family's interface around `btyd`, and when it steps aside. Does not belong here: the likelihoods. It is also
the family that allows a share who never return: those who have dropped out.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np

from winback.survival.btyd import BuyTillDie, Matrix, Vector, fit_returns
from winback.survival.families import DesignedRows, Family, FamilyStepsAsideError, FittedFamily
from winback.survival.landmark_rows import purchase_counts


@dataclass(frozen=True)
class FittedBuyTillDie:
    """One parameter set for all accounts."""

    model: BuyTillDie

    def return_probs(self, rows: DesignedRows, days: Vector) -> Matrix:
        """As `FittedFamily`."""
        return self.model.return_probs(purchase_counts(rows.frame), np.asarray(days, dtype=np.float64))

    def never_probs(self, rows: DesignedRows) -> Vector:
        """P(dropped out for good)."""
        return 1 - self.model.alive_probs(purchase_counts(rows.frame))

    def as_json(self) -> dict[str, Any]:
        """As `FittedFamily`."""
        return asdict(self.model)

    def attachments(self) -> dict[str, bytes]:
        """As `FittedFamily`."""
        return {}


def fit(rows: DesignedRows, *, is_modified: bool) -> FittedBuyTillDie:
    """Fit on times to return, censored at the longest horizon. Raises FamilyStepsAsideError if the parameters degenerate."""
    time = rows.frame["time_days"].to_numpy().astype(np.float64)
    longest = float(rows.horizons_days[-1])
    has_returned = rows.frame["has_returned"].to_numpy() & (time <= longest)
    counts = purchase_counts(rows.frame)
    model = fit_returns(counts, np.minimum(time, longest), has_returned, is_modified=is_modified)
    if model.is_degenerate:
        shown = ", ".join(f"{k} {v:.3g}" for k, v in asdict(model).items() if k != "is_modified")
        raise FamilyStepsAsideError(f"its parameters ran to a bound ({shown}): the log is too short or too even for it")
    r, alpha, a, b = (float(f"{v:.9g}") for v in (model.r, model.alpha, model.a, model.b))
    return FittedBuyTillDie(BuyTillDie(r, alpha, a, b, is_modified))


def _from_json(data: dict[str, Any], attachments: dict[str, bytes]) -> FittedFamily:
    return FittedBuyTillDie(BuyTillDie(**data))


BG_NBD = Family("bg_nbd", partial(fit, is_modified=False), _from_json)
MBG_NBD = Family("mbg_nbd", partial(fit, is_modified=True), _from_json)

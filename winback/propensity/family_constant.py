"""The families of one number: the base rate, and the chance if left alone moved by the same log-odds for all.

Belongs here: their fit. Does not belong here: which family is used (`champion`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from winback.propensity.families import BASE_RATE, SHIFTED, Family, FittedFamily, Inputs, TouchRows
from winback.survival.btyd import Vector
from winback.survival.curves import inverse_logit

_DIGITS = 9
_FURTHEST = 30.0


@dataclass(frozen=True)
class FittedConstant:
    """`odds`, plus the log-odds if left alone where `is_over_alone`."""

    odds: float
    is_over_alone: bool

    def log_odds(self, inputs: Inputs) -> Vector:
        """As `FittedFamily`."""
        return self.odds + (inputs.alone if self.is_over_alone else np.zeros(len(inputs.alone)))

    def as_json(self) -> dict[str, Any]:
        """As `FittedFamily`."""
        return {"odds": self.odds, "is_over_alone": self.is_over_alone}

    def attachments(self) -> dict[str, bytes]:
        """As `FittedFamily`."""
        return {}


def fit(rows: TouchRows, *, is_over_alone: bool) -> FittedConstant:
    """The number under which as many returns are expected as there were."""
    from scipy.optimize import brentq

    alone = rows.inputs.alone if is_over_alone else np.zeros(len(rows.returned))

    def surplus(odds: float) -> float:
        return float((inverse_logit(odds + alone) - rows.returned).sum())

    return FittedConstant(round(brentq(surplus, -_FURTHEST, _FURTHEST), _DIGITS), is_over_alone)


def _from_json(data: dict[str, Any], attachments: dict[str, bytes]) -> FittedFamily:
    return FittedConstant(data["odds"], data["is_over_alone"])


BASE = Family(BASE_RATE, partial(fit, is_over_alone=False), _from_json)
SHIFT = Family(SHIFTED, partial(fit, is_over_alone=True), _from_json)

"""What every family of lapse models offers, and the families by name.

Belongs here: the one interface and the ladder with its published minimums. Does not belong here: any family's own mathematics.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import polars as pl

from winback.survival.btyd import Matrix, Vector

RULES, LOGISTIC, BOOSTED = "rules", "logistic", "boosted"

LEVEL_OF_FAMILY = {RULES: "rules", LOGISTIC: "logistic", BOOSTED: "boosted_trees"}
"""Word of `model_level` for each family, from the simplest to the richest."""

MIN_ACCOUNTS = {RULES: 20, LOGISTIC: 100, BOOSTED: 400}
"""Fewest accounts that lapsed within the horizon, and fewest that did not, per family. Below the first the rules are not learned
from the log: then the share of the threshold used up stands for the chance."""


@dataclass(frozen=True)
class LapseRows:
    """Landmark rows, their matrix, whether each lapsed within the horizon, and how much it counts (0: not known)."""

    frame: pl.DataFrame
    matrix: Matrix
    lapsed: Vector
    weights: Vector

    def at(self, chosen: np.ndarray[Any, np.dtype[np.bool_]]) -> LapseRows:
        """The rows flagged in `chosen`."""
        frame = self.frame.filter(pl.Series(chosen))
        return LapseRows(frame, self.matrix[chosen], self.lapsed[chosen], self.weights[chosen])


class FittedFamily(Protocol):
    """A fitted model of lapses."""

    def log_odds(self, frame: pl.DataFrame, matrix: Matrix) -> Vector:
        """Log-odds of a lapse within the horizon, a value a row; outcomes are not read."""
        ...

    def as_json(self) -> dict[str, Any]:
        """Plain data that `from_json` of the same family reads."""
        ...

    def attachments(self) -> dict[str, bytes]:
        """Binary parts by name; empty for most."""
        ...


@dataclass(frozen=True)
class Family:
    """How to fit a family on rows of which some lapsed and some did not, and how to read it back."""

    name: str
    fit: Callable[[LapseRows], FittedFamily]
    from_json: Callable[[dict[str, Any], dict[str, bytes]], FittedFamily]


def all_families() -> dict[str, Family]:
    """Every family by name, from the simplest to the richest."""
    from winback.at_risk import family_boosted, family_logistic, family_rules

    return {f.name: f for f in (family_rules.FAMILY, family_logistic.FAMILY, family_boosted.FAMILY)}

"""What every family of propensity models offers, and the families by name.

Belongs here: the one interface, the published minimums, the ladder. Does not belong here: any family's own mathematics.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import polars as pl

from winback.survival.btyd import Matrix, Vector
from winback.survival.landmark_rows import account_folds

BASE_RATE, SHIFTED, LOGISTIC, BOOSTED = "base_rate", "shifted", "logistic", "boosted"

LEVEL_OF_FAMILY = {BASE_RATE: "rules", SHIFTED: "rules", LOGISTIC: "logistic", BOOSTED: "boosted_trees"}
"""Word of `model_level` for each family, from the simplest to the richest."""

MIN_TOUCHES = 100
"""Fewest settled contacts for any model: below it a chance per account would be a guess with a decimal point."""

MIN_EACH = 20
"""Fewest contacts that were followed by a return, and fewest that were not, for any model. With twenty events a penalised
regression tells about one or two directions apart; below it not even the base rate is known to a third of itself."""

MIN_EACH_BOOSTED = 100
"""Fewest of either for boosted trees to be tried beside the logistic regression."""

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Inputs:
    """What families read: a matrix, and `alone`, the log-odds of a return if left alone (0 where there is no such model).

    A contact moves a chance that is there without it. So the families learn what is to be added to `alone`, and no few hundred
    contacts have to teach again what all silences of the log have taught the return model.
    """

    matrix: Matrix
    alone: Vector

    def at(self, chosen: Flags) -> Inputs:
        """The rows flagged in `chosen`."""
        return Inputs(self.matrix[chosen], self.alone[chosen])


@dataclass(frozen=True)
class TouchRows:
    """Contacts (columns of `touch_rows`), their inputs, and whether a return followed within the horizon (0 or 1)."""

    frame: pl.DataFrame
    inputs: Inputs
    returned: Vector

    def at(self, chosen: Flags) -> TouchRows:
        """The rows flagged in `chosen`."""
        return TouchRows(self.frame.filter(pl.Series(chosen)), self.inputs.at(chosen), self.returned[chosen])

    @property
    def accounts(self) -> npt.NDArray[np.int64]:
        """Each row's account, numbered from 0 in the order of their ids."""
        return account_folds(self.frame, max(self.frame.height, 1))


class FittedFamily(Protocol):
    """A fitted model of return after a contact."""

    def log_odds(self, inputs: Inputs) -> Vector:
        """Log-odds of a return within the horizon, a value a row."""
        ...

    def as_json(self) -> dict[str, Any]:
        """Plain data that `from_json` of the same family reads."""
        ...

    def attachments(self) -> dict[str, bytes]:
        """Binary parts by name; empty for most."""
        ...


@dataclass(frozen=True)
class Family:
    """How to fit a family on rows of which some returned and some did not, and how to read it back."""

    name: str
    fit: Callable[[TouchRows], FittedFamily]
    from_json: Callable[[dict[str, Any], dict[str, bytes]], FittedFamily]


def all_families() -> dict[str, Family]:
    """Every family by name, from the simplest to the richest."""
    from winback.propensity import family_boosted, family_constant, family_logistic

    families = (family_constant.BASE, family_constant.SHIFT, family_logistic.FAMILY, family_boosted.FAMILY)
    return {f.name: f for f in families}


def enough_for(returned: Vector) -> tuple[str | None, str]:
    """The richest family that so many settled contacts are enough for (None: no model at all), and why, in words."""
    n, n_returned = len(returned), int(returned.sum())
    found = f"{n} settled contacts, {n_returned} of them followed by a return"
    if n < MIN_TOUCHES or min(n_returned, n - n_returned) < MIN_EACH:
        return (
            None,
            f"a model wants {MIN_TOUCHES} settled contacts with {MIN_EACH} returns and {MIN_EACH} without; there are {found}",
        )
    if min(n_returned, n - n_returned) < MIN_EACH_BOOSTED:
        return LOGISTIC, f"boosted trees want {MIN_EACH_BOOSTED} returns and as many without; there are {found}"
    return BOOSTED, found

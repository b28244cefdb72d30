"""What every family of return models offers, and the families by name.

Belongs here: the one interface and the list. Does not belong here: any family's own mathematics.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import polars as pl

from winback.survival.btyd import Matrix, Vector


@dataclass(frozen=True)
class DesignedRows:
    """Landmark rows, their matrix, and the horizons (days, ascending) that models by horizon are fitted at."""

    frame: pl.DataFrame
    matrix: Matrix
    horizons_days: tuple[int, ...]

    def at(self, chosen: np.ndarray[Any, np.dtype[Any]]) -> DesignedRows:
        """The chosen rows (positions or flags)."""
        positions = np.flatnonzero(chosen) if chosen.dtype == bool else chosen
        return DesignedRows(self.frame[positions], self.matrix[positions], self.horizons_days)


class FittedFamily(Protocol):
    """A fitted model of the time to return."""

    def return_probs(self, rows: DesignedRows, days: Vector) -> Matrix:
        """P(return within each of `days`), rows x days, never falling in days; the rows' future is not read."""
        ...

    def as_json(self) -> dict[str, Any]:
        """Plain data that `from_json` of the same family reads."""
        ...

    def attachments(self) -> dict[str, bytes]:
        """Binary parts by name; empty for most."""
        ...


class FamilyStepsAsideError(Exception):
    """The family has nothing to say of these rows; the message says why in words."""


@dataclass(frozen=True)
class Family:
    """How to fit a family (raises FamilyStepsAsideError) and how to read it back."""

    name: str
    fit: Callable[[DesignedRows], FittedFamily]
    from_json: Callable[[dict[str, Any], dict[str, bytes]], FittedFamily]


def all_families() -> dict[str, Family]:
    """Every family by name, in the order in which they are told."""
    from winback.survival import family_boosted, family_btyd, family_cox, family_kaplan_meier, family_logistic

    families: Sequence[Family] = (
        family_kaplan_meier.FAMILY,
        family_cox.FAMILY,
        family_logistic.FAMILY,
        family_btyd.BG_NBD,
        family_btyd.MBG_NBD,
        family_boosted.BOOSTED,
        family_boosted.BOOSTED_OVER_MBG,
    )
    return {family.name: family for family in families}


STACKED = ("mbg_nbd", "logistic", "cox", "boosted", "boosted_over_mbg")
"""Members of the stack: different in kind, so that their errors differ."""

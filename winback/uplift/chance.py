"""What a ranking without any knowledge would reach: the arms dealt again, the scores left as they are.

Belongs here: the band of Qini coefficients under an effect that is the same for everybody. Does not belong here: the verdict.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from winback.uplift.experiment import Codes, Vector
from winback.uplift.influence import SHARED_ROWS_FACTOR
from winback.uplift.qini import Ranking, best_area, qini_area

_SEED = 23


@dataclass(frozen=True)
class ChanceBand:
    """Where the mean Qini over the fold seeds falls without knowledge, and how likely it is to reach the one found (one-sided)."""

    low: float
    high: float
    p_value: float


def chance_band(
    rankings: Sequence[Ranking],
    outcome: Vector,
    is_treated: Vector,
    unit: Codes | None,
    found: float,
    n_deals: int,
    n_arms_tested: int,
) -> ChanceBand:
    """Two-sided band at 5 % over the number of arms tested, from `n_deals` new deals of the arms.

    Outcomes are cleared of the arm's mean effect, the arms dealt anew (whole clusters where `unit` is given), the effect added
    again: so the features may predict the outcome, only not the effect. The spread is stretched by `SHARED_ROWS_FACTOR`.
    """
    treated = is_treated > 0
    effect = outcome[treated].mean() - outcome[~treated].mean()
    cleared = outcome - effect * is_treated
    best = best_area(outcome, is_treated)
    generator = np.random.default_rng(_SEED)
    values = np.empty(n_deals)
    for i in range(n_deals):
        dealt = _deal(is_treated, unit, generator)
        areas = [qini_area(ranking, cleared + effect * dealt, dealt) for ranking in rankings]
        values[i] = np.mean(areas) / best
    spread = SHARED_ROWS_FACTOR * float(values.std(ddof=1))
    centre = float(values.mean())
    reach = NormalDist().inv_cdf(1 - 0.025 / n_arms_tested) * spread
    p_value = 1 - NormalDist(centre, spread).cdf(found) if spread > 0 else 1.0
    return ChanceBand(centre - reach, centre + reach, p_value)


def _deal(is_treated: Vector, unit: Codes | None, generator: np.random.Generator) -> Vector:
    if unit is None:
        return generator.permutation(is_treated)
    _, first, of_row = np.unique(unit, return_index=True, return_inverse=True)
    dealt: Vector = generator.permutation(is_treated[first])[of_row]
    return dealt

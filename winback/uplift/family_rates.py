"""Rates of return by reason family, shrunk to the pool: what there is below the gate of any model.

Belongs here: empirical-Bayes rates from write-backs (beta-binomial). Does not belong here: models per account.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from winback.uplift.experiment import Vector
from winback.uplift.prior import load_prior

ANY = "unknown"
"""Family of plays that ask because no reason is known; its rate also stands for families without any contact."""

COVERAGE = 0.80

_MOST_POOLING_ROWS = 1000.0


def family_rates(touches: pl.DataFrame) -> pl.DataFrame:
    """Per reason family `rate`, `low` and `high` (80 %) of a return after a contact, and `n_touches`; sorted by family.

    `touches`: reason_family and has_returned of settled, worked contacts. A family's rate is the mean of a beta posterior whose
    prior is the pool's rate with a weight of k contacts: k by the moments of the families' rates (Casella 1985, The American
    Statistician 39), at least the shipped `pooling_rows`. The pool itself starts from Jeffreys' Beta(1/2, 1/2). A last row
    `unknown` stands for families without contacts. Empty without any contact.
    """
    if touches.is_empty():
        return pl.DataFrame(schema={"reason_family": pl.String, "rate": pl.Float64, "low": pl.Float64, "high": pl.Float64,
                                    "n_touches": pl.Int64})  # fmt: skip
    counts = touches.group_by("reason_family").agg(n=pl.len().cast(pl.Int64), r=pl.col("has_returned").sum().cast(pl.Int64))
    if ANY not in counts["reason_family"]:
        counts = pl.concat([counts, pl.DataFrame({"reason_family": [ANY], "n": [0], "r": [0]}, schema=counts.schema)])
    counts = counts.sort("reason_family")
    n, r = counts["n"].to_numpy().astype(np.float64), counts["r"].to_numpy().astype(np.float64)
    pool = (r.sum() + 0.5) / (n.sum() + 1)
    weight = _pooling_rows(n, r, pool)
    a, b = weight * pool + r, weight * (1 - pool) + n - r
    low, high = _bounds(a, b)
    return counts.select("reason_family", n_touches="n").with_columns(
        rate=pl.Series(a / (a + b)), low=pl.Series(low), high=pl.Series(high)
    )


def _pooling_rows(n: Vector, r: Vector, pool: float) -> float:
    """Contacts that the pool counts for: few where families differ by more than their numbers explain, many where they do not."""
    used = n > 0
    rates, sizes = r[used] / n[used], n[used]
    noise = pool * (1 - pool)
    surplus = float((sizes * (rates - pool) ** 2).sum() - noise * (used.sum() - 1)) / float(sizes.sum())
    if surplus <= 0:
        return _MOST_POOLING_ROWS
    return float(np.clip(noise / surplus - 1, load_prior().pooling_rows, _MOST_POOLING_ROWS))


def _bounds(a: Vector, b: Vector) -> tuple[Vector, Vector]:
    from scipy import stats

    tail = (1 - COVERAGE) / 2
    return np.asarray(stats.beta.ppf(tail, a, b)), np.asarray(stats.beta.ppf(1 - tail, a, b))

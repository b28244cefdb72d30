"""Signs in behaviour that speak for a reason, as levels.

Belongs here: reading `signs.yaml`, and from feature columns to a level per account and sign. Does not belong here: what the
levels are worth (`witnesses`, `account_model`).
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from importlib import resources
from typing import Any

import polars as pl
import yaml

from winback.reasons.taxonomy import LEAF_CODES

UNKNOWN_LEVEL = -1
"""Level of an account whose column is missing: it says nothing, for or against."""


@dataclass(frozen=True, slots=True)
class Sign:
    """One sign: a feature column with bounds, the codes it speaks for, and how often it is expected.

    `given` holds, per code it speaks for, the chances of its levels among accounts that left for that code; `otherwise` the
    same among all others. Chances sum to 1; there is one more level than bounds.
    """

    slug: str
    reads: str
    is_below: bool
    by_rank: bool
    bounds: tuple[float, ...]
    given: dict[str, tuple[float, ...]]
    otherwise: tuple[float, ...]
    en: str
    zh: str

    def levels(self, accounts: pl.DataFrame) -> pl.Series:
        """Level per row of `accounts`: the number of bounds reached, `UNKNOWN_LEVEL` where the column is null or absent."""
        if self.reads not in accounts.columns:
            return pl.repeat(UNKNOWN_LEVEL, accounts.height, dtype=pl.Int64, eager=True).alias(self.slug)
        value = pl.col(self.reads).cast(pl.Float64)
        if self.by_rank:
            value = (value.rank("average") - 0.5) / value.count()
        reached = [(value < b if self.is_below else value >= b).cast(pl.Int64) for b in self.bounds]
        level = pl.sum_horizontal(reached)
        return accounts.select(
            pl.when(value.is_null() | value.is_nan()).then(UNKNOWN_LEVEL).otherwise(level).alias(self.slug)
        ).to_series()


@functools.cache
def load_signs() -> tuple[Sign, ...]:
    """The signs in the order of their file.

    Raises ValueError with the sign's slug where chances, bounds or codes do not fit.
    """
    data: dict[str, Any] = yaml.safe_load((resources.files("winback.reasons") / "signs.yaml").read_text("utf-8"))
    return tuple(_sign(row) for row in data["signs"])


def _sign(row: dict[str, Any]) -> Sign:
    given = {code: tuple(map(float, chances)) for code, chances in row["given"].items()}
    sign = Sign(
        slug=row["slug"],
        reads=row["reads"],
        is_below=row["direction"] == "below",
        by_rank=row.get("by_rank", False),
        bounds=tuple(map(float, row["bounds"])),
        given=given,
        otherwise=tuple(map(float, row["otherwise"])),
        en=row["en"],
        zh=row["zh"],
    )
    for chances in (*given.values(), sign.otherwise):
        if len(chances) != len(sign.bounds) + 1 or abs(sum(chances) - 1) > 1e-6:
            raise ValueError(f"sign {sign.slug}: chances {chances} do not sum to 1 over {len(sign.bounds) + 1} levels")
    if not set(given) <= set(LEAF_CODES):
        raise ValueError(f"sign {sign.slug} speaks for unknown codes {sorted(set(given) - set(LEAF_CODES))}")
    return sign

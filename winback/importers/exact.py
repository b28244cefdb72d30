"""Exact amounts from cells.

Belongs here: the one way in which importers turn a number of a source into a decimal. Does not belong here: what the
number means.
"""

from __future__ import annotations

import polars as pl

EXACT = pl.Decimal(18, 4)


def exact(cell: pl.Expr) -> pl.Expr:
    """The number in `cell` (text, integer or double) as a decimal of four digits, rounded there; null if it is none.

    A double is read as the shortest text that stands for it, so that 6.95 becomes 6.9500 and not a neighbour of it.
    """
    return cell.cast(pl.String).str.strip_chars().cast(EXACT, strict=False)

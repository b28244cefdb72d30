"""Intervals of shares and of the difference between two shares.

Belongs here: Wilson's and Newcombe's score intervals. Does not belong here: means of amounts (`means`), what is counted.
"""

from __future__ import annotations

from dataclasses import dataclass

Z_95 = 1.959963984540054
"""Standard normal quantile of a two-sided 95 % interval."""


@dataclass(frozen=True)
class Interval:
    """A figure with the ends of its 95 % interval, all in the same unit."""

    value: float
    low: float
    high: float


def wilson(share: float, n: float) -> Interval:
    """A share of `n` units (0 to 1) with Wilson's score interval without continuity correction (Wilson 1927).

    `n` is above 0 and may be an effective number of units; the interval is never empty, not even at 0 or 1.
    """
    spread = Z_95**2 / n
    centre = (share + spread / 2) / (1 + spread)
    half = Z_95 / (1 + spread) * (share * (1 - share) / n + spread / (4 * n)) ** 0.5
    return Interval(share, max(0.0, min(share, centre - half)), min(1.0, max(share, centre + half)))


def newcombe(share: float, n: float, other_share: float, other_n: float) -> Interval:
    """`share` less `other_share` with Newcombe's hybrid score interval (Statistics in Medicine 17, 1998: method 10).

    Each end joins the Wilson intervals of the two shares; so it stays within -1 and 1 and holds at few returns. Numbers of units
    may be effective ones.
    """
    one, other = wilson(share, n), wilson(other_share, other_n)
    value = share - other_share
    below = ((share - one.low) ** 2 + (other.high - other_share) ** 2) ** 0.5
    above = ((one.high - share) ** 2 + (other_share - other.low) ** 2) ** 0.5
    return Interval(value, max(-1.0, value - below), min(1.0, value + above))

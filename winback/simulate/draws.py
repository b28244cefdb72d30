"""Seeded random streams and the parameters of one week at hand.

Belongs here: which generator draws what, so that no draw depends on the order of the others, and the week's season.
Does not belong here: any chance or effect.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from winback.simulate.days import date_of, week_number
from winback.simulate.parameters import CODES, Parameters


def stream(seed: int, week: int, name: str) -> np.random.Generator:
    """The generator of one matter in one week; the same for the same three."""
    return np.random.default_rng([seed, week, zlib.crc32(name.encode())])


def season_table(parameters: Parameters) -> npt.NDArray[np.float64]:
    """Demand by industry (row) and month (column 0 is January) against the year's mean of 1."""
    months = np.arange(12)
    rows = [1.0 + i.season * np.cos(2 * np.pi * (months - (i.peak_month - 1)) / 12) for i in parameters.industries.values()]
    return np.array(rows)


def by_code(column: dict[str, float]) -> npt.NDArray[np.float64]:
    """One number per leaf code, in the order of CODES."""
    return np.array([column[code] for code in CODES])


@dataclass(frozen=True)
class Week:
    """One week of the market: its days are `start` to `end` - 1."""

    seed: int
    start: int
    parameters: Parameters

    @property
    def end(self) -> int:
        """First day after the week."""
        return self.start + 7

    @property
    def number(self) -> int:
        """Weeks since the week of 1970-01-05."""
        return int(week_number(np.array([self.start]))[0])

    def rng(self, name: str) -> np.random.Generator:
        """The week's generator of one matter."""
        return stream(self.seed, self.number, name)

    def season(self) -> npt.NDArray[np.float64]:
        """Demand by industry in this week's month."""
        return season_table(self.parameters)[:, date_of(self.start + 3).month - 1]

    def some_day(self, n: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
        """A uniform day of the week for each of `n` events."""
        return self.start + rng.integers(0, 7, n)

    def weekday(self, n: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
        """A day from Monday to Friday for each of `n` contacts."""
        return self.start + rng.integers(0, 5, n)

"""The fitted model of time to return: the champion, what it was judged against, and what it says of an account.

Belongs here: chances, intervals and tails of a fitted model. Does not belong here: fitting (`train_return_model`), files
(`model_folder`), the rows of `score_return_time` (`return_scores`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import polars as pl

from winback.survival.assumption_calibration import StatedBin
from winback.survival.assumptions import Finding
from winback.survival.btyd import Matrix, Vector
from winback.survival.champion import Verdict
from winback.survival.curves import inverse_logit, logit, read_curve
from winback.survival.design import Design
from winback.survival.families import DesignedRows, FittedFamily
from winback.survival.family_btyd import FittedBuyTillDie
from winback.survival.intervals import interval
from winback.survival.landmark_rows import COUNT_COLUMNS, landmark_numbers
from winback.survival.season import Seasons
from winback.survival.stack import Stack

LEVEL_OF_FAMILY = {
    "kaplan_meier": "kaplan_meier",
    "cox": "cox",
    "logistic": "logistic",
    "bg_nbd": "buy_till_you_die",
    "mbg_nbd": "buy_till_you_die",
    "boosted": "boosted_trees",
    "boosted_over_mbg": "boosted_trees",
    "stack": "stacked",
}
"""Word of `model_level` for each champion."""


@dataclass(frozen=True)
class Training:
    """What a model was made from: landmarks, the day up to which returns were seen (exclusive), sizes, and the rows' hash."""

    as_of_on: date
    landmarks: tuple[date, ...]
    seen_until_on: date
    n_rows: int
    n_accounts: int
    n_returned: int
    account_share: float
    data_hash: str
    longest_silence_days: int


@dataclass(frozen=True)
class ReturnModel:
    """Everything that scoring and the record need.

    `stack` holds the champion's members (one, if a single family won); `families` the other baselines, too. `seasons` and
    `spread_scales` have an entry per horizon of `horizons_days`. `findings` say whether its assumptions hold, `calibration` what
    came of the chances stated on later landmarks (empty where nothing was judged).
    """

    horizon_days: int
    horizons_days: tuple[int, ...]
    design: Design
    families: dict[str, FittedFamily]
    stepped_aside: dict[str, str]
    verdict: Verdict
    stack: Stack
    seasons: tuple[Seasons, ...]
    spread_scales: tuple[float, ...]
    training: Training
    sufficiency_reason: str
    findings: tuple[Finding, ...]
    calibration: tuple[StatedBin, ...]

    @property
    def level(self) -> str:
        """Word of `model_level`."""
        return LEVEL_OF_FAMILY[self.verdict.champion]

    @property
    def features(self) -> tuple[str, ...]:
        """Columns of `snapshots.feature_rows` that scoring reads, beside those of the lapse itself."""
        return tuple(sorted({*self.design.columns, *COUNT_COLUMNS}))

    def return_probs(self, frame: pl.DataFrame, days: Vector) -> Matrix:
        """P(return untouched within each of `days`), rows x days, never falling.

        `frame` has the columns of `snapshots.feature_rows`; its future is not read.
        """
        return self.judge(frame).return_probs(days)

    def judge(self, frame: pl.DataFrame) -> Judged:
        """What the members say of every row of `frame`, asked once for all that is read off it."""
        rows = self._designed(frame)
        return Judged(self, rows, *self._log_odds(rows))

    def family_probs(self, name: str, frame: pl.DataFrame, days: Vector) -> Matrix:
        """The same by one family alone, as it is: no weights, no season."""
        return self.families[name].return_probs(self._designed(frame), np.asarray(days, dtype=np.float64))

    def intervals(self, frame: pl.DataFrame) -> tuple[Matrix, Matrix]:
        """80 % interval of the chance at each of `horizons_days`: low and high, rows x horizons."""
        return self.judge(frame).intervals()

    def tail(self) -> FittedBuyTillDie | None:
        """The family that tells of days beyond the horizons; None where it stepped aside."""
        family = self.families.get("mbg_nbd")
        return family if isinstance(family, FittedBuyTillDie) else None

    def _designed(self, frame: pl.DataFrame) -> DesignedRows:
        return DesignedRows(frame, self.design.matrix(frame), self.horizons_days)

    def _log_odds(self, rows: DesignedRows) -> tuple[Matrix, Matrix]:
        """The champion's log-odds, rows x horizons, and its members', rows x horizons x members."""
        members = member_log_odds([self.families[name] for name in self.stack.members], rows)
        shifts = np.array([[s.forecast(day)[0] for s in self.seasons] for day in _dates(rows.frame)])
        return self.stack.log_odds(members) + shifts[landmark_numbers(rows.frame)], members


@dataclass(frozen=True)
class Judged:
    """Rows with what a model's members say of them: the champion's log-odds (rows x horizons) and the members'."""

    model: ReturnModel
    rows: DesignedRows
    log_odds: Matrix
    members: Matrix

    def at(self, is_chosen: npt.NDArray[np.bool_]) -> Judged:
        """The chosen rows."""
        return Judged(self.model, self.rows.at(is_chosen), self.log_odds[is_chosen], self.members[is_chosen])

    def return_probs(self, days: Vector) -> Matrix:
        """As `ReturnModel.return_probs`."""
        knots, wanted = np.asarray(self.model.horizons_days, dtype=np.float64), np.asarray(days, dtype=np.float64)
        return read_curve(knots, inverse_logit(self.log_odds), wanted, self._silent(knots, wanted))

    def intervals(self) -> tuple[Matrix, Matrix]:
        """80 % interval of the chance at each of the model's horizons: low and high, rows x horizons."""
        model, frame = self.model, self.rows.frame
        unforeseen = np.array([[s.forecast(day)[1] for s in model.seasons] for day in _dates(frame)])
        of_season = unforeseen[landmark_numbers(frame)]
        spread = np.sqrt((model.stack.spread(self.members) * np.array(model.spread_scales)) ** 2 + of_season**2)
        low, high = interval(self.log_odds, spread)
        return np.maximum.accumulate(low, axis=1), np.maximum.accumulate(high, axis=1)

    def never_probs(self) -> Vector | None:
        """P(no return ever): silent through the longest horizon, and dropped out for good by the modified BG/NBD.

        None where that family stepped aside: no other one tells "never" from "not yet".
        """
        tail = self.model.tail()
        if tail is None:
            return None
        last = np.array([float(self.model.horizons_days[-1])])
        silent = 1 - self.return_probs(last)[:, 0]
        return np.asarray(silent * tail.never_probs(self.rows) / (1 - tail.return_probs(self.rows, last)[:, 0]))

    def _silent(self, knots: Vector, days: Vector) -> Matrix | None:
        """Chance of silence at the last knot and at each day by the family that has a tail; only days beyond are asked of it."""
        tail = self.model.tail()
        if tail is None:
            return None
        is_beyond = days > knots[-1]
        found = np.ones((len(self.rows.matrix), 1 + len(days)))
        found[:, np.append(True, is_beyond)] = 1 - tail.return_probs(self.rows, np.append(knots[-1], days[is_beyond]))
        return found


def member_log_odds(members: list[FittedFamily], rows: DesignedRows) -> Matrix:
    """Log-odds at the horizons, rows x horizons x members."""
    knots = np.asarray(rows.horizons_days, dtype=np.float64)
    return np.stack([logit(member.return_probs(rows, knots)) for member in members], axis=2)


def _dates(frame: pl.DataFrame) -> list[date]:
    return sorted(frame["as_of_on"].unique())

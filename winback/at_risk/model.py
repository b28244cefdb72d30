"""The fitted model of lapses: the champion, what it was judged against, and what it says of an active account.

Belongs here: chances and intervals of a fitted model. Does not belong here: fitting (`train`), files (`model_files`), the rows
of `score_at_risk` (`score`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl

from winback.at_risk.champion import Verdict
from winback.at_risk.families import LEVEL_OF_FAMILY, LOGISTIC, RULES, FittedFamily
from winback.at_risk.family_logistic import FittedLogistic
from winback.at_risk.lapse_rows import READ_BY_RULES, with_cover
from winback.survival.btyd import Matrix, Vector
from winback.survival.curves import inverse_logit
from winback.survival.design import Design
from winback.survival.intervals import interval
from winback.survival.stack import Stack


@dataclass(frozen=True)
class Training:
    """What a model was made from: landmarks with known labels, sizes, the rows' hash. `account_share` is the share of accounts
    that the rows were drawn from, each as likely."""

    as_of_on: date
    landmarks: tuple[date, ...]
    n_rows: int
    n_accounts: int
    n_lapsed: int
    account_share: float
    data_hash: str
    longest_silence_days: int


@dataclass(frozen=True)
class Correction:
    """What accounts that the champion had not seen say of it: straightened log-odds, and how wide an interval must be.

    `landmark_spread` is the standard deviation of how far whole landmarks lie off, on the log-odds scale."""

    stack: Stack
    landmark_spread: float
    spread_scale: float


@dataclass(frozen=True)
class AtRiskModel:
    """Everything that scoring and the record need.

    `families` holds every family fitted on all rows; `correction` is None where rules were not learned from the log.
    """

    horizon_days: int
    design: Design
    families: dict[str, FittedFamily]
    verdict: Verdict
    correction: Correction | None
    training: Training
    level_reason: str

    @property
    def champion(self) -> str:
        """Name of the family that makes the figures."""
        return self.verdict.champion

    @property
    def level(self) -> str:
        """Word of `model_level`."""
        return LEVEL_OF_FAMILY[self.champion]

    @property
    def features(self) -> tuple[str, ...]:
        """Columns of `active_rows` that scoring reads."""
        made = set(with_cover(_NO_ROWS, self.horizon_days).columns) - set(_NO_ROWS.columns)
        return tuple(sorted(({*self.design.columns, *READ_BY_RULES, *_NO_ROWS.columns}) - made))

    def lapse_probs(self, frame: pl.DataFrame) -> tuple[Vector, Vector | None, Vector | None]:
        """P(lapse within the horizon) of every row with its 80 % interval (None where nothing was learned).

        `frame` has the columns of `active_rows`; its future is not read.
        """
        frame = with_cover(frame, self.horizon_days)
        matrix = matrix_of(self.design, frame)
        raw = {name: family.log_odds(frame, matrix) for name, family in self.families.items()}
        if self.correction is None:
            return inverse_logit(raw[self.champion]), None, None
        logistic = self.families.get(LOGISTIC)
        drawn = logistic.spread(matrix) if isinstance(logistic, FittedLogistic) else np.zeros(frame.height)
        return corrected(self.correction, raw, self.champion, drawn)


_NO_ROWS = pl.DataFrame(
    schema={"lapse_in_days": pl.Int64, "gap_mean_days": pl.Float64, "lapse_basis": pl.String, "silence_days": pl.Int64}
)
"""The columns that scoring reads whatever the design."""


def corrected(correction: Correction, raw: dict[str, Vector], champion: str, drawn: Vector) -> tuple[Vector, Vector, Vector]:
    """Chances and interval from the families' log-odds; `drawn` is the logistic family's spread over draws of accounts.

    How a landmark will lie off is not foreseen, only how far. Rules have few figures to draw: their straightening tells enough.
    """
    drawn = drawn if champion != RULES else np.zeros(len(drawn))
    odds = correction.stack.log_odds(raw[champion][:, None, None])[:, 0]
    of_model = model_spread(correction.stack, raw, champion) * correction.spread_scale
    low, high = interval(odds, np.sqrt(of_model**2 + drawn**2 + correction.landmark_spread**2))
    return inverse_logit(odds), low, high


def model_spread(stack: Stack, raw: dict[str, Vector], champion: str) -> Vector:
    """Standard deviation of the log-odds: the straightening over draws of accounts, and the learned families around it."""
    odds = stack.log_odds(raw[champion][:, None, None])[:, 0]
    others = [values for name, values in raw.items() if name not in (champion, RULES)]
    between = np.mean([(o - odds) ** 2 for o in others], axis=0) if others else np.zeros(len(odds))
    return np.asarray(np.sqrt(stack.spread(raw[champion][:, None, None])[:, 0] ** 2 + between))


def matrix_of(design: Design, frame: pl.DataFrame) -> Matrix:
    """The design's matrix; without columns where the design reads none."""
    return design.matrix(frame) if design.columns else np.zeros((frame.height, 0))

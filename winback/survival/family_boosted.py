"""The boosted families: shallow trees per horizon, from the base rate and from the modified BG/NBD's own chance.

Belongs here: their fit and their curves. Does not belong here: how they are weighed (`stack`).

Trees cannot say anything of silences longer than any in training. Those that start from the modified BG/NBD's log-odds (as
XGBoost's base margin) only learn what it misses and follow it where they have seen nothing.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np
import numpy.typing as npt

from winback.survival.btyd import Matrix, Vector
from winback.survival.curves import inverse_logit, logit, read_curve
from winback.survival.families import DesignedRows, Family, FamilyStepsAsideError, FittedFamily
from winback.survival.family_btyd import MBG_NBD, FittedBuyTillDie
from winback.survival.landmark_rows import labels

N_TREES = 130
SEEDS = (1, 2)
"""Each horizon's log-odds are the mean over these seeds' trees."""

PARAMETERS = {
    "objective": "binary:logistic",
    "tree_method": "hist",
    "max_bin": 64,
    "max_depth": 3,
    "eta": 0.05,
    "min_child_weight": 40,
    "subsample": 0.7,
    "colsample_bytree": 0.4,
    "reg_lambda": 20,
    "nthread": 1,
}
"""Shallow and strongly regularised: a leaf needs some 40 rows' worth of information and is drawn to 0 by 20 more.
One thread: the same bytes on any machine. Horizons are worked off side by side instead (`N_AT_ONCE`)."""

N_AT_ONCE = 2
"""Horizons fitted or read, and parts of a table scored, at one time; XGBoost and numpy work outside Python's lock."""


@dataclass(frozen=True)
class FittedBoosted:
    """One booster per horizon and seed (raw UBJ, named by both), each starting from a base."""

    horizons_days: tuple[int, ...]
    base_log_odds: tuple[float, ...]
    base: FittedBuyTillDie | None
    boosters: dict[str, bytes]

    def return_probs(self, rows: DesignedRows, days: Vector) -> Matrix:
        """As `FittedFamily`."""
        knots = np.asarray(self.horizons_days, dtype=np.float64)
        margins = _margins(rows, knots, self.base, self.base_log_odds)
        with ThreadPoolExecutor(N_AT_ONCE) as pool:
            matrix = rows.matrix.astype(np.float32)  # what XGBoost makes of it anyway, once for all trees
            columns = list(pool.map(partial(self._log_odds, matrix), self.horizons_days, margins.T))
        return read_curve(knots, inverse_logit(np.column_stack(columns)), days, _tail(self.base, rows, knots, days))

    def _log_odds(self, matrix: npt.NDArray[np.float32], horizon: int, margin: Vector) -> Vector:
        found = np.zeros(len(matrix))
        for seed in SEEDS:
            booster = self._read[_name(horizon, seed)]
            found += booster.inplace_predict(matrix, base_margin=margin, predict_type="margin") / len(SEEDS)
        return found

    @cached_property
    def _read(self) -> dict[str, Any]:
        """The boosters, read from their bytes once; one predicts for any number of threads."""
        import xgboost

        parameters = {"nthread": PARAMETERS["nthread"]}
        return {name: xgboost.Booster(parameters, model_file=bytearray(raw)) for name, raw in self.boosters.items()}

    def as_json(self) -> dict[str, Any]:
        """As `FittedFamily`."""
        base = None if self.base is None else self.base.as_json()
        return {"horizons_days": list(self.horizons_days), "base_log_odds": list(self.base_log_odds), "base": base}

    def attachments(self) -> dict[str, bytes]:
        """As `FittedFamily`."""
        return self.boosters


def fit(rows: DesignedRows, *, is_over_mbg: bool) -> FittedBoosted:
    """Fit each horizon. Raises FamilyStepsAsideError if nobody returned within one, or if the base steps aside."""
    base = MBG_NBD.fit(rows) if is_over_mbg else None
    assert base is None or isinstance(base, FittedBuyTillDie)
    outcomes = [labels(rows.frame, h) for h in rows.horizons_days]
    for horizon, (returned, weights) in zip(rows.horizons_days, outcomes, strict=True):
        if len(np.unique(returned[weights > 0])) < 2:
            raise FamilyStepsAsideError(f"within {horizon} days nobody returned, or everybody did")
    rates = np.array([np.average(returned, weights=weights) for returned, weights in outcomes])
    log_odds = tuple(round(float(v), 9) for v in logit(rates))
    margins = _margins(rows, np.asarray(rows.horizons_days, dtype=np.float64), base, log_odds)
    with ThreadPoolExecutor(N_AT_ONCE) as pool:
        of_horizons = pool.map(partial(_boost, rows.matrix), *zip(*outcomes, strict=True), margins.T)
        boosters = {
            _name(horizon, seed): of_seeds[seed]
            for horizon, of_seeds in zip(rows.horizons_days, of_horizons, strict=True)
            for seed in SEEDS
        }
    return FittedBoosted(rows.horizons_days, log_odds, base, boosters)


def _boost(matrix: Matrix, returned: Vector, weights: Vector, margin: Vector) -> dict[int, bytes]:
    """A booster per seed; they share the rows' bins."""
    import xgboost

    used = weights > 0
    data = xgboost.DMatrix(
        matrix[used], returned[used], weight=weights[used], base_margin=margin[used], nthread=PARAMETERS["nthread"]
    )
    return {seed: bytes(xgboost.train({**PARAMETERS, "seed": seed}, data, N_TREES).save_raw("ubj")) for seed in SEEDS}


def _margins(rows: DesignedRows, knots: Vector, base: FittedBuyTillDie | None, log_odds: tuple[float, ...]) -> Matrix:
    if base is None:
        return np.tile(np.asarray(log_odds), (len(rows.matrix), 1))
    return logit(base.return_probs(rows, knots))


def _tail(base: FittedBuyTillDie | None, rows: DesignedRows, knots: Vector, days: Vector) -> Matrix | None:
    return None if base is None else 1 - base.return_probs(rows, np.append(knots[-1], days))


def _name(horizon: int, seed: int) -> str:
    return f"{horizon}_{seed}"


def _from_json(data: dict[str, Any], attachments: dict[str, bytes]) -> FittedFamily:
    base = None if data["base"] is None else MBG_NBD.from_json(data["base"], {})
    assert base is None or isinstance(base, FittedBuyTillDie)
    return FittedBoosted(tuple(data["horizons_days"]), tuple(data["base_log_odds"]), base, attachments)


BOOSTED = Family("boosted", partial(fit, is_over_mbg=False), _from_json)
BOOSTED_OVER_MBG = Family("boosted_over_mbg", partial(fit, is_over_mbg=True), _from_json)

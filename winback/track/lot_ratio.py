"""Did the lot deal what it was told to: the sample-ratio check of an experiment.

Belongs here: the test of the numbers per assignment against the logged probabilities, and what to look at where they do not fit.
Does not belong here: effects (`effect`); files of tests without probabilities per row (`winback.uplift.balance`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from winback.uplift.balance import MISMATCH_P_VALUE

MIN_UNITS = 100
"""Fewest units of an experiment at which the numbers are judged."""

_MIN_EXPECTED = 10
"""Fewest expected units of an assignment for the normal test, which is used where probabilities differ between rows."""

_WORDS = {"treated": "treated", "holdout": "held out", "explore": "explored"}


@dataclass(frozen=True)
class LotRatio:
    """The check of one experiment.

    `p_value`: chance of numbers this far off, over all assignments (Bonferroni); None below `MIN_UNITS` units. `counts`: found
    and expected units per assignment.
    """

    experiment_id: str
    n_units: int
    p_value: float | None
    counts: tuple[tuple[str, int, float], ...]

    @property
    def is_mismatch(self) -> bool:
        """Whether the numbers are hardly possible under the logged probabilities."""
        return self.p_value is not None and self.p_value < MISMATCH_P_VALUE

    @property
    def message(self) -> str:
        """What was found and, for a mismatch, what to look at, in words."""
        found = ", ".join(f"{n} {_WORDS[name]} where about {expected:.0f} were due" for name, n, expected in self.counts)
        if self.p_value is None:
            return f"Experiment {self.experiment_id}: {self.n_units} units, too few to judge ({MIN_UNITS} are needed)."
        if not self.is_mismatch:
            return f"Experiment {self.experiment_id}: the lot dealt as planned ({found}; p = {self.p_value:.3g})."
        return (
            f"Experiment {self.experiment_id}: the lot did not deal as logged: {found} (p = {self.p_value:.1g}), so its effects "
            "cannot be trusted. Look at: rows lost or added after the lot (erased or merged accounts, weeks published twice); "
            "delivered assignment files that leave out one group; holdout_share, explore_share or salt changed without a new "
            "experiment name; wrong probabilities in delivered rows. Mend the cause and start a new experiment by another name "
            "under [experiment] in winback.toml, or publish this week all the same with --accept 'REASON'."
        )


def lot_ratios(units: pl.DataFrame) -> tuple[LotRatio, ...]:
    """The check of every experiment, by its name. `units`: rows of `track_units`; those without a probability are left out."""
    logged = units.filter(pl.col("assignment_prob") > 0).sort("experiment_id", "row_key")
    return tuple(
        _lot_ratio(str(name), rows)
        for (name,), rows in logged.partition_by("experiment_id", as_dict=True, maintain_order=True).items()
    )


def _lot_ratio(experiment_id: str, rows: pl.DataFrame) -> LotRatio:
    groups = [
        (str(name), group["assignment_prob"].to_numpy()) for (name,), group in rows.sort("assignment").partition_by(
            "assignment", as_dict=True, maintain_order=True).items()
    ]  # fmt: skip
    # Each unit of a group stands for 1 / p units dealt, so the group's expected number is N over the mean of 1 / p.
    counts = tuple((name, len(probs), rows.height / float((1 / probs).mean())) for name, probs in groups)
    if rows.height < MIN_UNITS:
        return LotRatio(experiment_id, rows.height, None, counts)
    smallest = min(_p_value(probs, rows.height) for _, probs in groups)
    return LotRatio(experiment_id, rows.height, min(1.0, len(groups) * smallest), counts)


def _p_value(probs: np.ndarray[tuple[int], np.dtype[np.float64]], n_units: int) -> float:
    """Exact binomial where the probability is the same for all rows; else normal, on the sum of 1 / p, due to be `n_units`."""
    from scipy import stats

    if np.ptp(probs) == 0:
        return float(stats.binomtest(len(probs), n_units, min(1.0, float(probs[0]))).pvalue)
    if n_units / float((1 / probs).mean()) < _MIN_EXPECTED:
        return 1.0
    surplus = float((1 / probs).sum()) - n_units
    variance = float(((1 / probs - 1) / probs).sum())
    return float(2 * stats.norm.sf(abs(surplus) / variance**0.5)) if variance > 0 else 1.0

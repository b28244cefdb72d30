"""A randomised test: who was in which arm, and what came of it.

Belongs here: the arms, the outcome and the clusters as arrays, made from a frame and the user's words, and what is refused.
Does not belong here: reading files (`experiment_file`), choosing features (`feature_choice`) or measuring.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from winback.errors import UsageError
from winback.uplift.cell_values import MISSING_WORDS, as_numbers, present_texts
from winback.uplift.names import listed, require_name

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Codes = NDArray[np.int64]
Flags = NDArray[np.bool_]

MIN_ROWS_PER_ARM = 10
"""Below this no effect is shown: its interval would rest on a guess."""

MAX_ARMS = 20


@dataclass(frozen=True)
class Question:
    """What the user asks of a file: names of its columns and of the control arm."""

    arm: str
    control: str
    outcome: str
    cluster: str | None = None
    costs: Mapping[str, float] | None = None
    shares: Mapping[str, float] | None = None


@dataclass(frozen=True)
class Experiment:
    """Rows of a test with known arm and outcome.

    `arm` holds codes: 0 is the control, 1.. the others by name; `outcome` is in its own unit; `cluster` codes are None where
    every row stands alone. `costs` (unit of the outcome, per customer assigned) and `shares` (planned, sum 1; None where not
    told) follow the arms' order. `rows` holds the remaining columns.
    """

    arm_names: tuple[str, ...]
    arm: Codes
    outcome: Vector
    cluster: Codes | None
    costs: Vector
    shares: Vector | None
    rows: pl.DataFrame
    n_without_arm: int
    n_without_outcome: int
    n_without_cluster: int

    @property
    def n_arms(self) -> int:
        """Number of arms with the control."""
        return len(self.arm_names)

    @property
    def sizes(self) -> Codes:
        """Rows per arm."""
        return np.bincount(self.arm, minlength=self.n_arms)

    @property
    def is_binary(self) -> bool:
        """Whether the outcome is 0 or 1 in every row."""
        return bool(np.isin(self.outcome, (0.0, 1.0)).all())

    @property
    def assignment_shares(self) -> Vector:
        """Chance of each arm: as planned where told, else as found."""
        return self.sizes / len(self.arm) if self.shares is None else self.shares

    @property
    def is_cluster_assigned(self) -> bool:
        """Whether whole clusters were put into arms: every cluster's rows are in one arm."""
        if self.cluster is None:
            return False
        pairs = np.unique(np.column_stack([self.cluster, self.arm]), axis=0)
        return len(pairs) == len(np.unique(self.cluster))


def prepare_experiment(frame: pl.DataFrame, question: Question, place: str) -> Experiment:
    """The test in `frame` (called `place` in messages). Rows without arm, outcome or cluster are left out and counted.

    Raises UsageError for columns, arms or costs that do not exist, an empty arm, an outcome that is not numeric, empty or the
    same everywhere, and for too few rows.
    """
    for column in (question.arm, question.outcome, *([question.cluster] if question.cluster else [])):
        require_name(column, frame.columns, "column", place)
    arms = _arm_texts(frame[question.arm], question.control)
    outcome = _outcome(frame[question.outcome], question.outcome)
    cluster = None if question.cluster is None else frame[question.cluster].cast(pl.String)
    has_cluster = pl.Series([True]).new_from_index(0, len(frame)) if cluster is None else cluster.is_not_null()
    kept = arms.is_not_null() & outcome.is_not_null() & has_cluster
    names = _arm_names(arms, question.control, place, question.arm)
    _refuse_unusable(arms.filter(kept), outcome.filter(kept), names, question)
    return Experiment(
        arm_names=names,
        arm=_codes(arms.filter(kept), names),
        outcome=outcome.filter(kept).to_numpy().astype(np.float64),
        cluster=None if cluster is None else cluster.filter(kept).rank("dense").to_numpy().astype(np.int64) - 1,
        costs=_by_arm(question.costs or {}, names, "cost", default=0.0),
        shares=_planned_shares(question.shares, names),
        rows=frame.filter(kept).drop(question.arm, question.outcome, *([question.cluster] if question.cluster else [])),
        n_without_arm=arms.null_count(),
        n_without_outcome=int((outcome.is_null() & arms.is_not_null()).sum()),
        n_without_cluster=int((~has_cluster & arms.is_not_null() & outcome.is_not_null()).sum()),
    )


def _arm_texts(values: pl.Series, control: str) -> pl.Series:
    if values.dtype.is_float() and (values.drop_nulls().drop_nans() % 1 == 0).all():
        values = values.fill_nan(None).cast(pl.Int64)
    texts = values.cast(pl.String).str.strip_chars()
    missing = ["", *(word for word in MISSING_WORDS if word != control)]
    return texts.set(texts.is_in(missing).fill_null(value=False), None)


def _outcome(values: pl.Series, name: str) -> pl.Series:
    numbers = as_numbers(values) if not values.dtype.is_temporal() else None
    if numbers is None:
        raise UsageError(
            f"The outcome '{name}' is not numeric: {_not_numbers(values)}. Give a column of numbers, or of 0 and 1."
        )
    if numbers.null_count() == len(numbers):
        raise UsageError(f"The outcome '{name}' is empty in all {len(numbers):,} rows: there is nothing to measure.")
    if numbers.is_infinite().any():
        raise UsageError(
            f"The outcome '{name}' is infinite in {numbers.is_infinite().sum():,} rows. Correct or remove them."
        )
    return numbers


def _not_numbers(values: pl.Series) -> str:
    if values.dtype != pl.String:
        return f"it holds {str(values.dtype).casefold()}"
    texts = present_texts(values)
    bad = texts.filter(texts.cast(pl.Float64, strict=False).is_null() & texts.is_not_null())
    return f"{len(bad):,} of its values are none, such as '{bad[0]}'"


def _arm_names(arms: pl.Series, control: str, place: str, column: str) -> tuple[str, ...]:
    found = arms.drop_nulls().unique().sort().to_list()
    if not found:
        raise UsageError(f"The arm column '{column}' is empty in all rows of {place}.")
    if len(found) > MAX_ARMS:
        raise UsageError(
            f"The arm column '{column}' has {len(found):,} different values, more than {MAX_ARMS}: it is no arm. "
            f"They begin with {listed(found[:5])}."
        )
    require_name(control, found, "arm", f"The column '{column}' of {place}")
    if len(found) == 1:
        raise UsageError(
            f"All rows of {place} are in the arm '{control}': without a second arm there is nothing to compare."
        )
    return (control, *(name for name in found if name != control))


def _refuse_unusable(arms: pl.Series, outcome: pl.Series, names: tuple[str, ...], question: Question) -> None:
    sizes = {name: int((arms == name).sum()) for name in names}
    empty = [name for name, size in sizes.items() if size == 0]
    if empty:
        raise UsageError(
            f"No row of the arm {listed(empty)} has a value of '{question.outcome}': an empty arm has no effect."
        )
    small = [f"'{name}' {size}" for name, size in sizes.items() if size < MIN_ROWS_PER_ARM]
    if small:
        raise UsageError(
            f"Too few rows: {len(arms):,} usable in all, of the arm {', '.join(small)}. "
            f"At least {MIN_ROWS_PER_ARM} in every arm are needed."
        )
    if outcome.n_unique() == 1:
        raise UsageError(
            f"The outcome '{question.outcome}' is {outcome[0]:g} in every usable row: there is nothing to measure."
        )


def _codes(arms: pl.Series, names: tuple[str, ...]) -> Codes:
    return arms.replace_strict({name: code for code, name in enumerate(names)}, return_dtype=pl.Int64).to_numpy()


def _by_arm(given: Mapping[str, float], names: tuple[str, ...], kind: str, default: float) -> Vector:
    for name in given:
        if name not in names:
            raise UsageError(f"There is a {kind} for '{name}', which is no arm of this test. Its arms: {listed(names)}.")
    return np.array([given.get(name, default) for name in names], dtype=np.float64)


def _planned_shares(given: Mapping[str, float] | None, names: tuple[str, ...]) -> Vector | None:
    if not given:
        return None
    shares = _by_arm(given, names, "share", default=0.0)
    if (shares <= 0).any():
        missing = [name for name, share in zip(names, shares, strict=True) if share <= 0]
        raise UsageError(f"The shares give nothing to {listed(missing)}: every arm needs a share above 0.")
    return np.asarray(shares / shares.sum())

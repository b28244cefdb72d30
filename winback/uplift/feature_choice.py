"""Which columns may tell customers apart.

Belongs here: features named or left out by the user, and columns that cannot serve (constant, empty, ids, measured after the
lot), each with its reason. Does not belong here: turning them into numbers (`encoding`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from winback.errors import UsageError
from winback.uplift.balance import balance_p_value
from winback.uplift.cell_values import as_numbers, present_texts
from winback.uplift.experiment import Experiment
from winback.uplift.names import listed, require_name

ID_LIKE_SHARE = 0.9
"""Texts of which at least this share are different from each other are taken for ids."""

BALANCE_ALPHA = 0.001
"""Columns whose arms differ more than this over the number of columns tried are taken for consequences of the contact."""

_MIN_ROWS_FOR_IDS = 50


@dataclass(frozen=True)
class FeatureChoice:
    """The features (numbers as floats, all else as text), and the notes on what was left out or should be doubted."""

    frame: pl.DataFrame
    notes: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The columns used."""
        return tuple(self.frame.columns)


def choose_features(
    experiment: Experiment, named: Sequence[str] | None = None, excluded: Sequence[str] = (), place: str = "The file"
) -> FeatureChoice:
    """Columns of the test that can be features.

    `named` takes these only; without it every column but `excluded` is tried. Raises UsageError for a name that does not
    exist and for a named feature that is empty.
    """
    for name in (*(named or ()), *excluded):
        require_name(name, experiment.rows.columns, "column that can be a feature", place)
    wanted = list(dict.fromkeys(named)) if named else [c for c in experiment.rows.columns if c not in set(excluded)]
    typed = {name: _typed(experiment.rows[name]) for name in wanted}
    empty = [name for name, values in typed.items() if values.null_count() == len(values)]
    if named and empty:
        raise UsageError(f"The feature {listed(empty)} is empty in every usable row. Leave it out of --features.")
    notes, kept = [], []
    for name, values in typed.items():
        reason = _why_useless(name, values)
        if reason:
            notes.append(f"'{name}' is left out: {reason}.")
        else:
            kept.append(name)
    kept, doubts = _without_consequences(experiment, typed, kept, is_named=bool(named))
    return FeatureChoice(pl.DataFrame([typed[name] for name in kept]), (*notes, *doubts))


def _typed(values: pl.Series) -> pl.Series:
    numbers = as_numbers(values)
    if numbers is not None:
        return numbers.rename(values.name)
    if values.dtype == pl.String and (days := _days(values)) is not None:
        return days
    return present_texts(values) if not values.dtype.is_nested() else values.is_not_null().cast(pl.Float64)


def _days(texts: pl.Series) -> pl.Series | None:
    present = present_texts(texts)
    days = present.str.slice(0, 10).str.to_date("%Y-%m-%d", strict=False)
    return days.cast(pl.Float64) if days.null_count() == present.null_count() < len(present) else None


def _why_useless(name: str, values: pl.Series) -> str | None:
    present = values.drop_nulls()
    n_different = present.n_unique()
    if len(present) == 0:
        return "it is empty"
    if n_different == 1 and len(present) == len(values):
        return "it is the same in every row"
    if len(present) < _MIN_ROWS_FOR_IDS:
        return None
    if values.dtype == pl.String:
        return "nearly every value is different, as in an id" if n_different >= ID_LIKE_SHARE * len(present) else None
    is_count = n_different == len(present) and (present % 1 == 0).all()
    return "every value is different, as in an id" if is_count and _looks_like_an_id(name, present) else None


def _looks_like_an_id(name: str, values: pl.Series) -> bool:
    span = float(values.max()) - float(values.min()) + 1  # type: ignore[arg-type]
    return name.casefold().endswith("id") or span <= 1.5 * len(values)


def _without_consequences(
    experiment: Experiment, typed: dict[str, pl.Series], names: list[str], *, is_named: bool
) -> tuple[list[str], list[str]]:
    kept, notes = [], []
    for name in names:
        p_value = balance_p_value(typed[name], experiment)
        if p_value >= BALANCE_ALPHA / len(names):
            kept.append(name)
            continue
        doubt = f"its values differ between the arms (p = {p_value:.1g}), so it was probably measured after the lot"
        if is_named:
            kept.append(name)
            notes.append(f"'{name}' was named and is used, but {doubt}: effects per customer may be wrong.")
        else:
            notes.append(f"'{name}' is left out: {doubt}. Name it with --features to use it all the same.")
    return kept, notes

"""Durations and values of lapsed accounts, were they to return now.

Belongs here: rows of `score_second_lifetime`. Does not belong here: fitting, chances of return, costs.
"""

from __future__ import annotations

from dataclasses import fields
from datetime import date

import numpy as np
import numpy.typing as npt
import polars as pl

from winback.config import ValueSettings
from winback.second_lifetime.accelerated import AftDurations
from winback.second_lifetime.curves import CurveDurations, continuous
from winback.second_lifetime.model import SecondLifetimeModel
from winback.second_lifetime.selection import MIN_ENDED
from winback.second_lifetime.worth import Worth, daily_discount, worth_of

Vector = npt.NDArray[np.float64]

OUTLAST_SHARE = 0.1
"""A figure is flagged `extrapolated` where a larger share would outlast the longest observed duration: the high figure is
then a floor."""

NODE_STEP = 0.05
"""Step, in log days, of the grid of locations at which the distribution is worked out; in between it is interpolated."""

_LOCATION_RANGE = (-1.0, 13.0)
_AMOUNTS = ("value_low_amount", "value_mid_amount", "value_high_amount", "value_mean_amount")
_DAYS = ("duration_low_days", "duration_mid_days", "duration_high_days")
_SCHEMA = (
    {"account_id": pl.String, "as_of_on": pl.Date}
    | dict.fromkeys(_DAYS, pl.Float64)
    | dict.fromkeys(_AMOUNTS, pl.Decimal(18, 4))
    | {"model_level": pl.String, "usage_warning": pl.String}
)


def score_second_lifetime(
    model: SecondLifetimeModel, lapses: pl.DataFrame, *, as_of_on: date, settings: ValueSettings
) -> pl.DataFrame:
    """Rows of `score_second_lifetime` for lapsed accounts.

    `lapses` has the columns of `core_lapse_histories`, one open lapse an account. The figures are those of a return after a
    win-back contact, where such returns are told apart. low, mid and high are the 10, 50 and 90 % points of the value's
    distribution; value_mean_amount is its mean. On the level 'rules' all figures are missing.
    """
    frame = lapses.sort("account_id")
    base = frame.select("account_id", pl.lit(as_of_on).alias("as_of_on"))
    if model.durations is None or model.rate is None or frame.is_empty():
        empty = [pl.lit(None, dtype=kind).alias(name) for name, kind in _SCHEMA.items() if name not in base.columns]
        return base.with_columns(empty).with_columns(pl.lit(model.level).alias("model_level")).select(list(_SCHEMA))
    worth = _worth(model, frame.with_columns(pl.lit(True).alias("is_after_touch")), settings)
    daily = model.rate.middle(frame["first_daily_amount"].to_numpy().astype(np.float64)) * settings.margin_share
    amounts = np.column_stack([worth.values * daily[:, None], worth.mean_days * daily * model.rate.mean_factor])
    return base.with_columns(
        *(pl.Series(name, np.round(worth.durations[:, k], 1)) for k, name in enumerate(_DAYS)),
        *(_amount(name, amounts[:, k]) for k, name in enumerate(_AMOUNTS)),
        pl.lit(model.level).alias("model_level"),
        _warnings(model, frame, worth),
    ).select(list(_SCHEMA))


def _worth(model: SecondLifetimeModel, frame: pl.DataFrame, settings: ValueSettings) -> Worth:
    """Figures of every row, read off a few curves: one a cycle group, or one a step of the location."""
    assert model.rate is not None  # the caller has left where there is no model
    terms = {
        "horizon_days": settings.second_lifetime_horizon_days,
        "discount": daily_discount(settings.discount_rate_per_year),
        "spread": model.rate.spread,
    }
    if isinstance(model.durations, CurveDurations):
        drawn = [continuous(model.durations.curves[name]) for name in model.durations.names]
        at = model.durations.curve_of(frame)
        return _mixed(worth_of(np.array(drawn), **terms), at, at, np.zeros(len(at)))  # type: ignore[arg-type]
    assert isinstance(model.durations, AftDurations)
    place = np.clip(model.durations.locations(frame), *_LOCATION_RANGE) / NODE_STEP
    below = np.floor(place).astype(np.int64)
    nodes = np.arange(below.min(), below.max() + 2)
    days = np.arange(model.longest_days + 1, dtype=np.float64)
    curves = worth_of(model.durations.survival_at(nodes * NODE_STEP, days), **terms)  # type: ignore[arg-type]
    return _mixed(curves, below - nodes[0], below - nodes[0] + 1, place - below)


def _mixed(curves: Worth, below: npt.NDArray[np.int64], above: npt.NDArray[np.int64], part: Vector) -> Worth:
    def mix(figures: Vector) -> Vector:
        share = part.reshape(-1, *([1] * (figures.ndim - 1)))
        return np.asarray((1 - share) * figures[below] + share * figures[above], dtype=np.float64)

    return Worth(**{f.name: mix(getattr(curves, f.name)) for f in fields(Worth)})


def _amount(name: str, values: Vector) -> pl.Series:
    return pl.Series(name, np.round(values, 2)).cast(pl.Decimal(18, 4))


def _warnings(model: SecondLifetimeModel, frame: pl.DataFrame, worth: Worth) -> pl.Series:
    is_pooled = np.zeros(frame.height, dtype=bool)
    if isinstance(model.durations, CurveDurations):
        is_pooled = model.durations.curve_of(frame) == 0
    is_small = np.full(frame.height, model.n_ended < MIN_ENDED["weibull"])
    flags = {"small_sample": is_small, "pooled": is_pooled, "extrapolated": worth.outlast > OUTLAST_SHARE}
    words = [pl.when(pl.col(name)).then(pl.lit(name)) for name in flags]
    joined = pl.concat_str(words, separator=";", ignore_nulls=True)
    return pl.DataFrame(flags).select(pl.when(joined != "").then(joined).alias("usage_warning"))["usage_warning"]

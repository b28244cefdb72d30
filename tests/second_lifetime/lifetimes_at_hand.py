"""Second lifetimes made by a known rule, for the tests of this folder."""

from datetime import date, timedelta

import numpy as np
import polars as pl


def made_lifetimes(
    n: int,
    *,
    distribution: str = "weibull",
    scale: float = 1.0,
    effect: float = 0.0,
    bump: float = 0.0,
    seed: int = 0,
    daily_ratio: float = 0.8,
) -> pl.DataFrame:
    """Rows of `core_second_lifetimes`. log duration = 4.5 + effect · z + bump · (1 - |z|) + scale · noise, z the standardised
    log(1 + cover_days); about a third is censored. Spend a day is `daily_ratio` of that before, with log-normal noise."""
    draw = np.random.default_rng(seed)
    cover = draw.integers(7, 91, n)
    z = np.log1p(cover)
    z = (z - z.mean()) / z.std()
    noise = np.log(draw.exponential(1.0, n)) if distribution == "weibull" else draw.standard_normal(n)
    ends = np.ceil(np.exp(4.5 + effect * z + bump * (1 - np.abs(z)) + scale * noise))
    cuts = np.ceil(draw.exponential(250.0, n))
    duration = np.minimum(ends, cuts).astype(np.int64)
    before = np.exp(draw.normal(3.5, 0.8, n))
    after = daily_ratio * before * np.exp(0.3 * draw.standard_normal(n))
    is_ended = ends <= cuts
    first = date(2024, 1, 1)
    returned = [first + timedelta(days=int(d)) for d in draw.integers(0, 500, n)]
    return pl.DataFrame(
        {
            "account_id": [f"A{i:06d}" for i in range(n)],
            "spell_no": [3] * n,
            "returned_on": returned,
            "ended_on": [
                r + timedelta(days=int(d)) if e else None for r, d, e in zip(returned, duration, is_ended, strict=True)
            ],
            "is_ended": is_ended,
            "duration_days": duration,
            "covered_days": duration,
            "n_purchase_days": np.maximum(duration // cover, 1),
            "spend_amount": np.round(after * duration, 2),
            "second_daily_amount": after,
            "cycle_group": np.where(cover > 28, "029-056", "015-028"),
            "lapsed_days": draw.integers(1, 300, n),
            "lapse_basis": np.where(draw.random(n) < 0.2, "paid_through", "silence"),
            "is_unpaid": draw.random(n) < 0.1,
            "is_after_touch": draw.random(n) < 0.3,
            "first_lifetime_days": draw.integers(0, 900, n),
            "n_earlier_purchase_days": draw.integers(1, 40, n),
            "n_earlier_lapses": draw.integers(0, 4, n),
            "mean_purchase_amount": np.round(before * cover, 2),
            "mean_gap_days": cover.astype(float),
            "cover_days": cover,
            "first_daily_amount": before,
        },
        schema_overrides={"spend_amount": pl.Decimal(18, 4), "mean_purchase_amount": pl.Decimal(18, 4), "ended_on": pl.Date},
    )


def as_lapses(lifetimes: pl.DataFrame) -> pl.DataFrame:
    """The same accounts as lapsed ones: the columns of `core_lapse_histories` that scoring reads."""
    return lifetimes.select(
        "account_id",
        "spell_no",
        "cycle_group",
        "lapsed_days",
        "lapse_basis",
        "is_unpaid",
        "first_lifetime_days",
        "n_earlier_purchase_days",
        "n_earlier_lapses",
        "mean_purchase_amount",
        "mean_gap_days",
        "cover_days",
        "first_daily_amount",
    )

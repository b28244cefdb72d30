"""Treated against holdout: the arithmetic, who counts, what is hidden, and how often the intervals hold."""

from datetime import date

import numpy as np
import polars as pl
import pytest
from track_rows import AS_OF, SETTLED, units

from winback.track.effect import MIN_UNITS_FOR_AMOUNTS, MIN_UNITS_FOR_SHARES, effect_rows
from winback.track.lot_ratio import lot_ratios
from winback.track.means import difference_of_means, weighted_mean
from winback.track.shares import newcombe


def total(frame: pl.DataFrame) -> dict:
    rows = effect_rows(frame, lot_ratios(frame), AS_OF)
    return rows.filter(pl.col("effect_scope") == "total").row(0, named=True)


def test_the_arithmetic_is_that_of_the_raw_rows() -> None:
    """56 of 70 against 48 of 80, Newcombe's contrast (a): 0.2 [0.0524, 0.3339]; 100 a return."""
    row = total(units({"treated": 70, "holdout": 80}, {"treated": 56, "holdout": 48}))
    assert (row["n_treated"], row["n_holdout"], row["n_treated_returned"], row["n_holdout_returned"]) == (70, 80, 56, 48)
    assert (row["treated_return_share"], row["holdout_return_share"]) == (0.8, 0.6)
    ends = [row[f"return_difference_{end}share"] for end in ("", "low_", "high_")]
    assert [round(v, 4) for v in ends] == [0.2, 0.0524, 0.3339]
    assert (float(row["spend_difference_amount"]), float(row["second_difference_amount"])) == (20.0, 40.0)
    assert float(row["spend_difference_low_amount"]) < 20 < float(row["spend_difference_high_amount"])
    assert row["effect_status"] == "experimental"
    assert row["is_weighted"] is False


def test_accounts_count_where_the_lot_put_them() -> None:
    """Contaminated holdouts stay holdouts, unworked treated stay treated, explored rows are in neither."""
    frame = units({"treated": 40, "holdout": 40, "explore": 40}, {"treated": 10, "holdout": 5, "explore": 40})
    frame = frame.with_columns(is_contaminated=pl.col("row_key").is_in(["RH00000", "RH00039"]))
    row = total(frame)
    assert (row["n_holdout"], row["n_contaminated"], row["holdout_return_share"]) == (40, 2, 0.125)
    assert row["n_treated"] == 40
    assert "contaminated" in row["usage_warning"]


def test_open_horizons_wait() -> None:
    frame = units({"treated": 40, "holdout": 40}, {"treated": 10, "holdout": 5})
    frame = frame.with_columns(is_settled=~pl.col("row_key").is_in(["RT00030", "RH00030", "RH00031"]))
    row = total(frame)
    assert (row["n_treated"], row["n_holdout"], row["n_open"]) == (39, 38, 3)


def test_each_week_has_a_row_of_its_own_and_the_total_holds_all() -> None:
    early = units({"treated": 40, "holdout": 40}, {"treated": 20, "holdout": 10}, week_on=date(2025, 11, 24))
    late = units({"treated": 40, "holdout": 40}, {"treated": 10, "holdout": 10})
    frame = pl.concat([early, late.with_columns(pl.col("row_key") + "B")])
    rows = effect_rows(frame, (), AS_OF)
    assert rows.select("effect_scope", "week_on", "return_difference_share").rows() == [
        ("total", None, 0.125),
        ("week", date(2025, 11, 24), 0.25),
        ("week", SETTLED, 0.0),
    ]


def test_chances_that_differ_between_rows_are_weighted_out() -> None:
    """Two strata: treated with 0.9 and 0.5. Under equal weights the stratum treated more often would count for more."""
    often = units({"treated": 90, "holdout": 10}, {"treated": 45, "holdout": 5})
    rare = units({"treated": 50, "holdout": 50}, {"treated": 5, "holdout": 5}).with_columns(pl.col("row_key") + "B")
    frame = pl.concat(
        [
            often.with_columns(assignment_prob=pl.when(pl.col("assignment") == "treated").then(0.9).otherwise(0.1)),
            rare.with_columns(assignment_prob=pl.lit(0.5)),
        ]
    )
    row = total(frame)
    assert row["is_weighted"] is True
    assert row["treated_return_share"] == row["holdout_return_share"] == pytest.approx(0.3)
    assert row["return_difference_share"] == 0.0
    assert row["return_difference_low_share"] < -0.1, "the interval knows that ten held out rows carry half the weight"


def test_without_chances_nothing_is_called_experimental() -> None:
    frame = units({"treated": 70, "holdout": 80}, {"treated": 56, "holdout": 48})
    row = total(frame.with_columns(assignment_prob=pl.lit(None, pl.Float64)))
    assert row["effect_status"] == "observational"
    assert row["usage_warning"] == "not_by_lot"
    assert row["n_unlogged"] == 150
    assert row["lot_ratio_prob"] is None


def test_rows_without_a_chance_are_left_out_beside_rows_with_one() -> None:
    frame = units({"treated": 70, "holdout": 80}, {"treated": 56, "holdout": 48})
    frame = frame.with_columns(
        assignment_prob=pl.when(pl.col("row_key") == "RT00000").then(None).otherwise(pl.col("assignment_prob"))
    )
    row = total(frame)
    assert (row["n_treated"], row["n_unlogged"], row["effect_status"]) == (69, 1, "experimental")
    assert "rows_without_chance_left_out" in row["usage_warning"]


@pytest.mark.parametrize(
    ("n_holdout", "has_share", "has_amount"),
    [
        (0, False, False), (MIN_UNITS_FOR_SHARES - 1, False, False), (MIN_UNITS_FOR_SHARES, True, False),
        (MIN_UNITS_FOR_AMOUNTS - 1, True, False), (MIN_UNITS_FOR_AMOUNTS, True, True),
    ],
)  # fmt: skip
def test_figures_of_too_few_are_hidden_and_the_row_says_why(n_holdout: int, has_share: bool, has_amount: bool) -> None:
    row = total(units({"treated": 200, "holdout": n_holdout}, {"treated": 20, "holdout": 3}))
    assert (row["return_difference_share"] is not None) == has_share
    assert (row["spend_difference_amount"] is not None) == has_amount
    assert (row["hidden_reason"] is None) == has_amount
    assert row["n_holdout"] == n_holdout


def test_no_experiment_no_rows() -> None:
    assert effect_rows(units({}, {}), (), AS_OF).is_empty()


@pytest.mark.parametrize(("n_treated", "n_holdout", "effect"), [(900, 100, 0.0), (900, 100, 0.06), (300, 60, 0.0)])
def test_share_intervals_cover_the_truth(n_treated: int, n_holdout: int, effect: float) -> None:
    """500 experiments drawn with a base chance of 8 %."""
    lot = np.random.default_rng(41)
    treated, holdout = lot.binomial(n_treated, 0.08 + effect, 500), lot.binomial(n_holdout, 0.08, 500)
    hits = 0
    for t, h in zip(treated, holdout, strict=True):
        found = newcombe(t / n_treated, n_treated, h / n_holdout, n_holdout)
        hits += found.low <= effect <= found.high
    assert 0.93 <= hits / 500 <= 0.97


@pytest.mark.slow
@pytest.mark.parametrize(("share", "spread", "n_treated", "n_holdout"), [(0.15, 0.8, 270, 30), (0.08, 1.2, 450, 50)])
def test_amount_intervals_cover_the_truth(share: float, spread: float, n_treated: int, n_holdout: int) -> None:
    """500 placebo experiments: few return and spend log-normally, most little and few much. Welch's t covers 0.86 and 0.82 here."""
    lot = np.random.default_rng(43)
    n = n_treated + n_holdout
    is_treated, block = np.arange(n) < n_treated, np.zeros(n, np.int64)
    hits = 0
    for _ in range(500):
        spend = (lot.random(n) < share) * lot.lognormal(4, spread, n)
        found = difference_of_means(spend, np.ones(n), is_treated, block)
        hits += found.low <= 0 <= found.high
    assert 0.93 <= hits / 500 <= 0.97


def test_weighted_intervals_cover_the_truth() -> None:
    """500 experiments in which half the accounts are held out with 0.05 and half with 0.25, and return differently."""
    lot = np.random.default_rng(47)
    hits = 0
    for _ in range(500):
        is_rare = lot.random(2000) < 0.5
        held = lot.random(2000) < np.where(is_rare, 0.05, 0.25)
        back = (lot.random(2000) < np.where(is_rare, 0.25, 0.05)).astype(float)
        prob = np.where(is_rare, 0.05, 0.25)
        t, h = weighted_mean(back[~held], 1 / (1 - prob[~held])), weighted_mean(back[held], 1 / prob[held])
        found = newcombe(t.value, t.share_n, h.value, h.share_n)
        hits += found.low <= 0 <= found.high
    assert 0.93 <= hits / 500 <= 0.97

"""Kaplan-Meier on gaps: a hand-worked case, another implementation, and properties."""

from datetime import date

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from winback.survival.gap_curve import fit_gap_curve
from winback.survival.return_time import return_time_table


def gaps(*rows: tuple[int, bool, int]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema={"gap_days": pl.Int64, "is_return": pl.Boolean, "n_gaps": pl.Int64}, orient="row")


def test_hand_worked_case() -> None:
    """Ten gaps: 2 return on day 3, 1 is censored on day 4, 3 return on day 5, 4 are censored on day 8.

    S(3) = 8/10; on day 5 seven are at risk: S(5) = 8/10 x 4/7.
    """
    curve = fit_gap_curve(gaps((3, True, 2), (4, False, 1), (5, True, 3), (8, False, 4)))
    assert curve.survival == pytest.approx([1, 1, 1, 0.8, 0.8, 0.8 * 4 / 7, 0.8 * 4 / 7, 0.8 * 4 / 7, 0.8 * 4 / 7])
    assert list(curve.at_risk) == [10, 10, 10, 10, 8, 7, 4, 4, 4]
    assert curve.variance_sum[3] == pytest.approx(2 / (10 * 8))
    assert curve.variance_sum[5] == pytest.approx(2 / (10 * 8) + 3 / (7 * 4))
    assert (curve.n_gaps, curve.n_returns) == (10, 5)


def test_conditional_chance_is_the_share_that_returns_among_those_still_silent() -> None:
    curve = fit_gap_curve(gaps((3, True, 20), (5, True, 30), (8, False, 50)))
    chance, low, high = curve.return_chances(horizon_days=2)
    assert chance[:6] == pytest.approx([0, 0.2, 0.2, 0.375, 0.375, 0])
    assert (low <= chance).all() and (chance <= high).all()
    assert high[0] > 0  # nobody returned on days 0-2, which is not proof that nobody ever will


def test_one_purchase_and_a_long_silence_lower_the_chance() -> None:
    """The artefact of P(alive) = 1 for one-time buyers must not be here: the chance falls with silence."""
    curve = fit_gap_curve(gaps(*[(day, True, 200 // day) for day in range(5, 60, 5)], (90, False, 400)))
    chance, _, _ = curve.return_chances(horizon_days=28)
    assert chance[0] > chance[20] > chance[40] > chance[58] == 0


def test_best_by_day_is_the_last_with_four_fifths_of_todays_chance() -> None:
    curve = fit_gap_curve(gaps((10, True, 50), (20, True, 25), (40, False, 25)))
    chance, _, _ = curve.return_chances(horizon_days=12)
    assert chance[:10] == pytest.approx([0.5] * 8 + [0.75] * 2)
    # From day 8 the chance is 0.75 until day 9; on day 10, ten days are behind, it is 25/50 = 0.5 < 0.6.
    assert curve.best_by_days(horizon_days=12)[8] == 1


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 60), st.booleans(), st.integers(1, 40)), min_size=1, max_size=20),
    st.integers(1, 40),
)
def test_chances_are_probabilities_inside_their_intervals(rows: list[tuple[int, bool, int]], horizon: int) -> None:
    curve = fit_gap_curve(gaps(*rows))
    chance, low, high = curve.return_chances(horizon)
    for values in (chance, low, high):
        assert np.isfinite(values).all() and (values >= 0).all() and (values <= 1).all()
    assert (low <= chance + 1e-12).all() and (chance <= high + 1e-12).all()
    assert (curve.best_by_days(horizon) <= horizon).all()


@pytest.mark.slow
def test_intervals_hold_what_they_promise() -> None:
    """80 % intervals over 400 draws of 200 exponential gaps cover the truth in 75-85 %."""
    draw = np.random.default_rng(7)
    truth = 1 - np.exp(-28 / 40)
    covered = 0
    for _ in range(400):
        days = np.ceil(draw.exponential(40, 200)).astype(int)
        is_return = days <= 120
        frame = pl.DataFrame({"gap_days": np.minimum(days, 120), "is_return": is_return, "n_gaps": 1})
        _, low, high = fit_gap_curve(frame).return_chances(28)
        covered += bool(low[10] <= truth <= high[10])
    assert 0.75 <= covered / 400 <= 0.85


def test_a_group_with_few_returns_borrows_the_pooled_curve_and_says_so() -> None:
    rich = gaps((5, True, 100), (30, False, 100)).with_columns(cycle_group=pl.lit("rich"))
    poor = gaps((9, True, 3), (30, False, 5)).with_columns(cycle_group=pl.lit("poor"))
    table = return_time_table(
        pl.concat([rich, poor]), as_of_on=date(2026, 3, 2), cycle_groups=["rich", "poor"], horizon_days=56
    )
    warnings = dict(table.select("cycle_group", "usage_warning").unique().iter_rows())
    assert warnings == {"rich": None, "poor": "pooled"}
    assert set(table["horizon_days"]) == {7, 28, 56, 91, 182}


def test_no_gap_at_all_gives_no_rows() -> None:
    empty = gaps().with_columns(cycle_group=pl.lit("x"))
    assert return_time_table(empty, as_of_on=date(2026, 3, 2), cycle_groups=["x"], horizon_days=56).height == 0


def test_the_curve_is_that_of_lifelines() -> None:
    from lifelines import KaplanMeierFitter

    rng = np.random.default_rng(8)
    days, is_return, weights = rng.integers(0, 90, 300), rng.random(300) < 0.7, rng.integers(1, 5, 300)
    gaps = pl.DataFrame({"gap_days": days, "is_return": is_return, "n_gaps": weights})
    fitter = KaplanMeierFitter().fit(days, event_observed=is_return, weights=weights)
    expected = fitter.survival_function_at_times(np.arange(days.max() + 1)).to_numpy()
    assert fit_gap_curve(gaps).survival == pytest.approx(expected, abs=1e-12)

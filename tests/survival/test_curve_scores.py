"""Scores read off Kaplan-Meier curves, where there is too little for a model of the accounts."""

from datetime import date

import polars as pl
import pytest

from winback.survival.curve_scores import score_by_curves
from winback.survival.return_time import return_time_table

AS_OF = date(2026, 3, 2)


@pytest.fixture(scope="module")
def curves() -> pl.DataFrame:
    gaps = pl.DataFrame(
        {
            "business_kind": ["k"] * 40,
            "cycle_group": ["0-7"] * 40,
            "gap_days": list(range(1, 41)),
            "is_return": [True] * 30 + [False] * 10,
            "n_gaps": [20] * 40,
        }
    )
    return return_time_table(gaps, as_of_on=AS_OF, cycle_groups=["0-7"], horizon_days=56)


def lapses(*silences: int) -> pl.DataFrame:
    n = len(silences)
    return pl.DataFrame(
        {
            "account_id": [f"a{i}" for i in range(n)],
            "as_of_on": [AS_OF] * n,
            "cycle_group": ["0-7"] * n,
            "silence_days": silences,
        }
    )


def test_chances_are_those_of_the_curve_at_the_accounts_silence(curves: pl.DataFrame) -> None:
    scores = score_by_curves(curves, lapses(10), 56)
    wanted = curves.filter(pl.col("silence_days") == 10).sort("horizon_days")
    assert scores.chances["prob"].to_list() == wanted["prob"].to_list()
    assert scores.chances["horizon_days"].to_list() == [7, 28, 56, 91, 182]


def test_a_week_on_is_the_curve_seven_days_later(curves: pl.DataFrame) -> None:
    timing = score_by_curves(curves, lapses(10), 56).timing.row(0, named=True)
    at_horizon = curves.filter(pl.col("horizon_days") == 56)
    assert timing["week_on_prob"] == at_horizon.filter(pl.col("silence_days") == 17)["prob"][0]
    assert timing["best_by_days"] == at_horizon.filter(pl.col("silence_days") == 10)["best_by_days"][0]
    assert timing["never_prob"] is None


def test_beyond_the_curve_its_last_value_stands_and_says_so(curves: pl.DataFrame) -> None:
    last = int(curves["silence_days"].max())  # type: ignore[arg-type]
    chances = score_by_curves(curves, lapses(last, last + 30), 56).chances.filter(pl.col("horizon_days") == 56)
    assert chances["prob"][0] == chances["prob"][1]
    assert chances["usage_warning"].to_list() == [None, "extrapolated"]


def test_no_curve_gives_no_score(curves: pl.DataFrame) -> None:
    scores = score_by_curves(curves.clear(), lapses(3), 56)
    assert scores.chances.is_empty()
    assert scores.timing.is_empty()

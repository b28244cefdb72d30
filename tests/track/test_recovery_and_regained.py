"""Recovery per reason and who is still there, worked by hand."""

from datetime import date

import polars as pl
import pytest
from lifelines import KaplanMeierFitter
from track_rows import AS_OF, treatment, treatments

from winback.track.frames import contract_frame
from winback.track.recovery import MIN_ACCOUNTS, recovery_rows
from winback.track.regained import curve_interval, kept_curve, regained_rows
from winback.track.shares import wilson

CODES = {"ask_reason": None, "2c_off_season": "2c"}


def recovery(*rows: dict) -> dict[str, dict]:
    return {row["reason_code"]: row for row in recovery_rows(treatments(*rows), CODES, AS_OF).to_dicts()}


def test_the_reason_written_back_wins_over_the_plays_and_none_means_nobody_knows() -> None:
    found = recovery(
        treatment("R1", is_worked=True, play_id="2c_off_season"),
        treatment("R2", is_worked=True, play_id="2c_off_season", true_reason_code="1b", has_returned=True),
        treatment("R3", is_worked=True, has_returned=True),
        treatment("R4", is_worked=True, play_id="made_elsewhere"),
        treatment("R5", play_id="2c_off_season", has_returned=True),
    )
    counts = {c: (r["n_worked_accounts"], r["n_confirmed"], r["n_returned_accounts"]) for c, r in found.items()}
    assert counts == {"*": (4, 1, 2), "1b": (1, 1, 1), "2c": (1, 0, 0), "7": (2, 0, 1)}


def test_a_lapse_worked_twice_counts_once_and_an_open_horizon_not_at_all() -> None:
    found = recovery(
        treatment("R1", account_id="a", is_worked=True, true_reason_code="1b"),
        treatment("R2", account_id="a", is_worked=True, week_on=date(2025, 12, 29), has_returned=True),
        treatment("R3", is_worked=True, is_settled=False, has_returned=True),
    )
    assert {c: r["n_worked_accounts"] for c, r in found.items()} == {"*": 1, "1b": 1}
    assert found["1b"]["n_returned_accounts"] == 1


@pytest.mark.parametrize("n", [MIN_ACCOUNTS - 1, MIN_ACCOUNTS])
def test_a_share_is_shown_from_twenty_accounts(n: int) -> None:
    rows = [treatment(f"R{i:02d}", is_worked=True, play_id="2c_off_season", has_returned=i < 5) for i in range(n)]
    row = recovery(*rows, treatment("X", is_worked=True))["2c"]
    if n < MIN_ACCOUNTS:
        assert row["recovery_share"] is None
        assert row["hidden_reason"] == "19 accounts worked; a share is shown from 20"
    else:
        assert row["hidden_reason"] is None
        expected = wilson(0.25, 20)
        assert row["recovery_share"] == 0.25
        assert (row["recovery_low_share"], row["recovery_high_share"]) == (round(expected.low, 6), round(expected.high, 6))


def test_no_treatments_give_an_empty_pool_of_no_rows() -> None:
    assert recovery_rows(treatments(), CODES, AS_OF).is_empty()


def returns(*spans: tuple[int, int | None], kind: str = "worked") -> pl.DataFrame:
    """(days since the return, days until the next lapse or None)."""
    rows = [
        {
            "account_id": f"a{i}", "returned_on": date(2025, 1, 1), "row_key": f"R{i}", "return_kind": kind, "returned_days": age,
            "has_lapsed_again": lapse is not None, "followed_days": age if lapse is None else lapse,
        }
        | {
            f"is_kept_{d}": False if lapse is not None and lapse <= d else (True if age >= d else None) for d in (30, 90, 180)
        }
        for i, (age, lapse) in enumerate(spans)
    ]  # fmt: skip
    return contract_frame("track_returns", rows)


def test_only_returns_that_are_old_enough_count_for_the_plain_share() -> None:
    """20 returned 100 days ago, 5 of them lapsed again after 40 days; 10 returned 50 days ago, all lapsed again after 20."""
    rows = regained_rows(returns(*[(100, 40)] * 5, *[(100, None)] * 15, *[(50, 20)] * 10), AS_OF)
    found = {r["kept_days"]: r for r in rows.filter(pl.col("return_kind") == "worked").to_dicts()}
    assert (found[30]["n_old_enough"], found[30]["n_kept"]) == (30, 20)
    assert (found[90]["n_old_enough"], found[90]["n_kept"], found[90]["kept_share"]) == (20, 15, 0.75)
    assert found[90]["kept_low_share"] == round(wilson(0.75, 20).low, 6)
    assert (found[180]["n_old_enough"], found[180]["kept_share"]) == (0, None)
    assert found[180]["hidden_reason"] == "0 returned at least 180 days ago; a share is shown from 20"


def test_the_curve_is_kaplan_meiers_with_its_interval() -> None:
    spans = [(200, None)] * 30 + [(200, day) for day in (10, 25, 40, 80, 80, 120, 170)] + [(60, None)] * 12 + [(60, 30)] * 3
    rows = returns(*spans)
    other = KaplanMeierFitter().fit(rows["followed_days"].to_numpy(), rows["has_lapsed_again"].to_numpy())
    bounds = other.confidence_interval_
    for day in (30, 90, 180):
        share, low, high = curve_interval(kept_curve(rows), day) or (0, 0, 0)
        assert share == pytest.approx(float(other.predict(day)))
        at = bounds.index[bounds.index <= day][-1]
        assert (low, high) == (
            pytest.approx(bounds.loc[at].iloc[0], abs=1e-6),
            pytest.approx(bounds.loc[at].iloc[1], abs=1e-6),
        )


def test_ways_of_coming_back_stand_side_by_side_and_few_are_hidden() -> None:
    rows = regained_rows(returns(*[(200, None)] * 25, kind="holdout"), AS_OF)
    assert rows.select("return_kind", "kept_days").height == 9
    assert rows.filter(pl.col("return_kind") == "worked")["kept_share"].null_count() == 3
    kept = rows.filter((pl.col("return_kind") == "holdout") & (pl.col("kept_days") == 180)).row(0, named=True)
    assert (kept["kept_share"], kept["kept_curve_share"]) == (1.0, 1.0)
    assert kept["kept_low_share"] < 0.9 < kept["kept_curve_high_share"]

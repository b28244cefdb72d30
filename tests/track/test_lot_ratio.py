"""The sample-ratio check: found where the lot or its record is broken, quiet where it is not."""

import numpy as np
import polars as pl
import pytest
from track_rows import PROBS, units

from winback.track.lot_ratio import MIN_UNITS, lot_ratios


def test_a_lot_that_deals_as_planned_is_quiet() -> None:
    (ratio,) = lot_ratios(units({"treated": 850, "holdout": 100, "explore": 50}, {}))
    assert ratio.p_value == 1.0
    assert not ratio.is_mismatch
    assert [(name, n, round(due, 6)) for name, n, due in ratio.counts] == [
        ("explore", 50, 50.0), ("holdout", 100, 100.0), ("treated", 850, 850.0),
    ]  # fmt: skip
    assert "dealt as planned" in ratio.message


def test_lost_holdouts_are_found_and_the_message_says_where_to_look() -> None:
    """40 of 100 held out went missing: binomial tail of 60 in 960 at 0.10, P = 2e-5 for the holdout alone."""
    (ratio,) = lot_ratios(units({"treated": 850, "holdout": 60, "explore": 50}, {}))
    assert ratio.is_mismatch
    assert ratio.p_value is not None and ratio.p_value < 0.001
    for word in ("60 held out where about 96 were due", "Look at", "winback.toml", "--accept"):
        assert word in ratio.message


def test_an_experiment_without_any_holdout_left_is_found() -> None:
    (ratio,) = lot_ratios(units({"treated": 850, "explore": 50}, {}))
    assert ratio.is_mismatch


def test_few_units_are_not_judged() -> None:
    (ratio,) = lot_ratios(units({"treated": MIN_UNITS - 1}, {}))
    assert ratio.p_value is None
    assert not ratio.is_mismatch
    assert str(MIN_UNITS) in ratio.message


def test_rows_without_a_chance_are_no_part_of_it() -> None:
    frame = units({"treated": 900, "holdout": 10}, {}).with_columns(assignment_prob=pl.lit(None, pl.Float64))
    assert lot_ratios(frame) == ()


def test_experiments_are_judged_one_by_one() -> None:
    good = units({"treated": 850, "holdout": 100, "explore": 50}, {})
    bad = units({"treated": 850, "holdout": 40, "explore": 50}, {}, experiment_id="E2")
    assert [(r.experiment_id, r.is_mismatch) for r in lot_ratios(pl.concat([bad, good]))] == [("E1", False), ("E2", True)]


def test_open_horizons_count_because_they_were_dealt() -> None:
    (ratio,) = lot_ratios(units({"treated": 850, "holdout": 60, "explore": 50}, {}, is_settled=False))
    assert ratio.is_mismatch


@pytest.mark.parametrize("has_two_designs", [False, True])
def test_false_alarms_are_as_rare_as_said(has_two_designs: bool) -> None:
    """200 lots of 600 units that deal as they log: one alarm in a thousand is due, more than two would be a fault."""
    lot = np.random.default_rng(71)
    alarms = 0
    for _ in range(200):
        share = np.where(np.arange(600) < 300, 0.10, 0.30 if has_two_designs else 0.10)
        held = lot.random(600) < share
        frame = pl.DataFrame(
            {
                "row_key": [f"R{i:04d}" for i in range(600)], "experiment_id": "E1",
                "assignment": np.where(held, "holdout", "treated"), "assignment_prob": np.where(held, share, 1 - share),
            }
        )  # fmt: skip
        alarms += lot_ratios(frame)[0].is_mismatch
    assert alarms <= 2


def test_a_broken_lot_is_found_where_chances_differ() -> None:
    first = units({"treated": 900, "holdout": 40}, {})
    second = units({"treated": 700, "holdout": 200}, {}).with_columns(
        pl.col("row_key") + "B",
        assignment_prob=pl.when(pl.col("assignment") == "holdout").then(0.30).otherwise(0.70),
    )
    frame = pl.concat(
        [first.with_columns(assignment_prob=pl.when(pl.col("assignment") == "holdout").then(0.1).otherwise(0.9)), second]
    )
    (ratio,) = lot_ratios(frame)
    assert ratio.is_mismatch
    assert PROBS["holdout"] == 0.1

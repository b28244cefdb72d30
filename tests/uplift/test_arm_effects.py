"""Effects are the arithmetic of the raw file, against the named control only."""

import numpy as np
import polars as pl
import pytest
from scipy import stats

from winback.uplift.arm_effects import arm_effects
from winback.uplift.balance import check_ratio

ARMS = ["none"] * 12 + ["letter"] * 11 + ["call"] * 10


@pytest.fixture
def frame() -> pl.DataFrame:
    lot = np.random.default_rng(3)
    return pl.DataFrame({"arm": ARMS, "y": lot.gamma(2.0, 10.0, len(ARMS)), "x": lot.random(len(ARMS))})


def test_effects_are_differences_of_group_means(frame, test_of) -> None:
    means = dict(frame.group_by("arm").agg(pl.col("y").mean()).iter_rows())
    control, *others = arm_effects(test_of(frame))
    assert control.arm == "none"
    assert control.effect is None
    assert [one.arm for one in others] == ["call", "letter"]
    for one in others:
        assert one.mean == pytest.approx(means[one.arm], rel=1e-14)
        assert one.effect.value == pytest.approx(means[one.arm] - means["none"], rel=1e-12)
        assert one.relative == pytest.approx(means[one.arm] / means["none"] - 1, rel=1e-12)


def test_other_arms_do_not_move_an_effect(frame, test_of) -> None:
    with_all = next(one for one in arm_effects(test_of(frame)) if one.arm == "letter")
    alone = next(one for one in arm_effects(test_of(frame.filter(pl.col("arm") != "call"))) if one.arm == "letter")
    assert alone == with_all


def test_interval_and_p_value_are_welchs(frame, test_of) -> None:
    call, control = (frame.filter(pl.col("arm") == name)["y"].to_numpy() for name in ("call", "none"))
    expected = stats.ttest_ind(call, control, equal_var=False)
    interval = expected.confidence_interval(0.95)
    found = arm_effects(test_of(frame))[1]
    assert found.p_value == pytest.approx(expected.pvalue)
    assert (found.effect.low, found.effect.high) == pytest.approx((interval.low, interval.high))


def test_rows_without_outcome_or_arm_are_left_out_and_counted(frame, test_of) -> None:
    holes = frame.with_columns(
        y=pl.when(pl.int_range(pl.len()) == 0).then(None).otherwise(pl.col("y")),
        arm=pl.when(pl.int_range(pl.len()) == 30).then(None).otherwise(pl.col("arm")),
    )
    more = pl.concat([holes, holes])
    test = test_of(more)
    assert (test.n_without_outcome, test.n_without_arm) == (2, 2)
    means = dict(more.drop_nulls().group_by("arm").agg(pl.col("y").mean()).iter_rows())
    assert arm_effects(test)[1].effect.value == pytest.approx(means["call"] - means["none"])


def test_a_cluster_counts_once(test_of) -> None:
    # Every shop's rows are copies of one value: ten copies must not make the interval narrower.
    lot = np.random.default_rng(8)
    shops = pl.DataFrame({"shop": range(40), "arm": ["none", "letter"] * 20, "y": lot.normal(size=40)})
    copies = pl.concat([shops] * 10)
    single = arm_effects(test_of(shops))[1].effect
    naive = arm_effects(test_of(copies.drop("shop")))[1].effect
    clustered = arm_effects(test_of(copies, cluster="shop"))[1].effect
    assert clustered.value == pytest.approx(single.value)
    assert clustered.standard_error == pytest.approx(single.standard_error, rel=0.03)
    assert naive.standard_error < 0.4 * clustered.standard_error


def test_sizes_are_checked_against_equal_or_planned_shares(test_of) -> None:
    frame = pl.DataFrame({"arm": ["none"] * 100 + ["letter"] * 900, "y": [0.0, 1.0] * 500})
    unplanned, planned = check_ratio(test_of(frame)), check_ratio(test_of(frame, shares={"none": 1, "letter": 9}))
    assert unplanned.is_mismatch
    assert planned.p_value == pytest.approx(1.0)
    assert planned.expected.tolist() == [100, 900]
    # By hand: (120-100)^2/100 + (880-900)^2/900 = 4.444 with one degree of freedom.
    shifted = pl.DataFrame({"arm": ["none"] * 120 + ["letter"] * 880, "y": [0.0, 1.0] * 500})
    assert check_ratio(test_of(shifted, shares={"none": 0.1, "letter": 0.9})).p_value == pytest.approx(0.03501, abs=1e-4)

"""The value of policies from logged chances: right on average, honest about what the log cannot tell."""

import numpy as np
import polars as pl
import pytest
from track_rows import AS_OF, MARGIN, OFFER_COST, logged_market, units

from winback.track.frames import contract_frame
from winback.track.policy_estimates import doubly_robust_estimate, normalised_estimate, weighted_estimate
from winback.track.policy_value import ESTIMATORS, MIN_UNITS, POLICIES, Costs, policy_rows

FREE = Costs(margin_share=1.0, minute_amount=0.0)
NO_OPTIONS = contract_frame("ledger_options", ())


def shown(rows: pl.DataFrame, policy: str, estimator: str) -> dict:
    return rows.filter((pl.col("policy") == policy) & (pl.col("estimator") == estimator)).row(0, named=True)


def test_estimates_by_hand() -> None:
    """Four rows, chances 1/2, 1/2, 1/4, 1/4; the policy agrees with what was done to rows 1 and 3; prediction 0.5 throughout."""
    outcome, weight = np.array([1.0, 0.0, 1.0, 1.0]), np.array([2.0, 0.0, 4.0, 0.0])
    account, expected = np.arange(4), np.full(4, 0.5)
    assert weighted_estimate(outcome, weight, account).value.value == (2 + 4) / 4
    assert normalised_estimate(outcome, weight, account).value.value == 1.0
    assert doubly_robust_estimate(outcome, weight, expected, account).value.value == 0.5 + (2 * 0.5 + 4 * 0.5) / 4
    assert weighted_estimate(outcome, weight, account).gain.value == 1.5 - 0.75


def test_everyone_untouched_is_the_share_of_the_holdout() -> None:
    rows = policy_rows(
        units({"treated": 850, "holdout": 100, "explore": 50}, {"treated": 170, "holdout": 9}), NO_OPTIONS, FREE, AS_OF
    )
    untouched = shown(rows, "untouched", "normalised")
    assert untouched["policy_return_share"] == 0.09
    assert untouched["n_matched"] == 100
    assert float(untouched["policy_net_amount"]) == pytest.approx(9.0)
    assert shown(rows, "untouched", "weighted")["policy_return_share"] == pytest.approx(0.09 * 100 / (1000 * 0.10))
    assert shown(rows, "plan", "normalised")["policy_return_share"] == 0.2
    ran = shown(rows, "as_run", "mean")
    assert (ran["policy_return_share"], ran["policy_return_gain_share"]) == (0.179, 0.0)


def test_every_experiment_gets_the_same_rows() -> None:
    full = policy_rows(*logged_market(1000, 1)[:2], FREE, AS_OF)
    few = policy_rows(units({"treated": 30, "holdout": 5}, {}), NO_OPTIONS, FREE, AS_OF)
    expected = {("as_run", "mean"), *((policy, estimator) for policy in POLICIES for estimator in ESTIMATORS)}
    for rows in (full, few):
        assert set(rows.select("policy", "estimator").rows()) == expected
    assert few["policy_return_share"].null_count() == few.height
    assert f"35 settled units with logged chances; {MIN_UNITS} are needed" in few["hidden_reason"].to_list()
    assert full["hidden_reason"].null_count() == full.height


def test_rows_without_chances_never_count() -> None:
    frame = units({"treated": 850, "holdout": 100}, {"treated": 170, "holdout": 9})
    blind = frame.with_columns(assignment_prob=pl.lit(None, pl.Float64), has_returned=True, row_key=pl.col("row_key") + "X")
    assert policy_rows(pl.concat([frame, blind]), NO_OPTIONS, FREE, AS_OF).equals(
        policy_rows(frame, NO_OPTIONS, FREE, AS_OF)
    )
    rows = policy_rows(blind, NO_OPTIONS, FREE, AS_OF)
    assert rows["policy_return_share"].null_count() == rows.height
    assert rows["n_units"].to_list() == [0] * rows.height


def test_what_the_log_does_not_tell_is_said() -> None:
    logged, options, _ = logged_market(1000, 2)
    rows = policy_rows(logged, NO_OPTIONS, FREE, AS_OF)
    assert "not logged" in shown(rows, "rules", "weighted")["hidden_reason"]
    assert "not logged what the plan" in shown(rows, "plan", "doubly_robust")["hidden_reason"]
    assert shown(rows, "untouched", "doubly_robust")["policy_return_share"] is not None
    assert "cost of offers" in shown(rows, "untouched", "weighted")["hidden_reason"]
    unexplored = logged.filter(pl.col("assignment") != "explore")
    assert (
        "assigned to explore" in shown(policy_rows(unexplored, options, FREE, AS_OF), "rules", "weighted")["hidden_reason"]
    )


def test_offers_and_minutes_cost() -> None:
    logged, options, _ = logged_market(1000, 3)
    worked = logged.with_columns(is_worked=pl.col("assignment") != "holdout")
    row = shown(policy_rows(worked, options, Costs(0.5, 0.3), AS_OF), "as_run", "mean")
    offered = worked.filter((pl.col("offer_id") == "voucher") & (pl.col("assignment") != "holdout"))
    expected = (
        0.5 * MARGIN * worked["has_returned"].sum()
        - OFFER_COST * offered["has_returned"].sum()
        - 3 * worked["is_worked"].sum()
    )
    assert float(row["policy_net_amount"]) == pytest.approx(expected / 1000, abs=1e-4)


def test_the_doubly_robust_value_finds_the_truth_on_one_log() -> None:
    """4,000 accounts: every policy within 6 points of its truth, inside its interval widened by half, the best arm the voucher."""
    logged, options, truth = logged_market(4000, 11)
    rows = policy_rows(logged, options, FREE, AS_OF)
    for policy, value in truth.items():
        for estimator in ESTIMATORS:
            row = shown(rows, policy, estimator)
            reach = 0.75 * (row["policy_return_high_share"] - row["policy_return_low_share"])
            assert abs(row["policy_return_share"] - value) < min(0.06, reach), (policy, estimator)
    assert shown(rows, "best_arm", "doubly_robust")["policy_arm"] == "2c_off_season + voucher"


@pytest.mark.slow
def test_estimates_are_unbiased_and_their_intervals_hold() -> None:
    """150 logs of 1,500 accounts: mean error within 3 standard errors of 0, intervals cover 90 to 99 % (3 s.e. of 150 draws)."""
    errors: dict[tuple[str, str], list[float]] = {}
    hits: dict[tuple[str, str], list[bool]] = {}
    for seed in range(150):
        logged, options, truth = logged_market(1500, 1000 + seed)
        for row in (
            policy_rows(logged, options, FREE, AS_OF)
            .filter(pl.col("policy").is_in(["untouched", "plan", "rules", "no_offer"]))
            .to_dicts()
        ):
            key, value = (row["policy"], row["estimator"]), truth[row["policy"]]
            errors.setdefault(key, []).append(row["policy_return_share"] - value)
            hits.setdefault(key, []).append(row["policy_return_low_share"] <= value <= row["policy_return_high_share"])
    for key, values in errors.items():
        assert abs(np.mean(values)) < 3 * np.std(values) / len(values) ** 0.5 + 0.002, key
        assert 0.90 <= np.mean(hits[key]) <= 0.995, (key, np.mean(hits[key]))
    for policy in ("untouched", "plan", "rules", "no_offer"):
        assert np.std(errors[policy, "doubly_robust"]) <= 1.02 * np.std(errors[policy, "weighted"])

"""Uplift of the weekly lots: statuses, gate, first rows, planted and absent effects, family rates, files."""

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from winback.errors import UsageError
from winback.uplift.arm_effects import arm_effects
from winback.uplift.arm_response import ARM_FEATURES
from winback.uplift.family_rates import ANY, family_rates
from winback.uplift.learners import all_learners
from winback.uplift.logged_rows import (
    MIN_RETURNS_PER_SIDE,
    MIN_ROWS_PER_SIDE,
    as_experiment,
    enough_for,
    has_logged_chances,
    logged_rows,
)
from winback.uplift.prior import load_prior
from winback.uplift.same_effect import SAME_EFFECT
from winback.uplift.weekly_files import read_uplift, uplift_files
from winback.uplift.weekly_model import UpliftModel, train_uplift
from winback.uplift.weekly_score import UpliftEvidence, score_uplift
from winback.uplift.weekly_table import uplift_trials

WEEK = date(2025, 12, 1)
FAST = (SAME_EFFECT, all_learners()[0])
NO_RATES = family_rates(
    pl.DataFrame({"reason_family": [], "has_returned": []}, schema={"reason_family": pl.String, "has_returned": pl.Boolean})
)


def treatments(n: int, *, seed: int, effect: float = 0.1, slope: float = 0.0, held: float = 0.4) -> pl.DataFrame:
    """First rows of `n` lapses in one experiment; a contact adds `effect` + `slope` x0 to a chance of 0.25."""
    lot = np.random.default_rng(seed)
    x, is_held = lot.uniform(-1, 1, n), lot.random(n) < held
    prob = 0.25 + np.where(is_held, 0.0, effect + slope * x)
    returned = lot.random(n) < prob
    return pl.DataFrame(
        {
            "row_key": [f"R{i:06d}" for i in range(n)],
            "account_id": [f"A{i:06d}" for i in range(n)],
            "week_on": [date(2025, 1, 6) + timedelta(weeks=int(w)) for w in np.arange(n) % 30],
            "last_spend_on": [date(2024, 6, 1)] * n,
            "assignment": np.where(is_held, "holdout", "treated"),
            "assignment_prob": np.where(is_held, held, 1 - held),
            "experiment_id": ["E1"] * n,
            "is_settled": [True] * n,
            "has_returned": returned,
            "horizon_amount": 100.0 * returned,
            "x0": x,
        }
    )


def model_of(frame: pl.DataFrame) -> UpliftModel:
    rows = logged_rows(frame)
    reason = enough_for(rows)[1]
    return train_uplift(rows, rows.select("x0"), as_of_on=WEEK, horizon_days=56, reason=reason, learners=FAST)


def options(n: int = 6) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "account_id": [f"A{i:06d}" for i in range(n)], "as_of_on": [WEEK] * n, "arm_no": [1] * n,
            "play_id": ["ask_reason"] * n, "offer_id": pl.Series([None] * n, dtype=pl.String),
            "reason_family": (["1", "4", "unknown"] * n)[:n], "untouched_prob": [0.2] * n, "untouched_low": [0.15] * n,
            "untouched_high": [0.26] * n, "touched_prob": [0.3] * n, "touched_low": [0.25] * n, "touched_high": [0.36] * n,
            "touched_level": ["logistic"] * n, "x0": np.linspace(-1, 1, n),
        }
    )  # fmt: skip


def rates_of(frame: pl.DataFrame) -> pl.DataFrame:
    worked = frame.filter(pl.col("assignment") != "holdout").with_columns(reason_family=pl.lit("1"))
    return family_rates(worked)


def test_a_planted_difference_is_found_and_scored_as_experimental() -> None:
    model = model_of(treatments(4000, seed=1, effect=0.1, slope=0.2))
    assert model.learner == "linear-t" and model.ranking.is_reliable
    scores = score_uplift(options(), UpliftEvidence(model, NO_RATES, has_chances=True), 56)
    assert set(scores["uplift_status"]) == {"experimental"} and set(scores["model_level"]) == {"uplift"}
    np.testing.assert_allclose(scores["uplift_share"].to_numpy(), 0.1 + 0.2 * np.linspace(-1, 1, 6), atol=0.08)
    assert (scores["uplift_low_share"] < scores["uplift_share"]).all()
    assert model.effect.low < 0.1 < model.effect.high
    assert model.amount_effect.value == pytest.approx(100 * model.effect.value)


def test_without_an_effect_intervals_cover_zero() -> None:
    effects = [arm_effects(as_experiment(logged_rows(treatments(800, seed=s, effect=0.0))))[1].effect for s in range(100)]
    assert 90 <= sum(e is not None and e.low <= 0 <= e.high for e in effects) <= 98


def test_where_nobody_differs_all_get_the_same() -> None:
    chosen = [model_of(treatments(900, seed=40 + seed)).learner for seed in range(3)]
    assert chosen.count("same") >= 2


def test_gate_wants_rows_and_returns_on_each_side() -> None:
    def rows(n_held: int, n_contact: int, r_held: int, r_contact: int) -> pl.DataFrame:
        sides = [("holdout", 0.1, n_held, r_held), ("treated", 0.9, n_contact, r_contact)]
        parts = [
            pl.DataFrame({"assignment": [a] * n, "assignment_prob": [p] * n, "has_returned": [i < r for i in range(n)]})
            for a, p, n, r in sides
        ]
        frame = pl.concat(parts).with_row_index("i").with_columns(
            row_key=pl.format("R{}", "i"), account_id=pl.format("A{}", "i"), week_on=pl.lit(WEEK), last_spend_on=pl.lit(WEEK),
            experiment_id=pl.lit("E1"), is_settled=pl.lit(True),
        )  # fmt: skip
        return logged_rows(frame)

    n, r = MIN_ROWS_PER_SIDE, MIN_RETURNS_PER_SIDE
    assert enough_for(rows(n, n, r, r))[0]
    for counts in [(n - 1, n, r, r), (n, n - 1, r, r), (n, n, r - 1, r), (n, n, r, r - 1)]:
        assert not enough_for(rows(*counts))[0]


def test_only_the_first_row_of_a_lapse_counts() -> None:
    first = treatments(50, seed=2)
    later = first.with_columns(row_key=pl.col("row_key") + "b", week_on=pl.col("week_on") + timedelta(weeks=9))
    assert logged_rows(pl.concat([later, first]))["row_key"].sort().to_list() == first["row_key"].to_list()


def test_rows_without_holdout_or_chances_are_no_test() -> None:
    frame = treatments(50, seed=3)
    assert logged_rows(frame.filter(pl.col("assignment") != "holdout")).is_empty()
    assert logged_rows(frame.with_columns(experiment_id=pl.lit(None, dtype=pl.String))).is_empty()


def test_without_logged_probabilities_everything_is_observational() -> None:
    frame = treatments(3000, seed=4)
    bare = frame.with_columns(assignment_prob=pl.lit(None, dtype=pl.Float64))
    assert has_logged_chances(frame) and not has_logged_chances(bare)
    assert not enough_for(logged_rows(bare))[0]
    evidence = UpliftEvidence(None, rates_of(bare), has_logged_chances(bare))
    scores = score_uplift(options(), evidence, 56)
    assert set(scores["uplift_status"]) == {"observational"}
    assert scores["uplift_share"].to_list() == pytest.approx([0.1] * 6)
    assert scores["uplift_low_share"][0] == pytest.approx(0.1 - (0.05**2 + 0.06**2) ** 0.5, abs=1e-6)
    no_model = options().with_columns(
        pl.lit(None, dtype=pl.Float64).alias(c) for c in ("touched_prob", "touched_low", "touched_high")
    )
    assert set(score_uplift(no_model, evidence, 56)["uplift_status"]) == {"observational"}
    assert set(uplift_trials(None, evidence.status, "too few", WEEK)["uplift_status"]) == {"observational"}


def test_below_the_gate_with_chances_it_is_prior_only() -> None:
    scores = score_uplift(options(), UpliftEvidence(None, rates_of(treatments(60, seed=5)), True, (0.25, 0.05)), 56)
    assert set(scores["uplift_status"]) == {"prior_only"} and set(scores["model_level"]) == {"prior"}
    assert scores["uplift_share"].null_count() == 0


def test_without_any_contact_there_is_no_figure() -> None:
    scores = score_uplift(options(), UpliftEvidence(None, NO_RATES, has_chances=False), 56)
    assert set(scores["uplift_status"]) == {"none"}
    assert scores["uplift_share"].null_count() == scores.height
    assert all(source.uplift_share is None for source in load_prior().sources)


def test_family_rates_by_hand() -> None:
    """Two families of 10 with 4 and 2 returns: they differ no more than their numbers explain, so the pool counts 1,000 rows.

    Pool (6 + 1/2) / (20 + 1) = 0.309524; family 1: (1000 x 0.309524 + 4) / 1010 = 0.310419.
    """
    frame = pl.DataFrame(
        {"reason_family": ["1"] * 10 + ["4"] * 10, "has_returned": [True] * 4 + [False] * 6 + [True] * 2 + [False] * 8}
    )
    rates = family_rates(frame)
    assert rates["reason_family"].to_list() == ["1", "4", ANY]
    assert rates["rate"].to_list() == pytest.approx([0.310419, 0.308439, 0.309524], abs=1e-6)
    assert (rates["low"] < rates["rate"]).all() and (rates["rate"] < rates["high"]).all()


def test_families_that_differ_keep_their_own_rate() -> None:
    frame = pl.DataFrame(
        {
            "reason_family": ["1"] * 400 + ["4"] * 400,
            "has_returned": [i < 200 for i in range(400)] + [i < 20 for i in range(400)],
        }
    )
    rates = dict(family_rates(frame).select("reason_family", "rate").iter_rows())
    assert rates["1"] == pytest.approx(0.49, abs=0.015) and rates["4"] == pytest.approx(0.06, abs=0.015)
    assert rates[ANY] == pytest.approx(0.275, abs=0.001)


def with_arms(frame: pl.DataFrame, kinds: list[str]) -> pl.DataFrame:
    is_discount = pl.Series(kinds) == "discount"
    return frame.with_columns(
        play_channel=pl.lit("phone"), offer_kind=pl.Series(kinds), is_price_offer=is_discount, offer_amount_share=pl.lit(0.0),
        offer_discount_share=pl.when(is_discount).then(0.1).otherwise(0.0), is_reason_matched=pl.lit(False), is_asking=pl.lit(True),
    )  # fmt: skip


def test_options_of_an_account_differ_where_their_arms_do(tmp_path: Path) -> None:
    lot, n = np.random.default_rng(8), 3000
    kinds = lot.choice(["none", "discount"], n).tolist()
    frame = with_arms(treatments(n, seed=8), kinds).with_columns(
        assignment=pl.col("assignment").replace("treated", "explore"), arm_prob=pl.lit(0.5)
    )
    helps = (pl.col("offer_kind") == "discount") & (pl.col("assignment") == "explore") & pl.Series(lot.random(n) < 0.2)
    rows = logged_rows(frame.with_columns(has_returned=pl.col("has_returned") | helps))
    model = train_uplift(rows, rows.select("x0"), arms=rows.select(ARM_FEATURES), as_of_on=WEEK, horizon_days=56,
                         reason="enough", learners=FAST)  # fmt: skip
    assert model.arms is not None and "told apart" in model.level_reason
    for name, data in uplift_files(model).items():
        (tmp_path / name).write_bytes(data)
    two = pl.concat([options(), options().with_columns(arm_no=pl.lit(2, pl.Int64), offer_id=pl.lit("O1"))])
    two = with_arms(two, ["none"] * 6 + ["discount"] * 6)
    scores = score_uplift(two, UpliftEvidence(model, NO_RATES, has_chances=True), 56)
    assert scores.equals(score_uplift(two, UpliftEvidence(read_uplift(tmp_path), NO_RATES, has_chances=True), 56))
    by_arm = (
        scores.group_by("offer_id").agg(pl.col("uplift_share").mean()).sort("offer_id", nulls_last=False)["uplift_share"]
    )
    assert by_arm[1] - by_arm[0] == pytest.approx(0.2 * 0.65, abs=0.06)


def test_files_round_trip_without_ids(tmp_path: Path) -> None:
    model = model_of(treatments(1000, seed=6, slope=0.2))
    files = uplift_files(model)
    assert uplift_files(model_of(treatments(1000, seed=6, slope=0.2))) == files
    assert b"A000" not in b"".join(files.values()) and {Path(f).suffix for f in files} == {".json", ".parquet"}
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    again = read_uplift(tmp_path)
    for mine, theirs in zip(model.effects(options()), again.effects(options()), strict=True):
        np.testing.assert_array_equal(mine, theirs)
    assert uplift_trials(again, "experimental", "", WEEK).equals(uplift_trials(model, "experimental", "", WEEK))
    with pytest.raises(UsageError, match="lack: x0"):
        again.effects(options().drop("x0"))
    (tmp_path / "uplift_rows.parquet").write_bytes(b"other")
    with pytest.raises(UsageError, match="is not the file"):
        read_uplift(tmp_path)

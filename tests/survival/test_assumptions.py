"""What the model of time to return assumes: each assumption kept and broken by hand, told in words, kept in the model's files."""

from datetime import date, timedelta
from pathlib import Path

import dagster as dg
import numpy as np
import polars as pl
import pytest

from assets.assumption_checks import assumption_results, assumption_specs
from tests.survival.simulated_returns import SEEN_DAYS, START, landmark_rows
from winback.survival.assumption_calibration import check_calibration
from winback.survival.assumption_columns import check_columns, matrix_columns
from winback.survival.assumption_hazards import check_hazards
from winback.survival.assumptions import NO_MODEL, Finding, assumption_texts, findings_table
from winback.survival.design import Design, fit_design
from winback.survival.families import DesignedRows
from winback.survival.model_folder import load_model, model_files
from winback.survival.pictures import calibration_picture
from winback.survival.return_model import ReturnModel
from winback.survival.train_return_model import train_return_model

HORIZON = 56
AS_OF = START + timedelta(days=SEEN_DAYS)


def frame_of(time_days: np.ndarray, **columns: np.ndarray) -> pl.DataFrame:
    """Landmark rows of as many accounts, seen for 182 days; a time beyond that is a silence."""
    n = len(time_days)
    rows = pl.DataFrame({"account_id": [f"A{i:05d}" for i in range(n)], **columns})
    return rows.with_columns(
        as_of_on=pl.lit(date(2026, 1, 5)),
        time_days=pl.Series(np.clip(np.ceil(time_days), 1, 182).astype(int)),
        has_returned=pl.Series(time_days <= 182),
        seen_days=pl.lit(182),
    )


def designed(rows: pl.DataFrame) -> tuple[Design, DesignedRows]:
    design = fit_design(rows)
    return design, DesignedRows(rows, design.matrix(rows), (HORIZON, 182))


def hazard_rows(seed: int, n: int, late_effect: float) -> pl.DataFrame:
    """Exponential times; the effect of `drift` is 1 until day 40 and `late_effect` from then on, that of `steady` is 0.5 always."""
    draw = np.random.default_rng(seed)
    drift, steady, noise = draw.normal(0, 0.5, (3, n))
    early, late = (0.012 * np.exp(effect * drift + 0.5 * steady) for effect in (1.0, late_effect))
    waited = draw.exponential(1, n)
    time = np.where(waited < 40 * early, waited / early, 40 + (waited - 40 * early) / late)
    return frame_of(time, drift=drift, steady=steady, noise=noise)


def hazards_finding(rows: pl.DataFrame) -> Finding:
    design, of_training = designed(rows)
    return check_hazards(design, of_training, np.ones(of_training.matrix.shape[1]))


@pytest.mark.parametrize("seed", range(8))
def test_proportional_hazards_are_not_doubted(seed: int) -> None:
    finding = hazards_finding(hazard_rows(seed, 1500, late_effect=1.0))
    assert finding.is_held and not finding.culprits


@pytest.mark.parametrize("seed", range(8))
def test_a_planted_drift_is_found_and_named(seed: int) -> None:
    finding = hazards_finding(hazard_rows(seed, 1500, late_effect=-0.5))
    assert not finding.is_held
    assert [c.column for c in finding.culprits] == ["drift"]
    figures = finding.culprits[0].figures
    assert figures["early_ratio"] > 1.2 > 1.0 > figures["late_ratio"]
    assert finding.statistic >= 1.25


def test_a_small_drift_of_many_accounts_is_significant_but_not_told() -> None:
    finding = hazards_finding(hazard_rows(0, 5000, late_effect=0.7))
    assert finding.is_held
    assert 1 < finding.statistic < 1.25


def test_hazards_are_tested_on_one_row_per_account() -> None:
    rows = hazard_rows(1, 300, late_effect=1.0)
    later = rows.with_columns(as_of_on=pl.col("as_of_on") + pl.duration(days=28))
    assert hazards_finding(pl.concat([rows, later])).n_rows == 300


def test_too_few_returns_are_not_tested() -> None:
    finding = hazards_finding(hazard_rows(1, 19, late_effect=1.0))
    assert finding.is_held and finding.statistic is None
    assert finding.advice.startswith("Not judged: the test needs 20 accounts")


def test_a_fit_that_does_not_converge_is_not_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    from lifelines import CoxPHFitter
    from lifelines.exceptions import ConvergenceError

    def fail(*_: object) -> None:
        raise ConvergenceError("delta contains nan value(s).\nHints follow", ValueError())

    monkeypatch.setattr(CoxPHFitter, "fit", fail)
    finding = hazards_finding(hazard_rows(1, 300, late_effect=1.0))
    assert finding.advice == "Not judged: the test's fit does not converge: delta contains nan value(s)."


def column_rows(**columns: np.ndarray) -> pl.DataFrame:
    """400 accounts, of which every fourth returned on day 10; `size` knows nothing."""
    time = np.where(np.arange(400) % 4 == 0, 10, 1000)
    return frame_of(time, size=np.random.default_rng(0).normal(size=400), **columns)


def column_findings(rows: pl.DataFrame) -> tuple[Finding, Finding]:
    design, of_training = designed(rows)
    return check_columns(design, rows, of_training.matrix, HORIZON)


def test_columns_that_vary_and_do_not_decide_are_left_alone() -> None:
    draw = np.random.default_rng(1)
    rows = column_rows(flag=(draw.random(400) < 0.3), kind=np.where(draw.random(400) < 0.5, "shop", "inn"))
    low_variance, separation = column_findings(rows)
    assert low_variance.is_held and separation.is_held
    assert low_variance.statistic >= 5 and separation.statistic is None


def test_a_column_that_hardly_varies_is_told() -> None:
    """A quarter returned, so among 8 accounts that differ 2 returns are expected."""
    low_variance, separation = column_findings(column_rows(flag=np.arange(400) < 8))
    assert not low_variance.is_held and separation.is_held
    assert low_variance.statistic == 2.0
    assert [c.column for c in low_variance.culprits] == ["flag"]
    assert low_variance.told.endswith(" Columns: flag.")
    assert low_variance.culprits_told == [
        "flag: 8 accounts differ from the commonest value; 2.0 of the rarer outcome expected among them"
    ]


def test_a_flag_under_which_nobody_returned_separates() -> None:
    """40 accounts with the flag, none of which returned: 10 were expected to."""
    flag = (np.arange(400) % 4 == 1) & (np.arange(400) < 160)
    low_variance, separation = column_findings(column_rows(flag=flag))
    assert low_variance.is_held and not separation.is_held
    culprit = separation.culprits[0]
    assert culprit.column == "flag" and culprit.figures["n_accounts"] == 40 and culprit.figures["n_expected"] == 10
    assert culprit.figures["returned_share"] == separation.statistic == 0


def test_a_number_that_knows_the_return_separates_and_its_cut_is_told_in_its_own_unit() -> None:
    balance = np.where(np.arange(400) % 4 == 0, 900.0, 100.0) + np.arange(400) / 10
    _, separation = column_findings(column_rows(balance=balance))
    assert [c.column for c in separation.culprits] == ["balance"]
    assert 100 < separation.culprits[0].figures["value"] < 900


def test_the_tail_of_a_number_without_a_return_is_no_separation() -> None:
    """Of the tenth that was silent for longest nobody returned: natural, and no side of a flag."""
    order = np.random.default_rng(3).permutation(300)
    silence = np.empty(400)
    is_return = np.arange(400) % 4 == 0
    silence[is_return] = order[:100]
    silence[~is_return] = np.append(order[100:], np.arange(300, 400))
    assert column_findings(column_rows(silence=silence))[1].is_held


def test_matrix_columns_are_named_in_order() -> None:
    draw = np.random.default_rng(2)
    spend = pl.Series([None if i % 5 == 0 else float(i) for i in range(400)])
    rows = column_rows(kind=np.where(draw.random(400) < 0.5, "shop", "inn")).with_columns(spend=spend)
    design, of_training = designed(rows)
    names = [c.words for c in matrix_columns(design)]
    assert names == ["size", "spend", "spend is missing", "kind is inn", "kind is shop"]
    assert of_training.matrix.shape[1] == len(names)
    assert matrix_columns(design)[1].raw(of_training.matrix[7, 1]) == pytest.approx(7.0)


def judged(n: int, seed: int, shift: float) -> tuple[pl.DataFrame, np.ndarray]:
    """Accounts whose true log-odds are stated too high by `shift`."""
    draw = np.random.default_rng(seed)
    log_odds = draw.normal(-1.2, 1, n)
    is_return = draw.random(n) < 1 / (1 + np.exp(-log_odds))
    return frame_of(np.where(is_return, 20, 1000)), 1 / (1 + np.exp(-(log_odds + shift)))


@pytest.mark.parametrize("seed", range(5))
def test_right_levels_are_held_and_wrong_ones_told(seed: int) -> None:
    right, bins = check_calibration(*judged(3000, seed, 0.0), HORIZON)
    assert right.is_held and right.figures["slope"] == pytest.approx(1, abs=0.15)
    assert sum(b.n_rows for b in bins) == 3000 and len(bins) == 10
    inside = [b.low_share <= b.mean_prob <= b.high_share for b in bins]
    assert sum(inside) >= 8
    wrong, _ = check_calibration(*judged(3000, seed, 0.5), HORIZON)
    assert not wrong.is_held
    assert wrong.statistic > wrong.threshold and wrong.figures["low"] > 0


def test_calibration_by_hand() -> None:
    """Stated 0.5 for all, a quarter of 100 returned: 25 points too high, standard error 0.0433."""
    rows = frame_of(np.where(np.arange(100) % 4 == 0, 20, 1000))
    finding, bins = check_calibration(rows, np.full(100, 0.5), HORIZON)
    assert finding.statistic == 0.25 and finding.threshold == 0.03
    assert finding.figures["high"] - finding.figures["low"] == pytest.approx(2 * 1.96 * 0.0433, abs=1e-4)
    (only,) = bins
    # Wilson's interval of 25 of 100, as printed in textbooks
    assert (only.low_share, only.high_share) == pytest.approx((0.1755, 0.3430), abs=1e-3)


def test_a_miss_at_one_date_is_a_season_and_a_miss_at_all_is_told() -> None:
    """Four dates; too many stated at the first only, or at each."""
    dates = [judged(800, seed, 1.2 if seed == 0 else 0.0) for seed in range(4)]
    season = pl.concat([_at(rows, 28 * n) for n, (rows, _) in enumerate(dates)])
    assert check_calibration(season, np.concatenate([prob for _, prob in dates]), HORIZON)[0].is_held
    dates = [judged(800, seed, 0.4) for seed in range(4)]
    level = pl.concat([_at(rows, 28 * n) for n, (rows, _) in enumerate(dates)])
    finding, _ = check_calibration(level, np.concatenate([prob for _, prob in dates]), HORIZON)
    assert not finding.is_held
    assert finding.advice.startswith(f"Mean stated chance {finding.figures['mean_prob']:.3f}, share that returned")


def _at(rows: pl.DataFrame, days: int) -> pl.DataFrame:
    """The rows at a date so many days later, of other accounts."""
    return rows.with_columns(
        as_of_on=pl.col("as_of_on") + pl.duration(days=days), account_id=pl.col("account_id") + f"-{days}"
    )


def test_an_account_with_many_rows_counts_as_one() -> None:
    rows, prob = judged(300, 0, 0.0)
    once, _ = check_calibration(rows, prob, HORIZON)
    twin = rows.with_columns(as_of_on=pl.col("as_of_on") + pl.duration(days=7))
    twice, bins = check_calibration(pl.concat([rows, twin]), np.tile(prob, 2), HORIZON)
    assert twice.figures["low"] == pytest.approx(once.figures["low"], abs=1e-5)
    assert bins[0].n_rows == 2 * bins[0].n_accounts


@pytest.fixture(scope="module")
def model() -> ReturnModel:
    return train_return_model(landmark_rows(500, seed=4), as_of_on=AS_OF, horizon_days=HORIZON)


def test_a_trained_model_carries_its_findings_through_its_files(model: ReturnModel, tmp_path: Path) -> None:
    assert [f.assumption for f in model.findings] == list(assumption_texts())
    assert all(f.statistic is not None for f in model.findings if f.assumption != "separation")
    assert sum(b.n_rows for b in model.calibration) == model.verdict.n_judged
    for name, data in model_files(model).items():
        (tmp_path / name).write_bytes(data)
    loaded = load_model(tmp_path, landmark_rows(50, seed=5, landmarks=(672,)).columns, AS_OF)
    assert loaded.findings == model.findings and loaded.calibration == model.calibration
    assert model_files(loaded) == model_files(model)


def test_findings_are_told_in_words(model: ReturnModel) -> None:
    table = findings_table(model.findings)
    assert table["assumption"].to_list() == list(assumption_texts())
    assert table["advice"].str.len_chars().min() > 30
    assert "Kaplan-Meier" in NO_MODEL


def test_each_assumption_is_a_check_that_warns(model: ReturnModel) -> None:
    results = assumption_results(model)
    assert [r.check_name for r in results] == [s.name for s in assumption_specs()] == list(assumption_texts())
    assert [r.passed for r in results] == [f.is_held for f in model.findings]
    assert {r.severity for r in results} == {dg.AssetCheckSeverity.WARN}
    assert [r.description for r in results] == [f.told for f in model.findings]
    assert all(r.description.startswith(f.advice) for r, f in zip(results, model.findings, strict=True))


def test_a_week_without_a_model_passes_and_says_so() -> None:
    results = assumption_results(None)
    assert all(r.passed and r.description == NO_MODEL for r in results) and len(results) == 4


def test_the_picture_of_calibration_is_the_same_bytes_twice(model: ReturnModel) -> None:
    png = calibration_picture(model)
    assert png.startswith(b"\x89PNG") and png == calibration_picture(model)


def test_a_small_model_says_what_was_not_judged() -> None:
    rows = landmark_rows(1500, seed=4).filter(pl.col("account_id") < "A00080")
    small = train_return_model(rows, as_of_on=AS_OF, horizon_days=HORIZON)
    assert small.level == "kaplan_meier"
    told = {f.assumption: f.advice for f in small.findings}
    assert told["proportional_hazards"] == "Not judged: there is no Cox family in this model."
    assert told["calibration_in_the_large"].startswith("Not judged: too few returns")

"""The model of lapses: what it finds, what it must not find, files, refusals, scores."""

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from active_landmarks import HORIZON_DAYS, SEEN_UNTIL, landmark_rows

from data_contracts import load_contract
from winback.at_risk.champion import choose, judge
from winback.at_risk.families import MIN_ACCOUNTS, LapseRows
from winback.at_risk.family_rules import FittedRules
from winback.at_risk.lapse_rows import labels
from winback.at_risk.model import AtRiskModel
from winback.at_risk.model_files import MODEL_NAME, model_files, read_model
from winback.at_risk.pictures import at_risk_picture
from winback.at_risk.score import score_at_risk
from winback.at_risk.train import train_at_risk
from winback.at_risk.trials import trial_table
from winback.errors import UsageError

WEEK = SEEN_UNTIL


def train(rows: pl.DataFrame) -> AtRiskModel:
    return train_at_risk(rows.drop("true_prob"), as_of_on=WEEK, horizon_days=HORIZON_DAYS)


@pytest.fixture(scope="module")
def rows() -> pl.DataFrame:
    return landmark_rows(700, seed=1, effect=1.0)


@pytest.fixture(scope="module")
def model(rows: pl.DataFrame) -> AtRiskModel:
    return train(rows)


@pytest.fixture(scope="module")
def fresh() -> pl.DataFrame:
    """Accounts that the model has not seen, in the week it was made for."""
    return landmark_rows(1500, seed=2, effect=1.0, n_landmarks=1).with_columns(as_of_on=pl.lit(WEEK))


def test_a_planted_cause_is_found_and_chances_are_near_the_truth(model: AtRiskModel, fresh: pl.DataFrame) -> None:
    found, truth = score_at_risk(model, fresh)["lapse_prob"].to_numpy(), fresh.sort("account_id")["true_prob"].to_numpy()
    assert model.champion != "rules"
    assert np.abs(found - truth).mean() < 0.03 and abs(found.mean() - truth.mean()) < 0.02
    assert np.corrcoef(found, truth)[0, 1] > 0.97
    brier = {c.family: c.brier for c in model.verdict.candidates}
    assert brier[model.champion] < brier["rules"] - 0.01


def test_the_truth_lies_in_most_intervals(model: AtRiskModel, fresh: pl.DataFrame) -> None:
    scores, truth = score_at_risk(model, fresh), fresh.sort("account_id")["true_prob"]
    assert 0.7 < ((scores["low"] <= truth) & (truth <= scores["high"])).mean() < 0.98
    assert (scores["high"] - scores["low"]).mean() < 0.2


def test_noise_tells_nothing_apart() -> None:
    model = train(landmark_rows(500, seed=3, slope=False))
    fresh = landmark_rows(3000, seed=4, slope=False, n_landmarks=1)
    lapsed, weights = labels(fresh, HORIZON_DAYS)
    prob = score_at_risk(model, fresh.with_columns(as_of_on=pl.lit(WEEK)))["lapse_prob"].to_numpy()
    auc = judge(prob, LapseRows(fresh, np.zeros((fresh.height, 0)), lapsed, weights))["roc_auc"]
    n_lapsed = lapsed.sum()
    error = np.sqrt((len(lapsed) + 1) / (12 * n_lapsed * (len(lapsed) - n_lapsed)))
    assert abs(auc - 0.5) < 3 * error, "Mann-Whitney's standard error without any difference"
    assert model.champion == "rules", "no richer family is clearly better than the simplest"
    assert prob.std() < 0.03


def test_the_more_of_the_threshold_is_used_up_the_higher_the_rules_say() -> None:
    model = train(landmark_rows(60, seed=5))
    assert model.level == "rules" and model.correction is not None
    one = landmark_rows(1, seed=1, n_landmarks=1).with_columns(as_of_on=pl.lit(WEEK))
    steps = pl.concat([one] * 21).with_columns(
        account_id=pl.Series([f"A{k:02d}" for k in range(21)]), threshold_used_share=pl.Series(np.linspace(0, 1, 21))
    )
    found = score_at_risk(model, steps)
    assert (found["lapse_prob"].diff().drop_nulls() >= 0).all()
    assert found["lapse_prob"][20] > found["lapse_prob"][0] + 0.2
    assert found["usage_warning"].unique().to_list() == ["small_sample"]


def test_with_too_few_lapses_the_share_itself_ranks_and_says_that_it_is_untested() -> None:
    model = train(landmark_rows(15, seed=6))
    assert model.correction is None and model.training.n_accounts < MIN_ACCOUNTS["rules"]
    week = landmark_rows(15, seed=7, n_landmarks=1).with_columns(as_of_on=pl.lit(WEEK))
    found = score_at_risk(model, week)
    assert found["lapse_prob"].to_numpy() == pytest.approx(
        week.sort("account_id")["threshold_used_share"].to_numpy(), abs=1e-5
    )
    assert found.select("low", "high", "interval_method", "usage_warning").unique().rows() == [
        (None, None, "none", "small_sample;uncalibrated")
    ]
    assert trial_table(model)["level_reason"].str.contains("wants").all()
    assert at_risk_picture(model).startswith(b"\x89PNG")


def test_nothing_at_all_is_no_crash() -> None:
    model = train(landmark_rows(5, seed=1).clear())
    assert (model.level, model.training.n_rows) == ("rules", 0)
    assert score_at_risk(model, landmark_rows(5, seed=1).clear()).is_empty()


def test_scores_and_trials_are_what_their_contracts_say(model: AtRiskModel, fresh: pl.DataFrame) -> None:
    scores, trials = score_at_risk(model, fresh), trial_table(model)
    assert tuple(scores.columns) == load_contract("score_at_risk").columns
    assert tuple(trials.columns) == load_contract("model_at_risk").columns
    assert (scores["low"] <= scores["lapse_prob"]).all() and (scores["lapse_prob"] <= scores["high"]).all()
    assert trials["family"].to_list() == ["rules", "logistic", "boosted"]
    assert trials.filter(pl.col("is_champion"))["family"].to_list() == [model.champion]
    assert set(trials["model_level"]) | set(scores["model_level"]) <= set(
        load_contract("score_at_risk").field("model_level").allowed
    )
    assert trials["brier"].null_count() == 0
    assert set(scores["interval_method"]) <= set(load_contract("score_at_risk").field("interval_method").allowed)


def test_the_same_rows_in_any_order_give_the_same_bytes(rows: pl.DataFrame, model: AtRiskModel) -> None:
    again = train(rows.sample(fraction=1, shuffle=True, seed=3))
    assert model_files(again) == model_files(model)


def test_a_score_does_not_depend_on_who_else_is_in_the_batch(model: AtRiskModel, fresh: pl.DataFrame) -> None:
    whole, part = score_at_risk(model, fresh), score_at_risk(model, fresh[100:110])
    assert part.equals(whole.filter(pl.col("account_id").is_in(part["account_id"].implode())))


def test_outcomes_are_not_read_when_scoring(model: AtRiskModel, fresh: pl.DataFrame) -> None:
    outcomes = ["time_days", "has_lapsed", "seen_days", "is_touched", "is_closed"]
    assert score_at_risk(model, fresh.drop(outcomes)).equals(score_at_risk(model, fresh))
    assert not set(outcomes) & set(model.features)


def test_scores_read_the_features_that_the_model_names_and_no_other(model: AtRiskModel, fresh: pl.DataFrame) -> None:
    named = fresh.select("account_id", "as_of_on", *model.features)
    assert len(named.columns) < len(fresh.columns)
    assert score_at_risk(model, named).equals(score_at_risk(model, fresh))


def test_a_model_reads_back_as_written(model: AtRiskModel, fresh: pl.DataFrame, tmp_path: Path) -> None:
    for name, data in model_files(model).items():
        assert name == MODEL_NAME or name.endswith(".ubj")
        (tmp_path / name).write_bytes(data)
    back = read_model(tmp_path, feature_columns=fresh.columns, as_of_on=WEEK + timedelta(days=21))
    assert score_at_risk(back, fresh).equals(score_at_risk(model, fresh))
    assert model_files(back) == model_files(model)
    assert at_risk_picture(back) == at_risk_picture(model)


@pytest.mark.parametrize(
    ("week_on", "told"), [(WEEK - timedelta(days=7), "knows what came after"), (WEEK + timedelta(days=35), "days older")]
)
def test_another_week_is_refused(model: AtRiskModel, fresh: pl.DataFrame, week_on: date, told: str) -> None:
    with pytest.raises(UsageError, match=f"{told}.*Run the asset model_at_risk"):
        score_at_risk(model, fresh.with_columns(as_of_on=pl.lit(week_on)))


def test_other_features_and_other_layouts_are_refused(model: AtRiskModel, fresh: pl.DataFrame, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"1 feature\(s\) that the rows lack: cause"):
        score_at_risk(model, fresh.drop("cause"))
    with pytest.raises(UsageError, match=r"does not exist\. Run the asset"):
        read_model(tmp_path)
    (tmp_path / MODEL_NAME).write_text('{"format": 0}')
    with pytest.raises(UsageError, match="layout 0"):
        read_model(tmp_path)


def test_past_the_limit_accounts_are_drawn_and_their_share_is_told(rows: pl.DataFrame, monkeypatch) -> None:
    monkeypatch.setattr("winback.at_risk.train.MAX_ROWS", 2000)
    monkeypatch.setattr("winback.survival.train_return_model.MAX_ROWS", 2000)
    training = train(rows).training
    assert training.n_rows <= 2000 and training.n_accounts == 200
    assert training.account_share == pytest.approx(200 / 700)


def test_touched_rows_are_left_to_those_that_stand_for_them() -> None:
    """Of four rows one is touched on day 10 and one lapsed on day 5; the two kept ones stand for the touched one, too."""
    frame = pl.DataFrame({"time_days": [5, 10, 56, 56], "has_lapsed": [True, False, False, False], "seen_days": [56] * 4})
    lapsed, weights = labels(frame, 56)
    assert lapsed.tolist() == [1, 0, 0, 0]
    assert weights == pytest.approx([1, 0, 1.5, 1.5])
    assert labels(frame.with_columns(seen_days=pl.lit(55)), 56)[1].tolist() == [0] * 4


def test_families_that_cannot_be_judged_leave_the_simplest() -> None:
    frame = landmark_rows(30, seed=1, n_landmarks=2)
    rows = LapseRows(frame, np.zeros((frame.height, 0)), np.zeros(frame.height), np.ones(frame.height))
    from winback.at_risk.families import all_families

    assert choose(rows, HORIZON_DAYS, list(all_families().values())).champion == "rules"
    assert FittedRules({}).attachments() == {}

"""The fitted model of time to return: choice, curves, intervals, files, scores."""

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tests.survival.simulated_returns import SEEN_DAYS, START, landmark_rows, true_probs
from winback.errors import UsageError
from winback.survival.curves import best_by_days, later_chances, median_days, read_curve
from winback.survival.model_folder import MODEL_FILE, load_model, model_files
from winback.survival.return_model import ReturnModel
from winback.survival.return_scores import score_returns
from winback.survival.season import fit_seasons
from winback.survival.stack import equal_stack, fit_stack
from winback.survival.sufficiency import enough_for
from winback.survival.train_return_model import (
    MAX_ROWS,
    NotEnoughReturnsError,
    sampled_accounts,
    train_return_model,
    training_landmarks,
)

AS_OF = START + timedelta(days=SEEN_DAYS)


def write(model: ReturnModel, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in model_files(model).items():
        (folder / name).write_bytes(data)


@pytest.fixture(scope="module")
def fresh() -> pl.DataFrame:
    """Accounts that the model has not seen, at one later date."""
    return landmark_rows(1500, seed=5, landmarks=(672,))


def test_the_champion_is_near_the_truth_on_new_accounts(model: ReturnModel, fresh: pl.DataFrame) -> None:
    probs = model.return_probs(fresh, np.array([56.0]))[:, 0]
    truth = true_probs(fresh, 56)
    assert np.abs(probs - truth).mean() < 0.03
    assert abs(probs.mean() - truth.mean()) < 0.02
    assert pl.DataFrame({"a": probs, "b": truth}).select(pl.corr("a", "b", method="spearman")).item() > 0.95


def test_kaplan_meier_and_cox_are_always_beside_the_champion(model: ReturnModel) -> None:
    judged = {c.name: c for c in model.verdict.candidates}
    assert {"kaplan_meier", "cox", "stack"} <= set(judged)
    assert judged["stack"].levelled_brier <= judged["kaplan_meier"].levelled_brier
    assert not model.verdict.is_overlapping


def test_scores_keep_their_promises(model: ReturnModel, fresh: pl.DataFrame) -> None:
    scores = score_returns(model, fresh)
    chances = scores.chances
    assert chances.height == 5 * fresh.height
    assert (chances["low"] <= chances["prob"]).all() and (chances["prob"] <= chances["high"]).all()
    assert (chances.with_columns(step=pl.col("prob").diff().over("account_id"))["step"].drop_nulls() >= 0).all()
    timing = scores.timing
    assert timing["best_by_days"].is_between(0, 56).all()
    long_chance = chances.filter(pl.col("horizon_days") == 182)["prob"]
    assert (timing["never_prob"] <= 1 - long_chance + 1e-6).all()
    assert (timing["prob"] == chances.filter(pl.col("horizon_days") == 56)["prob"]).all()


def test_scores_read_the_features_that_the_model_names_and_no_other(model: ReturnModel, fresh: pl.DataFrame) -> None:
    of_lapse = {"account_id", "as_of_on", "business_kind", "cycle_group", "cycle_days", "silence_days", "n_purchase_days"}
    named = [c for c in fresh.columns if c in of_lapse | set(model.features)]
    scores, whole = score_returns(model, fresh.select(named)), score_returns(model, fresh)
    assert len(named) < len(fresh.columns)
    assert scores.chances.equals(whole.chances) and scores.timing.equals(whole.timing)


def test_a_longer_silence_than_any_in_training_is_flagged(model: ReturnModel, fresh: pl.DataFrame) -> None:
    longest = model.training.longest_silence_days
    one = fresh[:1]
    later = one.with_columns(
        silence_days=pl.lit(longest + 1, dtype=pl.Int64), tenure_days=pl.col("active_span_days") + longest + 1
    )
    warnings = score_returns(model, later).chances["usage_warning"]
    assert all("extrapolated" in w for w in warnings)
    assert score_returns(model, one).chances["usage_warning"].null_count() == 5


def test_the_chance_of_a_one_time_buyer_falls_with_silence(model: ReturnModel, fresh: pl.DataFrame) -> None:
    once = fresh.filter(pl.col("n_purchase_days") == 1)[:1]
    silences = [60, 120, 240, 400]
    frames = [
        once.with_columns(silence_days=pl.lit(s, dtype=pl.Int64), tenure_days=pl.lit(s, dtype=pl.Int64)) for s in silences
    ]
    probs = model.return_probs(pl.concat(frames), np.array([56.0]))[:, 0]
    assert (np.diff(probs) < 0).all()


def test_the_same_rows_give_the_same_bytes_in_any_order(model: ReturnModel, rows: pl.DataFrame, tmp_path: Path) -> None:
    again = train_return_model(rows.sample(fraction=1, shuffle=True, seed=1), as_of_on=AS_OF, horizon_days=56)
    for name, fitted in (("a", model), ("b", again)):
        write(fitted, tmp_path / name)
    files = sorted(p.name for p in (tmp_path / "a").iterdir())
    assert MODEL_FILE in files and any(f.endswith(".ubj") for f in files)
    assert all((tmp_path / "a" / f).read_bytes() == (tmp_path / "b" / f).read_bytes() for f in files)


def test_a_model_reads_back_and_refuses_what_it_was_not_made_for(
    model: ReturnModel, fresh: pl.DataFrame, tmp_path: Path
) -> None:
    write(model, tmp_path)
    loaded = load_model(tmp_path, fresh.columns, AS_OF)
    assert loaded.training == model.training and loaded.verdict == model.verdict
    assert score_returns(loaded, fresh).chances.equals(score_returns(model, fresh).chances)
    with pytest.raises(UsageError, match=r"1 feature\(s\) that the rows lack: tenure_days.*winback run"):
        load_model(tmp_path, [c for c in fresh.columns if c != "tenure_days"], AS_OF)
    with pytest.raises(UsageError, match="knows what came after"):
        load_model(tmp_path, fresh.columns, AS_OF - timedelta(days=7))
    with pytest.raises(UsageError, match="more than 28 days"):
        load_model(tmp_path, fresh.columns, AS_OF + timedelta(days=35))
    with pytest.raises(UsageError, match="there is no model"):
        load_model(tmp_path / "none", fresh.columns, AS_OF)


def test_too_few_returns_step_down_the_ladder_and_say_why(rows: pl.DataFrame) -> None:
    few = rows.filter(pl.col("account_id") < "A00300")
    enough = enough_for(few, 56)
    assert enough.level == "cox" and "level stacked wants 400 accounts" in enough.reason
    small = train_return_model(few, as_of_on=AS_OF, horizon_days=56)
    assert small.level in {"cox", "kaplan_meier"}
    with pytest.raises(NotEnoughReturnsError, match="level kaplan_meier wants 20"):
        train_return_model(rows.filter(pl.col("account_id") < "A00010"), as_of_on=AS_OF, horizon_days=56)


def test_a_season_is_expected_again_by_half_and_only_where_it_was_seen() -> None:
    days = [date(2024, 1, 1) + timedelta(days=28 * n) for n in range(13)]
    high = 0.8
    shift = [high if n == 6 else 0.0 for n in range(13)]
    landmarks = [d for d in days for _ in range(4000)]
    returned = np.concatenate([(np.arange(4000) < 4000 / (1 + np.exp(-s))).astype(float) for s in shift])
    seasons = fit_seasons(landmarks, np.zeros(len(landmarks)), returned, np.ones(len(landmarks)))
    low = -high / 13
    foreseen = seasons.forecast(days[6] + timedelta(days=364))[0]
    near = (high + low + 2 * 0.2 * low) / 1.4  # the landmark itself and, at a fifth of its weight each, its neighbours
    assert foreseen == pytest.approx(0.5 * near + 0.25 * low, abs=0.03)
    assert seasons.forecast(days[6] + timedelta(days=700)) == (0.0, seasons.spread)


def test_no_season_is_seen_in_noise() -> None:
    draw = np.random.default_rng(0)
    landmarks = [date(2024, 1, 1) + timedelta(days=28 * n) for n in range(13) for _ in range(300)]
    returned = (draw.random(len(landmarks)) < 0.5).astype(float)
    assert fit_seasons(landmarks, np.zeros(len(landmarks)), returned, np.ones(len(landmarks))).spread < 0.1


def test_stack_weights_are_drawn_to_equal_and_follow_evidence() -> None:
    draw = np.random.default_rng(1)
    signal = draw.normal(0, 1, 40_000)
    returned = (draw.random(40_000) < 1 / (1 + np.exp(-signal))).astype(float)[:, None]
    members = np.stack([signal, draw.normal(0, 1, 40_000)], axis=1)[:, None, :]
    accounts = np.arange(40_000)
    weights = fit_stack(("good", "noise"), members, returned, np.ones((40_000, 1)), accounts).weights[0]
    assert weights[1] > 0.9 and weights[2] < 0.1
    few = fit_stack(("good", "noise"), members[:50], returned[:50], np.ones((50, 1)), accounts[:50]).weights[0]
    assert few[1:] == pytest.approx([0.5, 0.5], abs=0.05)
    assert equal_stack(("a", "b"), 1).log_odds(np.array([[[1.0, 3.0]]]))[0, 0] == 2.0


def test_curves_by_hand() -> None:
    """A constant hazard: half return in 10 days, so 1 - 2^(-t / 10)."""
    curve = read_curve(np.array([10.0, 20.0]), np.array([[0.5, 0.75]]), np.arange(113.0))
    assert curve[0, [0, 5, 10, 20]] == pytest.approx([0, 1 - 2**-0.5, 0.5, 0.75])
    assert median_days(curve)[0] == 10
    assert best_by_days(later_chances(curve, 56))[0] == 56
    steps = np.minimum(np.arange(113) / 20, 0.9)[None, :]
    later = later_chances(steps * (np.arange(113) < 1000), 56)
    assert later[0, 0] == pytest.approx(0.9)
    assert best_by_days(later)[0] == int(np.flatnonzero(later[0] < 0.8 * later[0, 0])[0]) - 1


def test_landmarks_and_sample_of_accounts() -> None:
    days = training_landmarks(date(2026, 3, 2), date(2025, 9, 1))
    assert days[-1] == date(2026, 2, 2) and days[0] == date(2025, 11, 10) and len(days) == 4
    accounts = pl.Series([f"A{n}" for n in range(20_000)])
    assert sampled_accounts(accounts, 2) == (None, 1.0)
    chosen, share = sampled_accounts(accounts, 18)
    assert chosen is not None and len(chosen) == round(share * 20_000) and len(chosen) * 18 <= MAX_ROWS


@pytest.mark.slow
def test_intervals_cover_the_true_chance() -> None:
    """Five simulated logs: 80 % intervals at the 56-day horizon, new accounts on a later date."""
    covered = []
    for seed in range(10, 15):
        model = train_return_model(landmark_rows(1500, seed=seed), as_of_on=AS_OF, horizon_days=56)
        fresh = landmark_rows(1500, seed=seed + 100, landmarks=(672,))
        low, high = model.intervals(fresh)
        at = model.horizons_days.index(56)
        truth = true_probs(fresh, 56)
        covered.append(((low[:, at] <= truth) & (truth <= high[:, at])).mean())
    assert 0.75 <= np.mean(covered) <= 0.85, covered


@pytest.mark.slow
def test_a_planted_noise_feature_leaves_ranks_alone(rows: pl.DataFrame, model: ReturnModel, fresh: pl.DataFrame) -> None:
    draw = np.random.default_rng(9)
    noisy = train_return_model(
        rows.with_columns(noise=pl.Series(draw.normal(size=rows.height))), as_of_on=AS_OF, horizon_days=56
    )
    with_noise = fresh.with_columns(noise=pl.Series(draw.normal(size=fresh.height)))
    day = np.array([56.0])
    both = pl.DataFrame({"a": model.return_probs(fresh, day)[:, 0], "b": noisy.return_probs(with_noise, day)[:, 0]})
    assert both.select(pl.corr("a", "b", method="spearman")).item() >= 0.99

"""The model as a whole: its levels, its files, its scores and its picture."""

import json
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lifetimes_at_hand import as_lapses, made_lifetimes

from data_contracts import load_contract
from winback.config import ValueSettings
from winback.errors import UsageError
from winback.second_lifetime.accelerated import fit_aft, fit_boosted
from winback.second_lifetime.facts import FEATURES
from winback.second_lifetime.model import SecondLifetimeModel, fit_second_lifetime, trial_table
from winback.second_lifetime.model_file import MODEL_NAME, model_files, read_model
from winback.second_lifetime.pictures import second_lifetime_picture
from winback.second_lifetime.score import score_second_lifetime

WEEK = date(2026, 3, 2)
LAPSES = as_lapses(made_lifetimes(40, seed=99))
AMOUNTS = ["value_low_amount", "value_mid_amount", "value_high_amount", "value_mean_amount"]


@pytest.fixture(scope="module")
def curves() -> SecondLifetimeModel:
    """A model on the level of Kaplan-Meier: too few ends for more."""
    return fit_second_lifetime(made_lifetimes(120, seed=1), as_of_on=WEEK)


@pytest.fixture(scope="module")
def aft(curves: SecondLifetimeModel) -> SecondLifetimeModel:
    """The same with a Weibull regression in place of the curves."""
    fitted = fit_aft(made_lifetimes(400, effect=0.5, seed=2), "weibull")
    return SecondLifetimeModel(**{**vars(curves), "durations": fitted, "level": "aft", "longest_days": 600, "n_ended": 300})


def scores(model: SecondLifetimeModel, lapses: pl.DataFrame = LAPSES, **value: float) -> pl.DataFrame:
    return score_second_lifetime(model, lapses, as_of_on=WEEK, settings=ValueSettings(**value))


def folder_of(model: SecondLifetimeModel, folder: Path) -> Path:
    for name, content in model_files(model).items():
        (folder / name).write_bytes(content)
    return folder


def test_tables_have_their_contracts_columns(curves: SecondLifetimeModel) -> None:
    assert scores(curves).columns == list(load_contract("score_second_lifetime").columns)
    table = trial_table(curves)
    assert table.columns == list(load_contract("model_second_lifetime").columns)
    assert table["is_champion"].sum() == 1
    assert {"kaplan_meier_pooled", "weibull", "log_normal", "boosted_trees"} <= set(table["family"])


def test_with_nothing_but_censored_lifetimes_no_figure_is_shown() -> None:
    open_ones = made_lifetimes(300).with_columns(pl.lit(False).alias("is_ended"))
    model = fit_second_lifetime(open_ones, as_of_on=WEEK)
    assert model.level == "rules"
    assert "of 300 second lifetimes 0 have ended, and 20 are needed" in model.reason
    shown = scores(model)
    assert shown.height == LAPSES.height
    assert shown["model_level"].unique().to_list() == ["rules"]
    assert shown.select(AMOUNTS).null_count().row(0) == (40, 40, 40, 40)
    assert trial_table(model)["is_champion"].sum() == 0
    assert second_lifetime_picture(model).startswith(b"\x89PNG")


@pytest.mark.parametrize("rows", [0, 1])
def test_no_lifetime_at_all_is_no_error(rows: int) -> None:
    model = fit_second_lifetime(made_lifetimes(3).head(rows), as_of_on=WEEK)
    assert model.level == "rules"
    assert scores(model).height == LAPSES.height


def test_no_lapsed_account_gives_no_row(curves: SecondLifetimeModel) -> None:
    assert scores(curves, LAPSES.head(0)).height == 0


def test_lifetimes_without_spend_give_no_figure() -> None:
    free = made_lifetimes(100).with_columns(pl.lit(0, dtype=pl.Decimal(18, 4)).alias("spend_amount"))
    model = fit_second_lifetime(free, as_of_on=WEEK)
    assert model.level == "rules"
    assert "have spend both" in model.reason


def test_few_ends_are_flagged(curves: SecondLifetimeModel) -> None:
    assert curves.level == "kaplan_meier"
    assert all("small_sample" in warning for warning in scores(curves)["usage_warning"])


def test_lifetimes_that_outlast_what_was_seen_are_flagged(aft: SecondLifetimeModel) -> None:
    short = SecondLifetimeModel(**{**vars(aft), "longest_days": 40})
    shown = scores(short)
    assert all("extrapolated" in warning for warning in shown["usage_warning"])
    assert (shown["duration_high_days"] <= 40).all()
    wide = scores(SecondLifetimeModel(**{**vars(aft), "longest_days": 5000}))
    assert wide["usage_warning"].null_count() == wide.height


def test_the_mean_is_the_discounted_area_under_the_curve(aft: SecondLifetimeModel) -> None:
    one = LAPSES.head(1)
    assert aft.durations is not None
    assert aft.rate is not None
    days = np.arange(366.0)
    survival = aft.durations.survival(one.with_columns(is_after_touch=True), days)[0]
    area = np.trapezoid(survival * 1.1 ** (-days / 365), days)
    told = area * aft.rate.middle(one["first_daily_amount"].to_numpy())[0] * aft.rate.mean_factor
    shown = scores(aft, one, second_lifetime_horizon_days=365)["value_mean_amount"].cast(pl.Float64)[0]
    assert shown == pytest.approx(told, rel=1e-3)


@pytest.mark.parametrize("which", ["curves", "aft"])
def test_order_and_terms(which: str, request: pytest.FixtureRequest) -> None:
    model = request.getfixturevalue(which)
    shown = scores(model)
    assert (shown["value_low_amount"] <= shown["value_mid_amount"]).all()
    assert (shown["value_mid_amount"] <= shown["value_high_amount"]).all()
    assert (shown["duration_low_days"] <= shown["duration_mid_days"]).all()
    assert (shown["duration_mid_days"] <= shown["duration_high_days"]).all()
    mean = shown["value_mean_amount"].cast(pl.Float64).to_numpy()
    undiscounted = scores(model, discount_rate_per_year=0.0)["value_mean_amount"].cast(pl.Float64).to_numpy()
    half = scores(model, margin_share=0.5)["value_mean_amount"].cast(pl.Float64).to_numpy()
    near = scores(model, second_lifetime_horizon_days=30)["value_mean_amount"].cast(pl.Float64).to_numpy()
    assert (undiscounted > mean).all()
    assert half == pytest.approx(mean / 2, abs=0.01)
    assert (near < mean).all()


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(factor=st.floats(1.0, 50.0), which=st.sampled_from(["curves", "aft"]))
def test_value_never_falls_where_an_account_spent_more(
    factor: float, which: str, curves: SecondLifetimeModel, aft: SecondLifetimeModel
) -> None:
    model = {"curves": curves, "aft": aft}[which]
    richer = LAPSES.with_columns(pl.col("first_daily_amount") * factor)
    plain, more = scores(model), scores(model, richer)
    for name in AMOUNTS:
        assert (more[name] >= plain[name]).all()


def test_an_account_that_never_spent_is_worth_nothing(aft: SecondLifetimeModel) -> None:
    shown = scores(aft, LAPSES.head(1).with_columns(pl.lit(0.0).alias("first_daily_amount")))
    assert [float(shown[name][0]) for name in AMOUNTS] == [0, 0, 0, 0]


def test_a_score_does_not_depend_on_who_else_is_scored(aft: SecondLifetimeModel) -> None:
    alone = pl.concat([scores(aft, LAPSES.slice(i, 1)) for i in range(LAPSES.height)])
    assert alone.equals(scores(aft, LAPSES.sample(fraction=1, shuffle=True, seed=1)))


def test_the_order_of_the_rows_changes_nothing(curves: SecondLifetimeModel) -> None:
    again = fit_second_lifetime(made_lifetimes(120, seed=1).sample(fraction=1, shuffle=True, seed=3), as_of_on=WEEK)
    assert model_files(again) == model_files(curves)


@pytest.mark.parametrize("which", ["curves", "aft"])
def test_files_give_the_model_back(which: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    model = request.getfixturevalue(which)
    again = read_model(folder_of(model, tmp_path), as_of_on=WEEK)
    assert scores(again).equals(scores(model))
    assert model_files(again) == model_files(model)


def test_trees_live_in_a_file_of_their_own(aft: SecondLifetimeModel, tmp_path: Path) -> None:
    frame = made_lifetimes(400, effect=0.5, seed=2)
    trees = fit_boosted(frame, fit_aft(frame, "weibull"))
    model = SecondLifetimeModel(**{**vars(aft), "durations": trees, "level": "boosted_trees"})
    again = read_model(folder_of(model, tmp_path))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["second_lifetime.json", "second_lifetime.ubj"]
    assert scores(again).equals(scores(model))


def test_a_model_without_figures_is_kept_too(tmp_path: Path) -> None:
    model = fit_second_lifetime(made_lifetimes(5), as_of_on=WEEK)
    assert read_model(folder_of(model, tmp_path)) == model


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"features": ["log_cover_days", "shoe_size"]},
            rf"{len(FEATURES) - 1} missing .*1 extra \(shoe_size\).*fit it anew",
        ),
        ({"features": list(reversed(FEATURES))}, "other features"),
        ({"as_of_on": "2026-02-23"}, "for the week 2026-02-23, not for 2026-03-02.*fit it anew"),
        ({"format": 99}, "layout 99"),
    ],
)
def test_a_model_that_does_not_fit_is_refused(
    change: dict, message: str, curves: SecondLifetimeModel, tmp_path: Path
) -> None:
    path = folder_of(curves, tmp_path) / MODEL_NAME
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | change), encoding="utf-8")
    with pytest.raises(UsageError, match=message):
        read_model(tmp_path, as_of_on=WEEK)


def test_a_missing_model_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="model_second_lifetime"):
        read_model(tmp_path)


def test_the_picture_is_a_png_that_repeats(curves: SecondLifetimeModel) -> None:
    picture = second_lifetime_picture(curves)
    assert picture.startswith(b"\x89PNG")
    assert picture == second_lifetime_picture(curves)


def test_large_histories_are_sampled_by_whole_accounts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("winback.second_lifetime.model.FIT_MAX_ROWS", 70)
    assert fit_second_lifetime(made_lifetimes(140), as_of_on=WEEK).n_lifetimes == 70

"""Drivers: the right ones, stable, one per theme, beside peers, in both languages without jargon."""

from datetime import date
from importlib import resources

import numpy as np
import polars as pl
import pytest
import yaml

from tests.propensity.synthetic_touches import synthetic_touches
from winback.propensity.contributions import Contributions, _added, contributions, matrix_features
from winback.propensity.drivers import score_drivers
from winback.propensity.train import train_propensity

WEEK = date(2025, 12, 1)


def listed(n: int = 8) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "account_id": [f"A{i}" for i in range(n)], "as_of_on": [WEEK] * n,
            "business_kind": ["machinery"] * (n - 2) + ["rare"] * 2,
            "silence_days": [100 + 10 * i for i in range(n)], "silence_cycles": [2.0] * n, "tenure_days": [700] * n,
            "year_amount": [12345.6] * n, "has_met_decision_maker": [True] * n, "discount_line_share": [0.25] * n,
            "earlier_return_days": pl.Series([None] * n, dtype=pl.Float64),
        }
    )  # fmt: skip


def found(n: int = 8, **values: float) -> Contributions:
    features = tuple(sorted(values))
    return Contributions(features, np.tile([values[f] for f in features], (n, 1)))


def test_the_three_strongest_one_per_theme_missing_values_and_trifles_left_out() -> None:
    strengths = found(
        silence_days=-0.9, silence_cycles=-0.8, earlier_return_days=2.0, tenure_days=0.5, year_amount=0.3,
        has_met_decision_maker=0.2, discount_line_share=0.001, unheard_of=5.0,
    )  # fmt: skip
    rows = score_drivers(listed(), listed(), strengths, "en").filter(pl.col("account_id") == "A0")
    assert rows["feature"].to_list() == ["silence_days", "tenure_days", "year_amount"]
    assert rows["driver_no"].to_list() == [1, 2, 3]
    assert rows["driver_text"][0] == "Silent for 100 days (similar lapsed accounts: 125). This speaks against a return."
    assert (
        rows["driver_text"][2]
        == "Their last year with us was worth 12,346 (similar lapsed accounts: 12,346). This speaks for a return."
    )


def test_ties_go_by_name_and_the_order_of_rows_does_not_matter() -> None:
    strengths = found(tenure_days=0.5, silence_days=-0.5, year_amount=0.5000000001)
    rows = score_drivers(listed(), listed(), strengths, "en")
    assert rows.filter(pl.col("account_id") == "A3")["feature"].to_list() == ["silence_days", "tenure_days", "year_amount"]
    assert score_drivers(listed()[::-1], listed().sample(fraction=1, shuffle=True, seed=1), strengths, "en").equals(rows)


def test_few_peers_give_way_to_all_lapsed_accounts() -> None:
    rows = score_drivers(listed(), listed(), found(silence_days=-0.5), "en")
    assert rows.filter(pl.col("account_id") == "A7")["peer_text"].to_list() == ["135"]


def test_chinese_and_flags() -> None:
    rows = score_drivers(listed(), listed(), found(silence_days=-0.5, has_met_decision_maker=0.4), "zh")
    assert rows["driver_text"][0] == "已 100 天没有消费（同类流失客户：125），不利于回归。"
    assert rows["driver_text"][1] == "见过能做决定的人，有利于回归。"
    assert rows["value_text"][1] == "是" and rows["peer_text"][1] is None


def test_every_wording_is_whole_in_both_languages_and_free_of_jargon() -> None:
    words = yaml.safe_load((resources.files("winback.propensity") / "driver_words.yaml").read_text("utf-8"))["features"]
    jargon = (
        "feature",
        "model",
        "shap",
        "log",
        "odds",
        "propensity",
        "hazard",
        "coefficient",
        "uplift",
        "特征",
        "模型",
        "概率",
    )
    for name, entry in words.items():
        for language in ("en", "zh"):
            texts = list(entry[language].values()) if entry["kind"] == "flag" else [entry[language]]
            assert entry["kind"] == "flag" or "{value}" in texts[0], name
            assert not [w for w in jargon for t in texts if w in t.lower()], name


def test_contributions_of_the_line_add_up_to_what_it_says() -> None:
    touches = synthetic_touches(900, seed=21)
    model = train_propensity(touches.drop("true_prob"), as_of_on=WEEK, horizon_days=56)
    rows = touches.head(5)
    given = contributions(model, None, rows)
    assert given is not None and set(given.features) == set(matrix_features(model.design))
    if model.champion == "logistic":
        odds = np.log(model.family_probs("logistic", rows) / (1 - model.family_probs("logistic", rows)))
        line = model.families["logistic"]
        assert given.values.sum(axis=1) + line.coefficients[0] == pytest.approx(odds)  # type: ignore[attr-defined]


def test_without_a_model_there_are_no_drivers() -> None:
    assert contributions(None, None, listed()) is None
    assert score_drivers(listed(), listed(), None, "en").is_empty()


def test_what_two_models_say_of_a_feature_is_added_up() -> None:
    both = _added([found(2, silence_days=-0.5, tenure_days=0.1), found(2, silence_days=0.2, year_amount=0.3)])
    assert both.features == ("silence_days", "tenure_days", "year_amount")
    assert both.values.tolist() == [pytest.approx([-0.3, 0.1, 0.3])] * 2

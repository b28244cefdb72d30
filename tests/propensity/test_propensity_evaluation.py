"""Judging propensity out of time: the truth as its own bar, baselines beside it, reports without accounts."""

import json

import polars as pl
import pytest

from tests.propensity.synthetic_touches import synthetic_touches
from winback.errors import UsageError
from winback.propensity.evaluate import evaluate_propensity
from winback.propensity.evaluation_report import propensity_json, propensity_page


def test_on_a_known_law_the_champion_nears_the_truth() -> None:
    touches = synthetic_touches(2500, seed=31)
    truth = touches.select("row_key", "true_prob")
    report = evaluate_propensity(touches.drop("true_prob"), 56, n_replicates=20, truth=truth)
    assert report.expected_ratios["pr_auc"] > 0.95 and report.expected_ratios["top_decile_lift"] > 0.93
    assert report.models["champion"]["ece"].value < 0.05
    assert report.models["champion"]["roc_auc"].value > report.models["base_rate"]["roc_auc"].value
    assert report.n_judged < report.n_contacts and not report.is_overlapping
    document = json.loads(propensity_json(report))
    assert document["models"]["truth"]["pr_auc"]["value"] > 0 and "conventions" in document
    page = propensity_page(report)
    assert "Against the true chances" in page and "A0000" not in page + propensity_json(report)


def test_without_truth_nothing_is_held_against_it_and_few_contacts_are_refused() -> None:
    touches = synthetic_touches(300, seed=32).drop("true_prob")
    report = evaluate_propensity(touches, 56, n_replicates=20)
    assert report.holds is None and report.ratios == {} and "truth" not in report.models
    with pytest.raises(UsageError, match="There is nothing to evaluate: a model wants 100 settled contacts"):
        evaluate_propensity(touches.head(50), 56)


def test_the_future_of_the_last_block_changes_nothing_before() -> None:
    touches = synthetic_touches(800, seed=33).drop("true_prob")
    changed = touches.with_columns(
        has_returned=pl.when(pl.col("as_of_on") == touches["as_of_on"].max())
        .then(~pl.col("has_returned"))
        .otherwise("has_returned")
    )
    bins = [evaluate_propensity(t, 56, n_replicates=20).calibration for t in (touches, changed)]
    assert [(b.n_rows, b.mean_prob) for b in bins[0]] == [(b.n_rows, b.mean_prob) for b in bins[1]]

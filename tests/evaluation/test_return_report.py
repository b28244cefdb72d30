"""The evaluation as a whole: figures, verdicts, stable JSON, a page that cannot be injected, refusals in words."""

import json
import re
from collections.abc import Callable
from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from winback.errors import UsageError
from winback.evaluation.bootstrap import Interval
from winback.evaluation.metrics import METRICS
from winback.evaluation.page import report_page
from winback.evaluation.protocols import PeerFigures, Protocol, load_protocol
from winback.evaluation.report import report_json
from winback.evaluation.returns import evaluate_returns
from winback.evaluation.verdicts import Verdict, judge

Make = Callable[..., pl.DataFrame]


def test_figures_differences_and_dates(make_predictions: Make, protocol: Protocol) -> None:
    frame = make_predictions(300, {"champion": 0.0, "kaplan_meier": 2.0, "cox": 0.3})
    report = evaluate_returns(frame, protocol, seed=1, n_replicates=60)
    assert (report.n_rows, report.n_accounts) == (600, 300)
    assert report.base_rate == report.n_returned / 600
    assert [day.n_rows for day in report.by_as_of] == [300, 300]
    assert list(report.models) == ["champion", "cox", "kaplan_meier"]
    for model, baseline in report.differences.items():
        for metric in METRICS:
            ours, theirs = report.models["champion"][metric].value, report.models[model][metric].value
            assert ours is not None
            assert theirs is not None
            assert baseline[metric].value == pytest.approx(ours - theirs)
    gain = report.differences["kaplan_meier"]["roc_auc"]
    assert gain.low is not None
    assert gain.low > 0
    assert report.gains["champion"][0] == 0
    assert report.gains["champion"][-1] == 1
    assert sum(b.n_rows for b in report.calibration["cox"]) == 600


def test_paired_differences_are_narrower_than_the_figures(make_predictions: Make, protocol: Protocol) -> None:
    report = evaluate_returns(make_predictions(300, {"champion": 0.0, "cox": 0.1}), protocol, n_replicates=60)
    paired, own = report.differences["cox"]["roc_auc"], report.models["champion"]["roc_auc"]
    assert paired.high - paired.low < (own.high - own.low) / 3  # type: ignore[operator]


def test_a_model_against_itself_differs_by_nothing(make_predictions: Make, protocol: Protocol) -> None:
    champion = make_predictions(60, {"champion": 0.3})
    frame = pl.concat([champion, champion.with_columns(model=pl.lit("copy"))])
    report = evaluate_returns(frame, protocol, n_replicates=20)
    assert set(report.differences["copy"].values()) == {Interval(0.0, 0.0, 0.0)}


def test_json_has_the_same_bytes_for_rows_in_any_order(make_predictions: Make, protocol: Protocol) -> None:
    frame = make_predictions(60, {"champion": 0.0, "kaplan_meier": 1.0})
    first = report_json(evaluate_returns(frame, protocol, seed=3, n_replicates=30))
    shuffled = frame.sample(fraction=1.0, shuffle=True, seed=9)
    assert report_json(evaluate_returns(shuffled, protocol, seed=3, n_replicates=30)) == first
    assert report_json(evaluate_returns(frame, protocol, seed=4, n_replicates=30)) != first
    document = json.loads(first)
    assert list(document)[:4] == ["holds", "protocol", "champion", "seed"]
    assert set(document["models"]["champion"]) == set(METRICS)
    assert "A00000" not in first
    assert max(len(number) for number in re.findall(r"\d\.(\d+)", first)) <= 6


def test_models_without_a_curve_have_no_integrated_brier(make_predictions: Make, protocol: Protocol) -> None:
    frame = make_predictions(60, {"champion": 0.0, "recency_only": 1.0})
    without = pl.when(pl.col("model") == "champion").then(pl.col("curve"))
    report = evaluate_returns(frame.with_columns(curve=without), protocol, n_replicates=20)
    assert report.models["recency_only"]["integrated_brier"] == Interval(None, None, None)
    assert report.models["champion"]["integrated_brier"].low is not None
    assert "null" in report_json(report)


def test_the_page_escapes_every_text_and_loads_nothing(make_predictions: Make, protocol: Protocol) -> None:
    hostile = "<script>alert('$x')</script>_模型 & \"b\""
    frame = make_predictions(40, {"champion": 0.0, hostile: 0.5, "_hidden $\\frac$": 0.7})
    frame = frame.with_columns(account_id=pl.format("<img src=x onerror=alert(1)>{}", "account_id"))
    rules = protocol.model_copy(update={"name": "<b>rules</b>", "source_note": "<iframe src='http://elsewhere'>"})
    page = report_page(evaluate_returns(frame, rules, n_replicates=20))
    assert "&lt;script&gt;" in page
    assert "&lt;b&gt;rules" in page
    for tag in ("<script", "<iframe", "<b>", "onerror", "<link"):
        assert tag not in page
    sources = re.findall(r'src="([^"]{0,22})', page)
    assert sources == ["data:image/png;base64,"] * 3


def test_the_page_shows_published_peers_and_is_the_same_twice(make_predictions: Make, protocol: Protocol) -> None:
    cdnow = load_protocol("cdnow")
    rules = protocol.model_copy(update={"published_peers": cdnow.published_peers, "published_n_rows": 20479})
    report = evaluate_returns(make_predictions(40, {"champion": 0.0, "kaplan_meier": 0.5}), rules, n_replicates=20)
    page = report_page(report)
    assert page == report_page(report)
    assert "cox (published)" in page
    assert "0.1212" in page
    assert "come from 20479 rows" in " ".join(page.split())


def figures(**values: float) -> dict[str, Interval]:
    return {metric: Interval(values.get(metric), None, None) for metric in METRICS}


def lines(protocol: Protocol, gain: Interval | None, **values: float) -> dict[tuple[str, str, str | None], Verdict]:
    differences = {} if gain is None else {"kaplan_meier": {"roc_auc": gain}}
    measured = {"champion": figures(**values), "cox": figures(roc_auc=0.7, pr_auc=0.4, brier=0.16, harrell_c=0.65)}
    verdicts = judge(protocol, "champion", measured, differences)
    return {(v.kind, v.metric, v.peer): v for v in verdicts}


def test_verdicts_against_published_peers(protocol: Protocol) -> None:
    """Best of each column: AUC 0.710 (b), PR-AUC 0.430 (a), Brier 0.150 (a), C 0.670 (b), calibration 0.018 (b)."""
    a = PeerFigures(roc_auc=0.7, pr_auc=0.43, top_decile_lift=2, brier=0.15, ece_equal_mass=0.03, harrell_c=0.66)
    b = PeerFigures(roc_auc=0.71, pr_auc=0.42, top_decile_lift=2, brier=0.16, ece_equal_mass=0.018, harrell_c=0.67)
    rules = protocol.model_copy(update={"published_peers": {"a": a, "b": b}, "aim_auc_gain": 0.01})
    found = lines(
        rules,
        Interval(0.02, 0.001, 0.04),
        roc_auc=0.707,
        pr_auc=0.4249,
        brier=0.1505,
        harrell_c=0.667,
        ece=0.03,
        ece_equal_mass=0.02,
    )
    assert {key: v.is_met for key, v in found.items()} == {
        ("hold", "roc_auc", "b"): True,
        ("hold", "harrell_c", "b"): True,
        ("hold", "pr_auc", "a"): False,
        ("hold", "brier", "a"): True,
        ("hold", "ece", None): True,
        ("hold", "ece_equal_mass", None): True,
        ("hold", "roc_auc", "kaplan_meier"): True,
        ("aim", "roc_auc", "b"): False,
        ("aim", "brier", "a"): False,
        ("aim", "ece_equal_mass", "b"): False,
    }
    assert found["aim", "roc_auc", "b"].bar == 0.72
    assert found["hold", "brier", "a"].source == "published"
    values = {
        "roc_auc": 0.7069,
        "pr_auc": 0.5,
        "brier": 0.1506,
        "harrell_c": 0.6669,
        "ece": 0.0301,
        "ece_equal_mass": 0.0301,
    }
    worse = lines(rules, Interval(0.02, -0.001, 0.04), **values)
    missed = {v.metric for v in worse.values() if v.kind == "hold" and not v.is_met}
    assert missed == {"roc_auc", "harrell_c", "brier", "ece", "ece_equal_mass"}
    assert not worse["hold", "roc_auc", "kaplan_meier"].is_met


def test_without_published_peers_the_measured_baselines_are_the_bar(protocol: Protocol) -> None:
    found = lines(protocol, None, roc_auc=0.8, pr_auc=0.5, brier=0.1, ece=0.01)
    assert found["hold", "roc_auc", "cox"].source == "measured"
    assert found["hold", "roc_auc", "cox"].bar == 0.697
    assert found["hold", "roc_auc", "kaplan_meier"].is_met is None  # Kaplan-Meier was not measured
    assert found["hold", "harrell_c", None].is_met is None  # the champion has no C here


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (pl.col("prob") * 3, "rows have a prob outside 0 to 1"),
        (pl.col("risk") / 0, "have a risk that is no finite number"),
        (pl.col("time_days") - 70, "120 of 120 rows have a time_days below 1"),
        (pl.col("curve").list.reverse(), "120 of 120 rows have a curve that falls"),
        (pl.col("curve").list.head(2), "120 of 120 rows have a curve without 4 days"),
        (pl.col("curve").list.eval(pl.element() * float("nan")), "missing or undefined"),
        ((~pl.col("has_returned")).alias("has_returned"), "at odds with time_days"),
        (pl.col("as_of_on") + timedelta(days=1), "120 of 120 rows are of a date that is no test date"),
        (pl.lit("A1").alias("account_id"), "are there twice"),
        (pl.when(pl.col("account_id") != "A00001").then("account_id").alias("account_id"), "2 of 120 rows miss a value"),
        (pl.when(pl.col("account_id") != "A00001").then("curve").alias("curve"), "lack the curve that other rows"),
        (pl.lit("other").alias("model"), "no model 'champion'; there are other"),
    ],
)
def test_bad_predictions_are_refused_with_counts(
    make_predictions: Make, protocol: Protocol, change: pl.Expr, words: str
) -> None:
    with pytest.raises(UsageError, match=words):
        evaluate_returns(make_predictions(60, {"champion": 0.0}).with_columns(change), protocol, n_replicates=20)


def test_a_date_whose_horizon_is_not_seen_is_refused(make_predictions: Make, protocol: Protocol) -> None:
    late = pl.col("as_of_on") == protocol.test_on[1]
    frame = make_predictions(60, {"champion": 0.0}).with_columns(
        time_days=pl.when(late).then(9).otherwise("time_days"),
        has_returned=pl.col("has_returned") & ~late,
        is_return_in_horizon=pl.col("is_return_in_horizon") & ~late,
    )
    with pytest.raises(
        UsageError, match="60 of 120 rows are of a date on which most labels are not seen through the horizon"
    ):
        evaluate_returns(frame, protocol, n_replicates=20)


def test_models_must_judge_the_same_rows(make_predictions: Make, protocol: Protocol) -> None:
    frame = make_predictions(60, {"champion": 0.0, "cox": 0.5})
    fewer = frame.filter(~((pl.col("model") == "cox") & (pl.col("account_id") == "A00000")))
    with pytest.raises(UsageError, match=r"'cox' \(118 rows\) and 'champion' \(120 rows\) do not judge the same"):
        evaluate_returns(fewer, protocol, n_replicates=20)


def test_nothing_to_judge_missing_columns_and_too_few_draws_are_refused(make_predictions: Make, protocol: Protocol) -> None:
    frame = make_predictions(60, {"champion": 0.0})
    with pytest.raises(UsageError, match="no row to judge"):
        evaluate_returns(frame.head(0), protocol)
    with pytest.raises(UsageError, match=r"2 column\(s\) missing: risk, curve"):
        evaluate_returns(frame.drop("risk", "curve"), protocol)
    with pytest.raises(UsageError, match="at least 20"):
        evaluate_returns(frame, protocol, n_replicates=5)


def test_rows_lost_from_sight_change_precision_not_the_figures(make_predictions: Make, protocol: Protocol) -> None:
    """A third of the accounts is lost on a day drawn by lot: the figures stay near those of the full sight."""
    frame = make_predictions(3000, {"champion": 0.5}, seed=2)
    draw = np.random.default_rng(0)
    lost = np.where(draw.random(frame.height) < 1 / 3, draw.integers(1, 28, frame.height), 99)
    seen = frame.with_columns(has_returned=pl.col("has_returned") & (pl.col("time_days") <= lost))
    seen = seen.with_columns(time_days=pl.min_horizontal("time_days", pl.Series(lost).cast(pl.Int64)))
    seen = seen.with_columns(is_return_in_horizon=pl.col("has_returned") & (pl.col("time_days") <= 28))
    full, part = (evaluate_returns(f, protocol, n_replicates=20) for f in (frame, seen))
    assert full.n_unseen == 0
    assert 500 < part.n_unseen < 2000
    assert part.base_rate == pytest.approx(full.base_rate, abs=0.02)
    for metric in METRICS:
        assert part.models["champion"][metric].value == pytest.approx(
            full.models["champion"][metric].value, abs=0.02 if metric != "top_decile_lift" else 0.1
        )
    assert f"{part.n_unseen} rows were not seen through the horizon" in report_page(part)


def test_a_date_without_a_return_has_no_figures_and_no_crash(make_predictions: Make, protocol: Protocol) -> None:
    quiet = pl.col("as_of_on") == protocol.test_on[1]
    frame = make_predictions(60, {"champion": 0.0, "kaplan_meier": 1.0}).with_columns(
        time_days=pl.when(quiet).then(42).otherwise("time_days"),
        has_returned=pl.col("has_returned") & ~quiet,
        is_return_in_horizon=pl.col("is_return_in_horizon") & ~quiet,
    )
    report = evaluate_returns(frame, protocol, n_replicates=20)
    assert report.by_as_of[1].metrics["champion"]["roc_auc"] is None
    assert report.by_as_of[1].metrics["champion"]["brier"] is not None
    assert np.isfinite(report.models["champion"]["roc_auc"].value)  # type: ignore[arg-type]
    assert "–" in report_page(report)

"""The bootstrap by account: draws, intervals that cover a known truth, and clusters."""

from collections.abc import Callable
from datetime import date

import numpy as np
import polars as pl
import pytest
from scipy.stats import norm

from winback.evaluation.bootstrap import (
    MAX_CONCORDANCE_REPLICATES,
    account_draws,
    percentile_interval,
    replicate_metrics,
)
from winback.evaluation.metrics import METRICS, ModelMetrics, point_metrics
from winback.evaluation.predictions import JudgedRows, Scores, judged_rows
from winback.evaluation.protocols import Protocol
from winback.evaluation.ranking import Ranking


def test_draws_are_seeded_and_sum_to_the_number_of_accounts() -> None:
    draws = account_draws(40, 30, seed=5)
    assert (draws.sum(axis=1) == 40).all()
    assert (draws == account_draws(40, 30, seed=5)).all()
    assert (draws != account_draws(40, 30, seed=6)).any()
    assert draws.mean(axis=0) == pytest.approx(np.ones(40), abs=0.6)


def test_intervals_cover_a_known_truth() -> None:
    """Scores of the returned are normal around 1, of the others around 0: AUC is Phi(1 / sqrt 2). 200 markets of 150 accounts:
    a 95 % interval should cover in about 190; percentile intervals of small samples fall a little short."""
    truth = norm.cdf(1 / np.sqrt(2))
    draw = np.random.default_rng(7)
    covered = 0
    for market in range(200):
        is_return = draw.random(150) < 0.3
        ranking = Ranking(is_return, draw.normal(size=150) + is_return)
        replicates = ranking.measure(account_draws(150, 120, seed=market).astype(float))["roc_auc"]
        interval = percentile_interval(float(ranking.measure(np.ones((1, 150)))["roc_auc"][0]), replicates)
        assert interval.low is not None
        assert interval.high is not None
        covered += interval.low <= truth <= interval.high
    assert 178 <= covered <= 198


def rows_of(n_accounts: int, copies: int) -> JudgedRows:
    """Every account with the same row on `copies` dates."""
    draw = np.random.default_rng(3)
    latent = draw.normal(size=n_accounts)
    days = np.ceil(draw.exponential(np.exp(3 - latent))).astype(np.int64)
    prob = 1 / (1 + np.exp(-latent))

    def repeat(values: np.ndarray) -> np.ndarray:
        return np.tile(values, copies)

    day = np.repeat(np.array([np.datetime64(date(2024, 1, 1)) + np.timedelta64(7 * k) for k in range(copies)]), n_accounts)
    curve = repeat(prob)[:, None]
    account = repeat(np.arange(n_accounts))
    ones = np.ones(n_accounts * copies, bool)
    return JudgedRows(
        20,
        np.array([20]),
        day,
        account,
        repeat(days),
        ones,
        repeat(days <= 20),
        {"m": Scores(repeat(prob), repeat(prob), curve)},
    )


def test_copies_of_an_account_add_no_certainty() -> None:
    """Four identical rows per account say what one says: same figures on every draw of accounts, so the same interval."""
    draws = account_draws(120, 60, seed=1)
    one, four = (
        replicate_metrics(ModelMetrics(rows, "m"), rows.account, draws) for rows in (rows_of(120, 1), rows_of(120, 4))
    )
    for metric in METRICS:
        assert one[metric] == pytest.approx(four[metric]), metric


def test_a_draw_of_every_account_once_is_the_point_figure(
    make_predictions: Callable[..., pl.DataFrame], protocol: Protocol
) -> None:
    rows = judged_rows(make_predictions(80, {"m": 0.5}), protocol)
    all_once = np.ones((3, rows.n_accounts), dtype=np.int16)
    replicates = replicate_metrics(ModelMetrics(rows, "m"), rows.account, all_once)
    for metric, value in point_metrics(rows, "m").items():
        assert value is not None
        assert replicates[metric] == pytest.approx(np.full(3, value))


def test_concordance_is_drawn_less_often(make_predictions: Callable[..., pl.DataFrame], protocol: Protocol) -> None:
    rows = judged_rows(make_predictions(20, {"m": 0.5}), protocol)
    draws = account_draws(20, MAX_CONCORDANCE_REPLICATES + 30, seed=0)
    replicates = replicate_metrics(ModelMetrics(rows, "m"), rows.account, draws)
    lengths = {metric: len(values) for metric, values in replicates.items()}
    assert lengths.pop("harrell_c") == lengths.pop("ipcw_c") == MAX_CONCORDANCE_REPLICATES
    assert set(lengths.values()) == {MAX_CONCORDANCE_REPLICATES + 30}


def test_undefined_replicates_are_left_out_until_they_are_the_most() -> None:
    some = percentile_interval(0.5, np.array([0.4, 0.6, np.nan, 0.5]))
    assert some.low == pytest.approx(0.405)
    most = percentile_interval(0.5, np.array([0.4, np.nan, np.nan, np.nan]))
    assert (most.value, most.low, most.high) == (0.5, None, None)

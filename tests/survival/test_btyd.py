"""Buy-till-you-die: published parameters, simulation, one-time buyers."""

from importlib import resources

import numpy as np
import polars as pl
import pytest

from tests.survival.simulated_returns import LAPSE_DAYS, TRUTH, landmark_rows, true_probs
from winback.survival.btyd import BuyTillDie, PurchaseCounts, fit_histories, fit_returns, log_likelihood
from winback.survival.families import DesignedRows, FamilyStepsAsideError
from winback.survival.family_btyd import MBG_NBD
from winback.survival.landmark_rows import purchase_counts


def cdnow_sample() -> PurchaseCounts:
    """The 1/10 sample of CDNOW (2,357 customers; x, t_x, T in weeks) as the package lifetimes ships it."""
    source = resources.files("lifetimes") / "datasets" / "cdnow_customers_summary.csv"
    frame = pl.read_csv(source.read_bytes())
    assert frame.height == 2357
    return PurchaseCounts(*(frame[c].cast(pl.Float64).to_numpy() for c in ("frequency", "recency", "T")))


def test_published_bg_nbd_parameters_on_the_cdnow_sample() -> None:
    """Fader, Hardie & Lee (2005): r 0.2426, alpha 4.4135, a 0.7929, b 2.4258, log-likelihood -9582.4; times in weeks."""
    counts = cdnow_sample()
    model = fit_histories(counts, is_modified=False)
    assert (model.r, model.alpha, model.a, model.b) == pytest.approx((0.2426, 4.4135, 0.7929, 2.4258), rel=3e-3)
    assert log_likelihood(model, counts).sum() == pytest.approx(-9582.4, abs=0.1)


@pytest.mark.parametrize("is_modified", [False, True])
def test_chance_of_return_agrees_with_simulation(is_modified: bool) -> None:
    """Accounts drawn from the model, conditioned on x = 2 and t_x, T near given values."""
    model = BuyTillDie(1.5, 10.0, 1.0, 2.0, is_modified)
    draw = np.random.default_rng(3)
    n = 400_000
    rate, drop = draw.gamma(1.5, 1 / 10.0, n), draw.beta(1.0, 2.0, n)
    gaps = draw.exponential(1, (n, 3)) / rate[:, None]
    stays = draw.random((n, 3)) > drop[:, None]
    is_there = stays[:, 1] & (stays[:, 0] | (not is_modified))
    last = gaps[:, 0] + gaps[:, 1]
    next_buy = np.where(stays[:, 2], last + gaps[:, 2], np.inf)
    chosen = is_there & (last > 9) & (last < 11) & (next_buy > 20)
    counts = PurchaseCounts(np.array([2.0]), np.array([10.0]), np.array([20.0]))
    expected = model.return_probs(counts, np.array([10.0]))[0, 0]
    found = (next_buy[chosen] < 30).mean()
    assert chosen.sum() > 1500
    assert found == pytest.approx(expected, abs=3.5 * np.sqrt(expected / chosen.sum()))


def test_the_chance_of_a_one_time_buyer_falls_with_silence() -> None:
    tenure = np.array([30.0, 90.0, 180.0, 360.0, 720.0])
    once = PurchaseCounts(np.zeros(5), np.zeros(5), tenure)
    modified = TRUTH.return_probs(once, np.array([56.0]))[:, 0]
    assert (np.diff(modified) < 0).all()
    assert (np.diff(TRUTH.alive_probs(once)) < 0).all()
    plain = BuyTillDie(TRUTH.r, TRUTH.alpha, TRUTH.a, TRUTH.b, is_modified=False)
    assert (plain.alive_probs(once) == 1).all(), "the artefact that the modified model is there to mend"


def test_fitted_to_returns_the_true_chances_come_back() -> None:
    rows = landmark_rows(2500, seed=1)
    time, returned = rows["time_days"].to_numpy().astype(float), rows["has_returned"].to_numpy()
    counts = purchase_counts(rows)
    model = fit_returns(counts, np.minimum(time, 182), returned & (time <= 182), is_modified=True)
    found = model.return_probs(counts, np.array([56.0]))[:, 0]
    assert np.abs(found - true_probs(rows, 56)).max() < 0.06
    assert np.abs(found - true_probs(rows, 56)).mean() < 0.015


def test_a_family_whose_parameters_run_away_steps_aside() -> None:
    """Nobody ever drops out and everybody buys at one rate: r and alpha have no bound of their own."""
    n = 20_000
    frame = pl.DataFrame(
        {
            "n_purchase_days": np.full(n, 200),
            "active_span_days": np.full(n, 2000),
            "tenure_days": np.full(n, 2000 + LAPSE_DAYS),
            "time_days": np.resize(np.arange(1, 3), n),
            "has_returned": np.full(n, True),
        }
    )
    with pytest.raises(FamilyStepsAsideError, match="bound"):
        MBG_NBD.fit(DesignedRows(frame, np.zeros((n, 1)), (56,)))

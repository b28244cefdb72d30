"""A small log of predictions that the tests of evaluation share."""

from collections.abc import Callable
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from winback.evaluation.as_of_dates import AsOfDates
from winback.evaluation.protocols import Protocol

FIRST_TEST_ON = date(2024, 3, 4)


@pytest.fixture
def protocol() -> Protocol:
    """Two test dates, four weeks apart; horizon 28 days."""
    return Protocol(
        name="small",
        lapse_days=21,
        horizon_days=28,
        training_as_of=AsOfDates(dates=(date(2024, 1, 1),)),
        test_as_of=AsOfDates(dates=(FIRST_TEST_ON, FIRST_TEST_ON + timedelta(weeks=4))),
        source_note="made for tests",
        must_beat=("kaplan_meier",),
    )


@pytest.fixture
def make_predictions(protocol: Protocol) -> Callable[..., pl.DataFrame]:
    """Predictions of exponential returns: `models` maps a name to the noise in its log rate."""

    def make(n_accounts: int, models: dict[str, float], seed: int = 0) -> pl.DataFrame:
        draw = np.random.default_rng(seed)
        latent = draw.normal(size=n_accounts)
        frames = []
        for number, day in enumerate(protocol.test_on):
            days = np.ceil(draw.exponential(np.exp(4 - latent))).astype(int)
            last = 70 - 28 * number
            outcome = {
                "account_id": [f"A{n:05d}" for n in range(n_accounts)],
                "as_of_on": [day] * n_accounts,
                "time_days": np.minimum(days, last),
                "has_returned": days <= last,
                "is_return_in_horizon": days <= 28,
            }
            for model, noise in models.items():
                rate = np.exp(-4 + latent + noise * draw.normal(size=n_accounts))
                curve = 1 - np.exp(-rate[:, None] * np.array(protocol.curve_on_days))
                scores = {"model": [model] * n_accounts, "prob": curve[:, -1], "risk": rate, "curve": curve.tolist()}
                frames.append(pl.DataFrame(outcome | scores))
        return pl.concat(frames)

    return make
